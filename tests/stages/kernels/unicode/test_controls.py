"""Control characters are counted as deleting them one by one would."""

from hypothesis import given
from hypothesis import strategies as st

from stages.kernels.unicode.controls import count_controls

CONTROLS = bytes(b for b in range(1, 32) if b not in b"\t\n\v\f\r\x1b")


def test_every_byte_counts_as_it_should() -> None:
    assert [b for b in range(256) if count_controls(bytes([b]))] == list(CONTROLS)


@given(st.binary(max_size=300))
def test_bytes_of_any_kind_are_counted(data: bytes) -> None:
    assert count_controls(data) == len(data) - len(data.translate(None, CONTROLS))

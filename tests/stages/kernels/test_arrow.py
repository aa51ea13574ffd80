"""Arrow string arrays as NumPy buffers."""

from __future__ import annotations

from itertools import pairwise

import pyarrow as pa
import pytest

from stages.kernels.arrow import large_strings, string_buffers

VALUES = ["", "añb", "日本", "", "x"]


def values_of(strings: pa.Array) -> list[bytes]:
    offsets, data = string_buffers(strings)
    return [data[a:b].tobytes() for a, b in pairwise(offsets)]


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.binary(), pa.large_binary()])
def test_values_of_whole_and_sliced_arrays(kind: pa.DataType) -> None:
    encoded = [value.encode() for value in VALUES]
    array = pa.array(encoded, kind)
    assert values_of(array) == encoded
    assert values_of(array.slice(1, 3)) == encoded[1:4]
    assert values_of(array.slice(5)) == []


def test_nulls_and_empty_arrays() -> None:
    assert values_of(pa.array(["a", None, "b"])) == [b"a", b"", b"b"]
    assert values_of(pa.array([], pa.large_string())) == []
    assert values_of(pa.array([None], pa.string())) == [b""]


def test_the_bytes_are_not_copied_and_cannot_be_written() -> None:
    array = pa.array(["abc"], pa.large_string())
    _, data = string_buffers(array)
    assert data.ctypes.data == array.buffers()[2].address
    assert not data.flags.writeable


def test_other_types_are_refused() -> None:
    with pytest.raises(TypeError, match="not an array of strings"):
        string_buffers(pa.array([1]))


def test_there_and_back() -> None:
    array = pa.array(VALUES, pa.large_string())
    assert large_strings(*string_buffers(array)).equals(array)

"""Files of a store: what is read in small steps is asked for in large ones, and nothing else is."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from stages.core.object_store import AheadFile

KB = 1 << 10
DATA = random.Random(1).randbytes(20_000 * KB)


class Answers:
    """A file of a store, and the requests that it answered: (offset, bytes)."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, int]] = []

    def open_input_file(self, path: str) -> Answers:
        return self

    def size(self) -> int:
        return len(DATA)

    def close(self) -> None:
        pass

    def read_at(self, size: int, offset: int) -> bytes:
        self.asked.append((offset, size))
        return DATA[offset : offset + size]


def test_whoever_goes_on_is_answered_ahead() -> None:
    store = Answers()
    with AheadFile(store, "x") as file:
        pieces = []
        while piece := file.read(16 * KB):
            pieces.append(piece)
    assert b"".join(pieces) == DATA
    assert [size // KB for _, size in store.asked] == [64, 128, 256, 512, 1024, 2048, 4096, 8192, 3680]


def test_a_look_at_two_places_asks_for_no_more() -> None:
    store = Answers()
    with AheadFile(store, "x") as file:
        first = file.read(64 * KB)
        file.seek(len(DATA) - 64 * KB)
        last = file.read(64 * KB)
    assert (first, last) == (DATA[: 64 * KB], DATA[-64 * KB :])
    assert store.asked == [(0, 64 * KB), (len(DATA) - 64 * KB, 64 * KB)]


@given(
    st.lists(st.tuples(st.integers(0, len(DATA) + 5), st.integers(0, 3 * 64 * KB)), max_size=12),
    st.booleans(),
)
def test_any_reads_give_the_bytes_that_are_there(places: list[tuple[int, int]], goes_on: bool) -> None:
    with AheadFile(Answers(), "x") as file:
        for offset, size in places:
            position = file.seek(file.tell() + offset % 1000 if goes_on else offset)
            assert file.read(size) == DATA[position : position + size]

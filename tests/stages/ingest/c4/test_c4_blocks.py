"""Blocks of lines: the same lines whatever the pieces; a damaged stream keeps its whole lines."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.core.errors import DamagedInputError
from stages.ingest.c4.blocks import LineBlock, line_blocks
from stages.ingest.compressed import lines

Line = tuple[int, int, bytes]


def stream(data: bytes, piece_bytes: int, *, is_damaged: bool = False) -> Iterator[bytes]:
    for at in range(0, len(data), piece_bytes):
        yield data[at : at + piece_bytes]
    if is_damaged:
        raise DamagedInputError("cut", 7)


def lines_of(blocks: Iterator[LineBlock], max_line_bytes: int) -> Iterator[Line]:
    for block in blocks:
        for index, (start, line) in enumerate(lines(iter((block.data,)), max_line_bytes)):
            yield block.number + index, block.offset + start, line


DATA = st.lists(st.sampled_from([b"a", b"\n", b"bcd", b"e" * 9, b"f" * 30])).map(b"".join)
SIZES = st.integers(1, 40)


@given(DATA, SIZES, SIZES, SIZES)
def test_lines_do_not_depend_on_pieces_and_blocks(
    data: bytes, piece_bytes: int, block_bytes: int, max_line_bytes: int
) -> None:
    blocks = line_blocks(stream(data, piece_bytes), max_line_bytes, block_bytes)
    expected = [(number, *line) for number, line in enumerate(lines(iter((data,)), max_line_bytes))]
    assert list(lines_of(blocks, max_line_bytes)) == expected


@given(DATA, SIZES, SIZES)
def test_blocks_do_not_depend_on_pieces(data: bytes, piece_bytes: int, block_bytes: int) -> None:
    blocks = list(line_blocks(stream(data, piece_bytes), 1000, block_bytes))
    assert blocks == list(line_blocks(stream(data, 1000), 1000, block_bytes))
    assert b"".join(block.data for block in blocks) == data
    assert all(len(block.data) <= block_bytes or block.data.count(b"\n") <= 1 for block in blocks)


@given(DATA, SIZES, SIZES, SIZES)
def test_memory_is_bounded(data: bytes, piece_bytes: int, block_bytes: int, max_line_bytes: int) -> None:
    blocks = line_blocks(stream(data, piece_bytes), max_line_bytes, block_bytes)
    assert all(len(block.data) <= max_line_bytes + 1 + piece_bytes for block in blocks)


@pytest.mark.parametrize(
    ("data", "kept"),
    [
        (b'{"a":1}\n{"b', b'{"a":1}\n'),
        (b'{"a":1}\n{"b":2}', b'{"a":1}\n{"b":2}'),
        (b'{"a":1}\n', b'{"a":1}\n'),
        (b'{"a":1}\n7', b'{"a":1}\n'),
        (b"half", b""),
        (b"", b""),
    ],
)
def test_half_a_line_belongs_to_the_damage(data: bytes, kept: bytes) -> None:
    blocks = line_blocks(stream(data, 3, is_damaged=True), 1000)
    found = []
    with pytest.raises(DamagedInputError):
        for block in blocks:
            found.append(block.data)
    assert b"".join(found) == kept


@given(DATA.filter(bool))
def test_halves_hold_the_same_lines(data: bytes) -> None:
    whole = LineBlock(3, 10, data)
    halves = whole.halves()
    if halves is None:
        assert data.count(b"\n", 0, len(data) - 1) == 0
    else:
        expected = list(lines_of(iter((whole,)), 1000))
        assert list(lines_of(iter(halves), 1000)) == expected
        assert all(half.data for half in halves)

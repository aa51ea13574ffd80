"""Compressed raw files: members in a row, padding, garbage behind them, bombs, and what is left of damage."""

from __future__ import annotations

import bz2
import gzip
import lzma
import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.core.errors import DamagedInputError
from stages.ingest.archives import BytesFile
from stages.ingest.codecs import MAX_PIECE_BYTES, READ_BYTES, Deflate, Stored
from stages.ingest.compressed import PieceReader, compression_of, decompressed

PACK: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda data: gzip.compress(data, mtime=0),
    "bz2": bz2.compress,
    "xz": lzma.compress,
}
KINDS = pytest.mark.parametrize("kind", PACK)


def read(data: bytes) -> bytes:
    return b"".join(decompressed(BytesFile("", "a", len(data), data)))


def read_up_to_damage(data: bytes) -> tuple[bytes, DamagedInputError]:
    got = bytearray()
    with pytest.raises(DamagedInputError) as raised:
        for piece in decompressed(BytesFile("", "a", len(data), data)):
            got += piece
    return bytes(got), raised.value


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\x1f\x8b\x08", "gzip"),
        (b"BZh9", "bz2"),
        (b"\xfd7zXZ\0", "xz"),
        (b"7z\xbc\xaf\x27\x1c\0\4", "7z"),
        (b"7z is a format", "none"),
        (b"", "none"),
    ],
)
def test_kinds_are_told_by_the_first_bytes(head: bytes, kind: str) -> None:
    assert compression_of(head) == kind


@KINDS
@given(parts=st.lists(st.binary(max_size=50), min_size=1, max_size=6), padding=st.integers(0, 3))
def test_members_in_a_row_are_one_stream(kind: str, parts: list[bytes], padding: int) -> None:
    zeros = b"\0" * (4 * padding)
    assert read(zeros.join(PACK[kind](part) for part in parts) + zeros) == b"".join(parts)


@KINDS
def test_a_stream_of_thousands_of_members_as_wikipedia_writes_them(kind: str) -> None:
    parts = [b"page %d\n" % i * 20 for i in range(6000)]
    data = b"".join(PACK[kind](part) for part in parts)
    assert len(data) > READ_BYTES
    assert read(data) == b"".join(parts)


@KINDS
def test_zeros_behind_the_last_member_are_padding(kind: str) -> None:
    assert read(PACK[kind](b"text") + b"\0" * (2 * READ_BYTES)) == b"text"


@KINDS
def test_garbage_behind_the_last_member_is_damage_and_costs_nothing_else(kind: str) -> None:
    member = PACK[kind](b"text")
    got, error = read_up_to_damage(member + b"\0" * 4 + b"garbage, no member at all")
    assert (got, error.offset) == (b"text", len(member) + 4)
    assert error.reason.startswith(f"{kind} is corrupt")


@KINDS
def test_a_truncated_last_member_keeps_the_ones_before(kind: str) -> None:
    first, second = PACK[kind](b"first"), PACK[kind](random.Random(1).randbytes(5000))
    got, error = read_up_to_damage(first + second[:-20])
    assert (got[:5], error.offset) == (b"first", len(first) + len(second) - 20)
    assert error.reason == f"{kind} ends in the middle of a member"


@KINDS
def test_a_bomb_streams_by_in_pieces(kind: str) -> None:
    data = PACK[kind](b"\0" * (64 << 20))
    sizes = [len(piece) for piece in decompressed(BytesFile("", "a", len(data), data))]
    assert (sum(sizes), max(sizes) <= MAX_PIECE_BYTES) == (64 << 20, True)


def test_trap_a_small_gzip_file_is_not_lost_whole_to_one_bad_byte() -> None:
    text = random.Random(2).randbytes(20_000).hex().encode()
    data = bytearray(gzip.compress(text))
    data[len(data) // 2] ^= 255
    got, error = read_up_to_damage(bytes(data))
    assert got[:15_000] == text[:15_000]
    assert error.reason.startswith("gzip is corrupt")


@given(data=st.binary(max_size=2000), step=st.integers(1, 300), room=st.integers(1, 300))
def test_a_decoder_in_small_steps_gives_the_same(data: bytes, step: int, room: int) -> None:
    for decoder, packed in ((Deflate(31), gzip.compress(data)), (Stored(), data)):
        got = b""
        for start in range(0, len(packed), step):
            piece = decoder.decompress(packed[start : start + step], room)
            got += piece
            while not decoder.needs_input and not decoder.eof:
                assert len(piece) <= room
                piece = decoder.decompress(b"", room)
                got += piece
        assert got == data


def test_a_reader_over_pieces() -> None:
    reader = PieceReader(iter([b"ab", b"", b"cdef"]))
    assert [reader.read(1), reader.read(3), reader.read(), reader.read(1)] == [b"a", b"bcd", b"ef", b""]

"""7z archives: every method, the real 7-Zip's own work, pieces of bounded size, damage told, threads that end."""

from __future__ import annotations

import base64
import io
import random
import threading
import zlib
from collections.abc import Iterator
from typing import Any

import py7zr
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.core.errors import DamagedInputError
from stages.ingest.archives import BytesFile
from stages.ingest.codecs import MAX_PIECE_BYTES
from stages.ingest.compressed import decompressed
from stages.ingest.raw import RawFile
from stages.ingest.seven_zip import SevenZipError, member_pieces, sole_member, unpack_members

FILES = {
    "Badges.xml": b"<badges>" + b"b" * 5000,
    "Posts.xml": b"<posts>" + bytes(range(256)) * 3000,
    "one": b"1",
    "tiny/\u00dcbung.xml": b"<x/>",
}
FILTERS = {
    "lzma2": [{"id": py7zr.FILTER_LZMA2, "preset": 1}],
    "lzma": [{"id": py7zr.FILTER_LZMA}],
    "bzip2": [{"id": py7zr.FILTER_BZIP2}],
    "deflate": [{"id": py7zr.FILTER_DEFLATE}],
    "copy": [{"id": py7zr.FILTER_COPY}],
    "bcj": [{"id": py7zr.FILTER_X86}, {"id": py7zr.FILTER_LZMA2, "preset": 1}],
    "delta": [{"id": py7zr.FILTER_DELTA, "dist": 3}, {"id": py7zr.FILTER_LZMA2, "preset": 1}],
    "ppmd": [{"id": py7zr.FILTER_PPMD, "order": 6, "mem": 20}],
    "zstandard": [{"id": py7zr.FILTER_ZSTD, "level": 1}],
}
BY_7_ZIP = base64.b64decode(
    """
    N3q8ryccAARSKps+8wAAAAAAAAAiAAAAAAAAAE7d0a1CWmg5MUFZJlNZFgID9QAAC9+AABBQAKAHECBEABYk3uAgAFREAAND
    QNBqn6po2p6mmmAAgLGHBD3+D0BtnIFz26IlpYEtHRU55mL3ws0txoesQpFkAOqKGkHrIh+LuSKcKEgLAQH6gAAAgTMHrg/T
    9x39QMCQzuXLdvZHN8I4zdJ/XQqN+h3fwWwzk6iRReW/xLO8E34LWlI+EFq1zJG4HBKOInyc1eCnGcrndrLxbvdB5xSanCr+
    dOyy22GKSp6EY6ZZp374idIAt/D+mAQPK3KcYsZm8Ga/H7QKR6+aFT7awBsejnSt1A9bVx5TUNwAAAAXBmgBCYCLAAcLAQAB
    IwMBAQVdABAAAAyA5goBJn/m4gAA
    """
)
"""Made by 7-Zip 26.01: bzip2, solid, a packed header, a folder and an empty file."""


def archive(files: dict[str, bytes], method: str = "lzma2", filters: Any = None, **options: Any) -> RawFile:
    stream = io.BytesIO()
    with py7zr.SevenZipFile(stream, "w", filters=filters or FILTERS[method], **options) as writer:
        for name, content in files.items():
            writer.writestr(content, name)
    return raw(stream.getvalue())


def raw(data: bytes) -> RawFile:
    return BytesFile("", "a.7z", len(data), data)


def data_of(file: RawFile) -> bytes:
    assert isinstance(file, BytesFile)
    return file.data


def content(file: RawFile) -> dict[str, bytes]:
    return {member.name: b"".join(member_pieces(file, member)) for member in unpack_members(file)}


@pytest.mark.parametrize("method", FILTERS)
def test_every_member_of_a_solid_archive_by_every_method(method: str) -> None:
    file = archive(FILES, method)
    assert content(file) == FILES
    assert [(m.name, m.size) for m in unpack_members(file)] == [(n, len(data)) for n, data in FILES.items()]


def test_an_archive_of_7_zip_itself() -> None:
    posts = b'<posts>\n  <row Id="1" PostTypeId="1" Title="T" Body="b" />\n</posts>'
    found = content(raw(BY_7_ZIP))
    assert found == {"empty.xml": b"", "Posts.xml": posts, "Users.xml": b"<users/>", "d/\u00dc.xml": b"x"}


@settings(max_examples=40)
@given(
    files=st.dictionaries(
        st.text("ab1\u00dc\u6587 ", min_size=1, max_size=8).filter(lambda name: name.strip() == name),
        st.binary(max_size=300),
        max_size=5,
    ),
    method=st.sampled_from(sorted(FILTERS)),
    is_packed=st.booleans(),
)
def test_what_py7zr_writes_is_read(files: dict[str, bytes], method: str, is_packed: bool) -> None:
    stream = io.BytesIO()
    with py7zr.SevenZipFile(stream, "w", filters=FILTERS[method]) as writer:
        writer.set_encoded_header_mode(is_packed)
        for name, data in files.items():
            writer.writestr(data, name)
    assert content(raw(stream.getvalue())) == files


def test_a_decompressed_7z_is_its_one_wanted_member() -> None:
    assert b"".join(decompressed(archive({"dump.xml": b"<mediawiki/>"}))) == b"<mediawiki/>"
    assert b"".join(decompressed(archive(FILES), lambda name: name == "Posts.xml")) == FILES["Posts.xml"]
    for wanted, count in ((lambda _: True, 4), (lambda _: False, 0)):
        with pytest.raises(DamagedInputError, match=f"7z holds {count} files to read, not one"):
            list(decompressed(archive(FILES), wanted))
    assert sole_member(archive({"a": b"1"})).name == "a"


def test_trap_a_member_comes_in_pieces_however_well_it_is_packed() -> None:
    zeros = b"\0" * (2 * MAX_PIECE_BYTES)
    for method in FILTERS:
        file = archive({"Posts.xml": zeros}, method)
        assert method == "copy" or file.size < 1 << 18
        sizes = [len(piece) for piece in decompressed(file)]
        assert (sum(sizes), max(sizes) <= MAX_PIECE_BYTES) == (len(zeros), True)


def test_a_consumer_may_stop_early() -> None:
    opened: list[io.BytesIO] = []

    class Counted(BytesFile):
        def open(self) -> Any:
            opened.append(io.BytesIO(self.data))
            return opened[-1]

    before = threading.active_count()
    data = data_of(archive({"Posts.xml": random.Random(1).randbytes(60 << 20)}, "copy"))
    pieces: Iterator[bytes] = decompressed(Counted("", "a", len(data), data))
    assert next(pieces)
    pieces.close()  # type: ignore[attr-defined]
    assert all(stream.closed for stream in opened)
    assert threading.active_count() == before


def test_an_encrypted_member_is_told_by_its_own_rule() -> None:
    filters = [{"id": py7zr.FILTER_LZMA2, "preset": 1}, {"id": py7zr.FILTER_CRYPTO_AES256_SHA256}]
    with pytest.raises(SevenZipError, match="7z is encrypted") as raised:
        unpack_members(archive({"Posts.xml": b"<posts/>"}, filters=filters, password="x"))
    assert raised.value.rule == "encrypted"


def test_an_encrypted_directory_is_told_from_a_damaged_one() -> None:
    with pytest.raises(SevenZipError, match="encrypted") as raised:
        unpack_members(archive({"a": b"1"}, filters=None, password="x", header_encryption=True))
    assert raised.value.rule == "encrypted"


@pytest.mark.parametrize(
    "data",
    [
        b"7z\xbc\xaf\x27\x1c\0\4",
        b"PK\3\4" + b"\0" * 60,
        data_of(archive(FILES))[:-1],
        data_of(archive(FILES))[:12] + b"\1" + data_of(archive(FILES))[13:],
        data_of(archive(FILES))[:-9] + b"xxxxxxxxx",
    ],
    ids=["half a signature", "a zip", "truncated", "signature", "directory"],
)
def test_a_directory_that_cannot_be_read(data: bytes) -> None:
    with pytest.raises(
        SevenZipError, match=f"7z of {len(data)} bytes is corrupt, truncated or a volume"
    ) as raised:
        unpack_members(raw(data))
    assert raised.value.rule == "damaged"


@pytest.mark.parametrize("method", FILTERS)
def test_damage_in_a_member_is_told_and_what_came_before_is_kept(method: str) -> None:
    noise = random.Random(3).randbytes(3 << 20)
    data = bytearray(data_of(archive({"a.xml": b"first", "Posts.xml": noise}, method)))
    data[2 << 20] ^= 255
    first, posts = unpack_members(raw(bytes(data)))
    assert b"".join(member_pieces(raw(bytes(data)), first)) == b"first"
    got = bytearray()
    with pytest.raises(SevenZipError, match="corrupt"):
        for piece in member_pieces(raw(bytes(data)), posts):
            got += piece
    assert noise.startswith(bytes(got[: 1 << 19]))
    assert len(got) >= 1 << 19


@settings(max_examples=150)
@given(place=st.integers(0, 400), value=st.integers(0, 255), is_signed=st.booleans())
def test_any_byte_may_be_wrong(place: int, value: int, is_signed: bool) -> None:
    data = bytearray(BY_7_ZIP)
    data[place % len(data)] = value
    if is_signed:  # checksums that fit, so that what they guard is read
        start, size = 32 + int.from_bytes(data[12:20], "little"), int.from_bytes(data[20:28], "little")
        data[28:32] = zlib.crc32(data[start : start + size]).to_bytes(4, "little")
        data[8:12] = zlib.crc32(data[12:32]).to_bytes(4, "little")
    try:
        for member in unpack_members(raw(bytes(data))):
            total = 0
            for piece in member_pieces(raw(bytes(data)), member):
                total += len(piece)
            assert total == member.size
    except SevenZipError as error:
        assert error.rule in ("damaged", "encrypted", "unsupported_method")

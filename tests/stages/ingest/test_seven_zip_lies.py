"""7z archives whose headers lie, under checksums that fit: the bytes, or one error that says so, in bounded memory."""

from __future__ import annotations

import io
import random
import re
import zlib
from collections.abc import Callable
from pathlib import Path

import py7zr
import pyarrow.parquet as pq
import pytest

from pipeline.execute import _peak_memory_bytes, _reset_peak_memory
from stages.core.manifest import LEDGER, Manifest
from stages.ingest.archives import BytesFile
from stages.ingest.seven_zip import SevenZipError, member_pieces, unpack_members
from stages.ingest.wikipedia.stage import WikipediaIngest
from tests.stages.ingest.test_seven_zip import FILTERS

TEXT = b"<mediawiki></mediawiki>"
HUGE = b"\xff" * 9  # of 64 bits
COPY, LZMA_1 = b"\x01\x01\x00", b"\x01\x23\x03\x01\x01\x05"
MOST_BYTES = 512 << 20

CASES_PER_METHOD = 150
APART_CASES = 12
"""Of a method that is read by a process of its own, two for each case."""


def sealed(packed: bytes, header: bytes) -> bytes:
    """An archive with a header of any bytes."""
    place = len(packed).to_bytes(8, "little") + len(header).to_bytes(8, "little")
    start = place + zlib.crc32(header).to_bytes(4, "little")
    signature = b"7z\xbc\xaf\x27\x1c\0\4"
    return signature + zlib.crc32(start).to_bytes(4, "little") + start + packed + header


def lying(
    *,
    packed: bytes = bytes([len(TEXT)]),
    place: bytes = b"\0",
    streams: bytes = b"\1",
    folders: bytes = b"\1",
    coders: bytes = COPY,
    unpacked: bytes = bytes([len(TEXT)]),
    crc: bytes = zlib.crc32(TEXT).to_bytes(4, "little"),
    files: bytes = b"\1",
    name: bytes = "a.xml\0".encode("utf-16-le"),
) -> bytes:
    """An archive of one file, stored as it is; each part of its header as said."""
    packs = b"\6" + place + streams + b"\x09" + packed + b"\0"
    unpacks = b"\7\x0b" + folders + b"\0" + coders + b"\x0c" + unpacked + b"\0"
    streams_in_it = b"\x08\x0a\1" + crc + b"\0"
    names = b"\x11" + bytes([len(name) + 1]) + b"\0" + name
    return sealed(TEXT, b"\1\4" + packs + unpacks + streams_in_it + b"\0" + b"\5" + files + names + b"\0\0")


LIES: dict[str, bytes] = {
    "number of streams": lying(streams=HUGE),
    "number of folders": lying(folders=HUGE),
    "number of coders": lying(coders=b"\x7f" + COPY[1:]),
    "a coder that is not known": lying(coders=b"\1\3\xff\xff\xff"),
    "a dictionary of 4 GB": lying(coders=LZMA_1 + b"\x5d\xff\xff\xff\xff"),
    "properties of LZMA": lying(coders=LZMA_1 + b"\xff\xff\xff\xff\xff"),
    "length of properties": lying(coders=LZMA_1[:5] + HUGE),
    "unpacked size": lying(unpacked=HUGE),
    "unpacked size of a terabyte": lying(unpacked=b"\xe0\0\0\0\0\1"),
    "one byte more": lying(unpacked=bytes([len(TEXT) + 1])),
    "checksum": lying(crc=b"\0\0\0\0"),
    "number of files": lying(files=HUGE),
    "seven million files": lying(files=b"\xe0\xff\xff\x6f"),
    "a name without an end": lying(name=b"a\0"),
    "an empty header": sealed(TEXT, b"\1"),
    "no header": sealed(TEXT, b"\x17\6"),
    "another kind of header": sealed(TEXT, b"\2\0\0"),
}


def outcome(data: bytes) -> bytes | str:
    """What an archive holds, or the error's rule."""
    raw = BytesFile("", "a.7z", len(data), data)
    try:
        return b"".join(piece for member in unpack_members(raw) for piece in member_pieces(raw, member))
    except SevenZipError as error:
        return error.rule


@pytest.mark.parametrize("archive", [lying(), lying(packed=HUGE), lying(place=HUGE)])
def test_a_header_of_our_own_making_is_read_also_where_it_lies_on_what_is_not_needed(archive: bytes) -> None:
    assert outcome(archive) == TEXT


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_a_row(lie: str, tmp_path: Path, run_stage: Callable[..., Manifest]) -> None:
    (tmp_path / "enwiki-a.xml.7z").write_bytes(LIES[lie])
    _reset_peak_memory()
    before = _peak_memory_bytes()
    manifest = run_stage(WikipediaIngest(input=(str(tmp_path / "enwiki-a.xml.7z"),)))
    assert _peak_memory_bytes() - before < MOST_BYTES
    (row,) = pq.read_table(manifest.uris(LEDGER)[0]).to_pylist()
    rule = "unsupported_method" if lie == "a coder that is not known" else "damaged"
    assert (row["id"], row["rule"]) == ("wikipedia/enwiki-a.xml.7z/@0", rule)
    assert re.match(
        r"7z (of [0-9]+ bytes is corrupt|is corrupt|packed by a method that is not known) ?.*\(.+\)",
        row["detail"],
    )


def archive(method: str) -> bytes:
    """A small archive whose header is not packed, so that its bytes can be changed."""
    stream = io.BytesIO()
    with py7zr.SevenZipFile(stream, "w", filters=FILTERS[method]) as writer:
        writer.set_encoded_header_mode(False)
        for name, content in {"a.xml": TEXT * 20, "Posts.xml": bytes(range(256)) * 20, "one": b"1"}.items():
            writer.writestr(content, name)
    return stream.getvalue()


@pytest.mark.parametrize("method", sorted(FILTERS))
def test_mutated_headers_with_the_right_checksums_end_in_bytes_or_one_error(method: str) -> None:
    whole, drawn = archive(method), random.Random(7)
    start = 32 + int.from_bytes(whole[12:20], "little")
    packed, header = whole[32:start], whole[start:]
    _reset_peak_memory()
    before, seen = _peak_memory_bytes(), set()
    for _ in range(APART_CASES if method == "ppmd" else CASES_PER_METHOD):
        changed = bytearray(header)
        for place in drawn.sample(range(len(header)), drawn.randint(1, 3)):
            changed[place] = drawn.choice([drawn.randrange(256), 0, 1, 0x80, 0xFE, 0xFF])
        found = outcome(sealed(packed, bytes(changed)))
        seen.add(found if isinstance(found, str) else "read")
    assert _peak_memory_bytes() - before < MOST_BYTES
    assert seen <= {"read", "damaged", "encrypted", "unsupported_method"}
    assert {"read", "damaged"} <= seen

"""What a raw file's first bytes tell, packed in whatever way, and what they do not."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from stages.ingest import contents
from stages.ingest.contents import raw_content
from stages.ingest.raw import RawFile


def packed_folder() -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as tar:
        info = tarfile.TarInfo("paper/main.tex")
        info.size = 3
        tar.addfile(info, io.BytesIO(b"tex"))
    return target.getvalue()


def zipped() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("a.txt", "text")
    return target.getvalue()


KNOWN = {
    "warc": (b"WARC/1.0\r\nWARC-Type: warcinfo\r\n", contents.WARC),
    "arc": (b"filedesc://a.arc 0.0.0.0 20080101 text/plain 80\n", contents.ARC),
    "lines": (b'\n{"url": "x", "text": "y"}\n', contents.JSON),
    "mark": (b'\xef\xbb\xbf{"text": "y"}\n', contents.JSON),
    "array": (b'[\n {"text" : "y"}]', contents.JSON),
    "wiki": (b'<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.10/">', contents.MEDIAWIKI),
    "declared": (b'<?xml version="1.0"?>\n<mediawiki>', contents.MEDIAWIKI),
    "posts": (b'<?xml version="1.0" encoding="utf-8"?>\n<posts>\n  <row Id="1"/>', contents.POSTS),
    "users": (b'<?xml version="1.0"?>\n<users>\n', contents.XML),
    "page": (b"  <!DOCTYPE html>\n<title>x</title>", contents.HTML),
    "xhtml": (b'<?xml version="1.0"?>\n<!-- old -->\n<html lang="en">', contents.HTML),
    "tar": (packed_folder(), contents.TAR),
    "pdf": (b"%PDF-1.5\n", contents.PDF),
    "sql": (b"-- MySQL dump 10.19  Distrib 10.3.38\n", contents.SQL),
    "paths": (b"crawl-data/CC-MAIN-2019-51/segments/1/wet/a.warc.wet.gz\n" * 3, contents.ADDRESSES),
    "text": (b"Call me Ishmael. Some years ago", None),
    "tex": (b"% comment\n\\documentclass{article}", None),
    "braces": (b"{\\rtf1\\ansi Text}", None),
    "word": (b"<mediawikis> are no dump", None),
    "noise": (random.Random(1).randbytes(5000), None),
    "nothing": (b"", None),
}
PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gzip": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zstd": lambda data: pa.compress(data, codec="zstd", asbytes=True),
}


def content(path: Path, data: bytes) -> str | None:
    path.write_bytes(data)
    return raw_content(RawFile(str(path), path.name, len(data)))


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("name", KNOWN)
def test_contents_are_told_in_any_packing(name: str, packing: str, tmp_path: Path) -> None:
    data, expected = KNOWN[name]
    assert content(tmp_path / "raw", PACKINGS[packing](data)) == expected


def test_what_has_a_mark_of_its_own(tmp_path: Path) -> None:
    assert content(tmp_path / "a", b"PAR1....") == contents.PARQUET
    assert content(tmp_path / "b", zipped()) == contents.ZIP
    assert content(tmp_path / "c", b"7z\xbc\xaf\x27\x1c....") is None  # what is in it is told at its end


def test_a_first_block_of_bz2_that_is_larger_than_the_first_read(tmp_path: Path) -> None:
    noise = random.Random(1).randbytes(300_000).hex().encode()
    packed = bz2.compress(b"<mediawiki>" + noise)
    assert len(packed) > 2 * contents.HEAD_BYTES
    assert content(tmp_path / "a.bz2", packed) == contents.MEDIAWIKI


def test_damage_tells_nothing(tmp_path: Path) -> None:
    packed = gzip.compress(KNOWN["lines"][0])
    assert content(tmp_path / "a.gz", packed[:10] + b"\xff" * 20) is None
    assert content(tmp_path / "b.gz", packed[:3]) is None

"""Records drawn of raw files: each format stays itself, copies are drawn together, damage gives none."""

from __future__ import annotations

import bz2
import gzip
import io
from pathlib import Path

import pytest

from pipeline.plan import thin as module
from pipeline.plan.thin import Thinned, can_thin, draw, thin

POSTS = b"""\xef\xbb\xbf<?xml version="1.0"?>
<posts>
  <row Id="1" PostTypeId="1" Body="a question" />
  <row Id="2" PostTypeId="2" ParentId="1" Body="its answer" />
  <row Id="3" PostTypeId="1" Body="another question" />
</posts>
"""
DUMP = b"""<mediawiki>
  <siteinfo><sitename>W</sitename></siteinfo>
  <page>
    <title>A</title>
    <text>one</text>
  </page>
  <page>
    <title>B</title>
    <text>two</text>
  </page>
</mediawiki>
"""


def record(url: str, body: bytes) -> bytes:
    head = (
        f"WARC/1.0\r\nWARC-Type: conversion\r\nWARC-Target-URI: {url}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return gzip.compress(head.encode() + body + b"\r\n\r\n", mtime=0)


def thinned(data: bytes, kind: str, share: float, tmp_path: Path) -> tuple[Thinned | None, bytes]:
    target = tmp_path / "out"
    found = thin(io.BytesIO(data), len(data), target, kind, share, 0)
    return found, target.read_bytes()


def share_between(low: bytes, high: bytes) -> float:
    """A share at which the key that draws lower is in, and the other is not."""
    first, second = sorted([draw(0, low), draw(0, high)])
    return (first + second) / 2


def test_an_answer_is_drawn_with_its_question(tmp_path: Path) -> None:
    found, left = thinned(POSTS, "stackexchange", share_between(b"1", b"3"), tmp_path)
    assert found is not None
    lines = POSTS.splitlines(keepends=True)
    of_1, of_3 = b"".join(lines[:4] + lines[5:]), b"".join(lines[:2] + lines[4:])
    assert left == (of_1 if draw(0, b"1") < draw(0, b"3") else of_3)
    assert found.records == 3


def test_pages_of_a_dump_stay_whole_and_packed(tmp_path: Path) -> None:
    found, left = thinned(bz2.compress(DUMP), "wikipedia", share_between(b"A", b"B"), tmp_path)
    lines = DUMP.splitlines(keepends=True)
    of_a, of_b = b"".join(lines[:6] + lines[10:]), b"".join(lines[:2] + lines[6:])
    assert bz2.decompress(left) == (of_a if draw(0, b"A") < draw(0, b"B") else of_b)
    # two pages of one length: half of the file
    assert found == Thinned(2, 1, 122, 61, 1.0)
    assert found is not None
    assert found.share == pytest.approx(0.5)


def test_equal_texts_of_json_lines_come_together(tmp_path: Path) -> None:
    lines = [b'{"url": "%d", "text": "%s"}\n' % (i, text) for i, text in enumerate([b"x", b"y", b"x"])]
    data = gzip.compress(b"".join(lines))
    found, left = thinned(data, "c4", share_between(b"x", b"y"), tmp_path)
    assert gzip.decompress(left) in (lines[0] + lines[2], lines[1])
    assert found is not None
    assert found.records == 3


def test_members_of_a_warc_file_are_copied_as_they_are(tmp_path: Path) -> None:
    info = gzip.compress(b"WARC/1.0\r\nWARC-Type: warcinfo\r\n\r\n", mtime=0)
    first, second = record("http://a/", b"1" * 9000), record("http://b/", b"2" * 9000)
    data = info + first + second + record("http://a/", b"again")
    found, left = thinned(data, "common_crawl", 1.0, tmp_path)
    assert left == data
    assert found is not None
    assert (found.records, found.kept) == (3, 3)
    _, left = thinned(data, "common_crawl", share_between(b"http://a/", b"http://b/"), tmp_path)
    assert left in (info + first + record("http://a/", b"again"), info + second)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (gzip.compress(b'{"text": "x"}\n' * 9)[:-9], "c4"),
        (bz2.compress(DUMP)[:-9], "wikipedia"),
        (b"BZh91AY&SY" + bytes(60), "wikipedia"),
        (record("http://a/", b"1")[:-9], "common_crawl"),
        (b"WARC/1.0\r\nof no gzip", "common_crawl"),
    ],
)
def test_of_a_damaged_file_nothing_is_drawn(data: bytes, kind: str, tmp_path: Path) -> None:
    assert thinned(data, kind, 1.0, tmp_path)[0] is None


def test_a_failed_read_is_no_damage(tmp_path: Path) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() > 3:
                raise OSError(5, "Input/output error")
            return super().read(3)

    with pytest.raises(OSError, match="Input/output error"):
        thin(Broken(POSTS), len(POSTS), tmp_path / "out", "stackexchange", 1.0, 0)


def test_a_large_file_is_seen_in_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_SCANNED_BYTES", 50)
    monkeypatch.setattr(module, "READ_BYTES", 10)
    data = b'{"text": "x"}\n' * 100
    found, left = thinned(data, "c4", 1.0, tmp_path)
    assert found is not None
    assert (found.records, len(left)) == (4, 56)
    assert found.share == pytest.approx(60 / 1400)  # what was read of the file


@pytest.mark.parametrize(
    ("kind", "name", "can"),
    [
        ("common_crawl", "a.warc.wet.gz", True),
        ("common_crawl", "a.warc.lz4", False),
        ("stackexchange", "beer/Posts.xml", True),
        ("stackexchange", "beer.stackexchange.com.7z", False),
        ("wikipedia", "enwiki-pages-articles.xml.bz2", True),
        ("wikipedia", "index.txt.bz2", False),
        ("c4", "c4-train.json.gz", True),
        ("books", "a.txt", False),
        ("github", "a.tar.gz", False),
    ],
)
def test_which_files_have_records_that_can_be_told_apart(kind: str, name: str, can: bool) -> None:
    assert can_thin(kind, name) is can

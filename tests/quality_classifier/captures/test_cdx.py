"""Answers of a CDX server to rows."""

from __future__ import annotations

import pytest

from quality_classifier.captures.capture import Capture, IndexRow, capture_of
from quality_classifier.captures.cdx import parse_cdx
from stages.fetch.remote import ListError

LINE = (
    b'{"urlkey": "example,a)/x", "timestamp": "20200117123339", "url": "https://a.example/x", "mime": "unk", '
    b'"mime-detected": "application/xhtml+xml", "status": "200", "digest": "Q", "length": "812", "offset": "77", '
    b'"filename": "crawl-data/w.warc.gz", "languages": "eng"}'
)
ROW = IndexRow(
    "https://a.example/x", "20200117123339", 200, "application/xhtml+xml", "crawl-data/w.warc.gz", 77, 812
)


def test_a_line_is_a_capture() -> None:
    assert list(parse_cdx(LINE + b"\n", "place")) == [ROW]
    capture = Capture("a.example/x", "D", "20200117123339", True, "crawl-data/w.warc.gz", 77, 812)
    assert capture_of(ROW, "D", {"a.example/x"}) == capture
    assert capture_of(ROW, "D", {"a.example/y"}) is None


def test_what_the_server_called_it_stands_in_for_what_it_was_found_to_be() -> None:
    (row,) = parse_cdx(LINE.replace(b"mime-detected", b"other").replace(b'"unk"', b'"text/html"'), "place")
    assert row.mime == "text/html"


def test_a_message_is_no_capture() -> None:
    assert list(parse_cdx(b'{"message": "No Captures found for: a.example"}', "place")) == []


@pytest.mark.parametrize(
    "data", [b"<html>busy</html>", b"[1]", b'{"url": "x"}', LINE.replace(b'"77"', b'"x"')]
)
def test_what_is_no_answer_is_one_line(data: bytes) -> None:
    with pytest.raises(ListError, match="place: no answer of a CDX server"):
        list(parse_cdx(data, "place"))

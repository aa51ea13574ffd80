"""Bytes that are the record of a page, and all that is not."""

from __future__ import annotations

import gzip

import pytest

from quality_classifier.captures.warc_record import RecordFaultError, check_record
from tests.quality_classifier.captures.crawl_server import Captured, warc_record

GOOD = warc_record(Captured("https://a.example/x"))
PLAIN = gzip.decompress(GOOD)


def test_the_record_of_the_page_is_taken() -> None:
    check_record(GOOD, "a.example/x")
    check_record(gzip.compress(PLAIN.removesuffix(b"\r\n\r\n")), "a.example/x")
    check_record(
        gzip.compress(PLAIN.replace(b"https://a.example/x", b"<https://a.example/x>", 1)), "a.example/x"
    )


@pytest.mark.parametrize(
    ("data", "reason", "detail"),
    [
        (GOOD[:-5], "damaged", "gzip ends in the middle"),
        (GOOD + b"\x1f\x8b", "damaged", "2 bytes after the gzip member"),
        (b"<html>", "damaged", "gzip is corrupt"),
        (GOOD[:-8] + b"\0" * 8, "damaged", "gzip is corrupt"),
        (gzip.compress(b"HTTP/1.1 200 OK\r\n\r\n"), "damaged", "no WARC record"),
        (gzip.compress(PLAIN[:-40]), "damaged", "bytes follow the header"),
        (gzip.compress(PLAIN.replace(b"Content-Length: ", b"Content-Length: x")), "damaged", "bytes follow"),
        (gzip.compress(PLAIN.replace(b": response", b": request", 1)), "other_page", "type 'request'"),
        (warc_record(Captured("https://a.example/y")), "other_page", "https://a.example/y"),
        (b"", "damaged", "gzip ends in the middle"),
    ],
)
def test_what_is_not_the_record_is_told(data: bytes, reason: str, detail: str) -> None:
    with pytest.raises(RecordFaultError) as caught:
        check_record(data, "a.example/x")
    assert caught.value.reason == reason
    assert detail in caught.value.detail

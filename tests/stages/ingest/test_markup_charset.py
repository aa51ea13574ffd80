"""The prescan: meta tags and XML declarations as the HTML standard finds them, and nothing that only looks so."""

from __future__ import annotations

import pytest

from stages.ingest.markup_charset import PRESCAN_BYTES, markup_charset
from tests.linear import assert_linear


@pytest.mark.parametrize(
    ("page", "charset"),
    [
        (b'<meta charset="koi8-r">', "koi8-r"),
        (b"<META CHARSET = koi8-r>", "koi8-r"),
        (b"<meta charset=koi8-r/>", "koi8-r/"),
        (b"<meta charset=' koi8-r '>", "koi8-r"),
        (b"<meta/charset=koi8-r >", "koi8-r"),
        (b'<meta http-equiv="Content-Type" content="text/html; charset=big5">', "big5"),
        (b"<meta content='text/html;charset = \"big5\"' http-equiv=content-type>", "big5"),
        (b'<html a="<meta charset=x>"><meta name=a charset=big5>', "big5"),
        (b"<title>a</title><script>x</script><meta charset=big5>", "big5"),
        (b"<!--><meta charset=big5>", "big5"),
        (b"<!---><meta charset=big5>", "big5"),
        (b"<!-- a --!><meta charset=big5>", "big5"),
        (b"<!doctype html><?php ?></ ><meta charset=big5>", "big5"),
        (b'<?xml version="1.0" encoding="euc-jp"?><p>', "euc-jp"),
        (b"<?xml version='1.0' encoding='euc-jp'?><meta charset=big5>", "big5"),
        (b'<meta charset="utf-16le">', "utf-8"),
        (b'<?xml version="1.0" encoding="UTF-16"?>', "utf-8"),
    ],
)
def test_what_declares(page: bytes, charset: str) -> None:
    assert markup_charset(page) == charset


@pytest.mark.parametrize(
    "page",
    [
        b"",
        b"<p>charset=big5",
        b"<!-- <meta charset=big5> -->",
        b"<!-- <meta charset=big5>",
        b'<meta name="description" content="how to write charset=big5">',
        b'<meta name="description" content="<meta charset=big5>">',
        b"<meta data-charset=big5>",
        b'<meta data-x="charset=big5">',
        b'<meta content="text/html; charset=big5">',
        b'<meta http-equiv="refresh" content="text/html; charset=big5">',
        b'<script>document.write("<meta charset=big5>")</script>',
        b"<style><meta charset=big5></style>",
        b"<title><meta charset=big5></title>",
        b"<script><meta charset=big5>",
        b"<metadata charset=big5>",
        b"</meta charset=big5>",
        b'<meta charset="big5>',
        b"<meta charset=big5",
        b"<meta charset",
        b"<meta charset=",
        b'<p><?xml version="1.0" encoding="euc-jp"?>',
        b" " * PRESCAN_BYTES + b"<meta charset=big5>",
    ],
)
def test_what_only_looks_so(page: bytes) -> None:
    assert markup_charset(page) is None


@pytest.mark.parametrize(
    "piece", [b"<meta a", b"<meta a='", b"<!--", b"<script>", b"<a ", b"=", b"<?xml ", b"<a =\t", b"charset "]
)
def test_the_prescan_is_linear_even_without_its_bound(piece: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stages.ingest.markup_charset.PRESCAN_BYTES", 1 << 30)
    assert_linear(markup_charset, lambda size: piece * size, 4_000)

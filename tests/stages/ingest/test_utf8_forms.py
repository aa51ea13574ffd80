"""What is nearly UTF-8: surrogate pairs of Java and Oracle, forms that are too long, and what only looks like them."""

from __future__ import annotations

import pytest

from stages.ingest.decode import Decoded, bad_bytes, decode_text
from stages.ingest.utf8_forms import is_written_as_utf8, regular_utf8
from tests.linear import assert_linear

GRIN = b"\xed\xa0\xbd\xed\xb8\x80"
"""CESU-8 for U+1F600."""


@pytest.mark.parametrize(
    ("data", "text", "bad"),
    [
        (b"Hi " + GRIN + b" there", "Hi 😀 there", 0),
        (GRIN + GRIN, "😀😀", 0),
        ("Grüße ".encode() + GRIN + " aus Köln".encode(), "Grüße 😀 aus Köln", 0),
        (b"cut \xed\xa0\xbd here", "cut \ufffd here", 1),
        ("Grüße \ufffd ".encode() + b"\xed\xb8\x80 und", "Grüße \ufffd \ufffd und", 1),
        (b"\xed\xb8\x80\xed\xa0\xbd x", "\ufffd\ufffd x", 2),
        (b"a Java\xc0\x80string", "a Java\ufffdstring", 1),
        ("né ".encode() + b"..\xc0\xaf..\xc0\xaf ici", "né ..\ufffd..\ufffd ici", 2),
        (b"long \xe0\x80\xaf and \xf0\x80\x80\xaf", "long \ufffd and \ufffd", 2),
        (b"beyond \xf4\x90\x80\x80 and \xf8\x88\x80\x80\x80", "beyond \ufffd and \ufffd", 2),
        ("Ещё ".encode() + GRIN + b"\xff", "Ещё 😀\ufffd", 1),
    ],
)
def test_nearly_utf_8_is_read_as_it(data: bytes, text: str, bad: int) -> None:
    for labels in ([], ["iso-8859-1"]):
        read = decode_text(data, labels)
        assert (read, bad_bytes(data, read)) == (Decoded(text, "utf-8"), bad)


@pytest.mark.parametrize(
    ("data", "label", "text", "codec"),
    [
        (b"a caf\xe9", None, "a café", "cp1252"),
        (b"\x93VOIL\xc0\x94", None, "“VOILÀ”", "cp1252"),
        (b"De aqu\xed\xa0\xbb dijo", None, "De aquí\xa0» dijo", "cp1252"),
        (b"\xc0\xa0la carte", None, "À\xa0la carte", "cp1252"),
        ("유 text".encode("cp949"), "euc-kr", "유 text", "cp949"),
        ("Нет, «нет», и снова нет".encode("cp1251"), None, "Нет, «нет», и снова нет", "cp1251"),
    ],
)
def test_other_encodings_are_no_utf_8_for_a_form_in_them(
    data: bytes, label: str | None, text: str, codec: str
) -> None:
    assert decode_text(data, [label]) == Decoded(text, codec)


def test_regular_bytes() -> None:
    assert regular_utf8("Ж 😀".encode()) == "Ж 😀".encode()
    assert regular_utf8(GRIN + b"\xed\xa0\xbd \xc0\x80") == "😀".encode() + b"\xff \xff"
    assert (is_written_as_utf8(GRIN + b"\xc0\x80"), is_written_as_utf8(GRIN + b"\xe9")) == (True, False)


@pytest.mark.parametrize("piece", [GRIN, b"\xed\xa0\xbd", b"\xc0\x80", b"\xf8\x88", b"\xed\xa0"])
def test_regular_utf8_is_linear(piece: bytes) -> None:
    assert_linear(regular_utf8, lambda size: piece * size, 50_000)

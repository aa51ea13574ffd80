"""UTF-8 that was read in an encoding of one byte and written as UTF-8 again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.ingest.doubled import read_twice

TEXT = "It\u2019s “quite” naïve — 東京"


def doubled(text: str, codec: str) -> str:
    """What a reader of `codec` makes of the text's UTF-8; bytes that Windows-1252 lacks stand for themselves."""
    return "".join(
        bytes([byte]).decode(codec) if byte not in b"\x81\x8d\x8f\x90\x9d" else chr(byte)
        for byte in text.encode()
    )


@pytest.mark.parametrize("codec", ["latin-1", "cp1252"])
def test_a_text_that_was_encoded_twice_is_read_twice(codec: str) -> None:
    assert read_twice(doubled(TEXT, codec)) == TEXT


@pytest.mark.parametrize(
    "text",
    [
        "plain",
        TEXT,
        "Ça coûte déjà très cher : «à côté»",
        "A não ser que a ação vá à frente, São João",
        "écrit Ã© et Ã¨ pour é et è",
        "one Ã© alone",
        doubled(TEXT, "latin-1") + " é",
        doubled(TEXT, "latin-1") + " 東",
        doubled(TEXT, "latin-1") + " \ufffd",
    ],
)
def test_what_is_not_all_encoded_twice_stays(text: str) -> None:
    assert read_twice(text) == text


@given(st.text(st.characters(min_codepoint=1, exclude_categories=("Cs",))))
def test_a_text_comes_back(text: str) -> None:
    few = sum(character > "\x7f" for character in text) < 2
    assert few or read_twice(doubled(text, "latin-1")) == text

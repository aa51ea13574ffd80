"""Text for a terminal: what would act there is shown, all else stays."""

from __future__ import annotations

import unicodedata

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.core.printing import printable, printable_json, printable_text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain é 漢字 😀\ttab", "plain é 漢字 😀\ttab"),
        ("\x1b[2Jgone\x1b]0;title\x07", "\\x1b[2Jgone\\x1b]0;title\\x07"),
        ("a\r\nb\x00\x7f\x9b31m", "a\\r\\nb\\x00\\x7f\\x9b31m"),
        ("abc\u202egnp.exe\u2066\u200f", "abc\\u202egnp.exe\\u2066\\u200f"),
        ("a\u2028b\ud800", "a\\u2028b\\ud800"),
        ("[red]not red[/red] [/]", "[red]not red[/red] [/]"),
        ("s3://key:secret@bucket/x", "s3://***@bucket/x"),
    ],
)
def test_what_would_act_is_shown(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_text_keeps_its_lines() -> None:
    assert printable_text("a\nb\r\n\x1b") == "a\nb\\r\n\\x1b"


@given(st.text())
def test_a_line_is_one_line_that_can_be_written_and_says_nothing_to_a_terminal(text: str) -> None:
    line = printable(text)
    assert line.splitlines() in ([line], [])
    assert not any(unicodedata.category(c) == "Cc" for c in line.replace("\t", ""))
    line.encode()


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])).filter(lambda text: "://" not in text))
def test_json_says_the_same_and_nothing_to_a_terminal(text: str) -> None:
    line = printable_json(orjson.dumps([text]).decode())
    assert orjson.loads(line) == [text]
    assert not any(unicodedata.category(c) == "Cc" or c in "\u202e\u2066\u2028" for c in line)

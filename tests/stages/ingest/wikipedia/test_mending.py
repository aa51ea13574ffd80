"""What removal leaves: brackets, commas and spaces around a mark of removal; nothing else is touched."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.ingest.wikipedia.mending import GONE, mend
from stages.ingest.wikipedia.names import Namespaces
from stages.ingest.wikipedia.wikitext import plain_text

NAMESPACES = Namespaces.of({})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Berlin (@) is", "Berlin is"),
        ("Berlin (@; @), city", "Berlin, city"),
        ("Berlin ( – @ ) is", "Berlin is"),
        ("Berlin (@, capital) is", "Berlin (capital) is"),
        ("Berlin (capital, @) is", "Berlin (capital) is"),
        ("Berlin（@、首都）は", "Berlin（首都）は"),
        ("life (@–1990)", "life (–1990)"),
        ("a @, b", "a, b"),
        ("a, @, b", "a, b"),
        ("a; @, b", "a; b"),
        ("2009, @.", "2009."),
        ("word @.", "word."),
        ("end.@. Next", "end. Next"),
        ("end. @. Next", "end. Next"),
        ("end.@ . Next", "end. Next"),
        ("and so on.@... more", "and so on.... more"),
        ("mot @ : suite", "mot : suite"),
        ("word @: more", "word: more"),
        ("a @ b", "a  b"),
        ("@, then", "then"),
        ("x\n* @ – foo", "x\n* foo"),
        ("x\n: @ text", "x\n: text"),
        ("C# @, F#", "C#, F#"),
        ("@@", ""),
    ],
)
def test_places_of_removal_are_mended(text: str, expected: str) -> None:
    assert mend(text.replace("@", GONE)) == expected


@given(st.text("ab ,;:.()–[]\n*#" + GONE, max_size=40))
def test_marks_go_and_words_stay(text: str) -> None:
    mended = mend(text)
    assert GONE not in mended
    assert [c for c in mended if c in "ab"] == [c for c in text if c in "ab"]


@given(st.text("ab ,;:.()–[]\n*#", max_size=40))
def test_text_that_lost_nothing_stays(text: str) -> None:
    assert mend(text) == text


@pytest.mark.parametrize(
    ("wikitext", "expected"),
    [
        ("call <code>main()</code> or f( )", "call main() or f( )"),
        ("a, <!-- x -->, b", "a, b"),
        ("musei.<ref name=a/> . Ansambl", "musei. Ansambl"),
        ("e.g.,<ref name=a />) these", "e.g.) these"),
        ("(see [[File:x.jpg]], [[a]])", "(see, a)"),
        ("born ([[de:X]]) in", "born in"),
        ("a {{x}}&nbsp;, b", "a, b"),
        ("Press, {{ISBN|3}}.", "Press."),
        ("* {{flagicon|USA}} - [[LA]]\n* {{x}}\n* b", "LA\nb"),
    ],
)
def test_in_wikitext(wikitext: str, expected: str) -> None:
    assert plain_text(wikitext, NAMESPACES) == expected

"""Boxes of HTML editions that hold notes of those who made them."""

from __future__ import annotations

import pytest

from stages.ingest.books.xhtml import chapter_text
from tests.linear import assert_linear

NOTE = (
    '<div class="box" id="note"><p>Au lecteur.</p><p>Ce livre électronique reproduit le texte original.</p>'
    "<p>PREMIÈRE PARTIE</p><p>Page 11: «dan» remplacé par «dans».</p></div>"
)


def text_of(html: str) -> str:
    return " ".join(chapter_text(f"<html><body>{html}</body></html>").split())


@pytest.mark.parametrize(
    "box",
    [
        NOTE,
        '<div class="mynote"><p><span>Transcriber&rsquo;s Note</span></p><p>Spelling was kept.</p></div>',
        "<table><tr><td>Transcriber's note: Spelling was kept.</td></tr></table>",
        "<div><div><h2>Transcriber's Notes</h2></div><ul><li>Page 3: x</li><li>Page 4: y</li></ul></div>",
        "<blockquote>Opmerkingen van de bewerker: spelling is gewijzigd.</blockquote>",
        "<div><div>Errata (noted by transcriber)</div><p>text unchanged: hyphenated</p></div>",
    ],
)
def test_a_box_with_a_makers_note_goes(box: str) -> None:
    assert text_of(f"<div>{box}<h1>A TALE</h1><p>It was dark.</p></div>") == "A TALE It was dark."
    assert text_of(f"<h1>A TALE</h1><p>It was dark.</p>{box}") == "A TALE It was dark."


def test_a_paragraph_that_only_links_to_a_note_goes_with_it() -> None:
    links = '<p><a href="#note">Au lecteur</a></p><p>See <a href="#note">the note</a>.</p><p><a href="#x">X</a></p>'
    assert text_of(f"{links}<h1>A TALE</h1>{NOTE}") == "See the note. X A TALE"


@pytest.mark.parametrize(
    "own",
    [
        "<div><p>Note au lecteur</p><p>L'auteur a corrigé son livre.</p></div>",
        "<div><p>The transcriber came.</p><p>He wrote.</p></div>",
        "<div><p>Transcriber's Note</p></div><p>It was dark.</p>",
        "<div><h2>Transcriber's Note</h2><h2>CHAPTER I</h2><p>It was dark.</p></div>",
        "<div><p>Transcriber's Notes</p><p>It was dark.</p><p>He came.</p><p>She sang.</p></div>",
    ],
)
def test_a_box_of_the_books_own_stays(own: str) -> None:
    bare = own.replace("<h2>", "<p>").replace("</h2>", "</p>").replace("<div>", "").replace("</div>", "")
    assert text_of(f"{own}<p>transcribed</p>") == text_of(f"{bare}<p>transcribed</p>")


@pytest.mark.parametrize("unit", ["<div>Transcriber's note ", "<div><p>Transcriber's note: kept</p></div>"])
def test_many_boxes_take_linear_time(unit: str) -> None:
    assert_linear(chapter_text, lambda count: f"<body>{unit * count}", 200)

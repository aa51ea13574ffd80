"""What makers of electronic texts put on and before a book's title page, and what only looks like it."""

from __future__ import annotations

import pytest

from stages.ingest.books.credits import without_leading_credits
from tests.linear import assert_linear

TITLE = "A BOOK\n\nby A. Writer"
BODY = "CHAPTER I\n\nIt was a dark night."


@pytest.mark.parametrize(
    "credit",
    [
        "Etext prepared by J. Doe, doe@example.org\n      and K. Roe, Roe Editing",
        "Scanned and proofed by J. Doe",
        "Transcribed from the 1914 edition by J. Doe, email doe@example.org",
        "Produced by J. Doe and the Distributed Proofreaders",
        "This eBook was edited by J. Doe",
        "Original Transcriber's Notes:\n\nThis text is a combination of two.\n\nIn chapter 2 we substituted a letter.",
        "Transcriber's Note: Hyphenation is as printed.\n\nPunctuation was corrected.",
        "[This electronic edition was copied from a site.\n\nIt may be copied.]",
        "[This text is for users whose text readers\ncannot use Unicode.]",
        "Edition 1, (October 12, 2005)",
        "Cover image created by the transcriber and placed in the public domain.",
        "Please see the Transcriber's Notes at the end.",
    ],
)
def test_what_the_makers_put_below_a_title_goes(credit: str) -> None:
    assert without_leading_credits(f"{TITLE}\n\n{credit}\n\n\n{BODY}") == f"{TITLE}\n\n{BODY}"


@pytest.mark.parametrize(
    "own",
    [
        "Produced by C. Frohman at the Empire Theatre",
        "Edited by J. Doe",
        "Transcribed by F. Liszt",
        "[1849 edition]",
        "Edition 3, 1905",
        "The cover of the chest was of oak.",
        "NOTE TO THE READER\n\nThe spelling was corrected.",
        "Note au lecteur\n\nL'auteur a corrigé son livre.",
        "This book is for all, and its text was printed in 1900.",
        "Edited and scanned was the field; he saw it all.",
    ],
)
def test_what_a_book_has_below_its_title_stays(own: str) -> None:
    body = f"{TITLE}\n\n{own}\n\n\n{BODY}"
    assert without_leading_credits(body) == body


def test_credits_below_the_first_long_paragraph_stay() -> None:
    body = f"{TITLE}\n\n{'It was a dark night. ' * 30}\n\nEtext prepared by J. Doe\n\n{BODY}"
    assert without_leading_credits(body) == body


@pytest.mark.parametrize(
    "first",
    [
        "Transcriber's Note:\n\nSpelling was kept.\n\nHyphenation is as printed.\n\nErrors have been corrected.",
        "Transcriber's Note: Spelling was kept.\n\nPunctuation was repaired.",
        "This e-text comes in two forms: Unicode (UTF-8) and Latin-1.",
        "The cover was made by the transcriber for this e-book.",
        "A list of changes is in the Transcriber's Notes at the end.",
        "J. Doe <doe@example.org>",
        "PRODUCED BY J. DOE AND DISTRIBUTED PROOFREADERS",
        "Converted to HTML by J. Doe",
        "Prepared for the Web by J. Doe",
        "Special thanks for the scans to J. Doe",
        "E-text submitted to the archive",
        "This book is available at http://example.org in Word format.",
        "Produced by J. Doe\n\n* * * * *\n\n  * * *",
    ],
)
def test_whole_notes_before_a_book_go(first: str) -> None:
    assert without_leading_credits(f"{first}\n\n\n{TITLE}\n\n{BODY}") == f"{TITLE}\n\n{BODY}"


@pytest.mark.parametrize(
    "first",
    [
        "Edited by J. Doe",
        "EDITED WITH NOTES BY J. DOE",
        "Compiled from the best sources",
        "Revised by the author",
        "GUTENBERG\n\nAND THE ART OF PRINTING",
        "COVER DESIGN BY J. DOE",
        "See how they run",
        "PREPARED FOR THE STAGE BY J. DOE",
        "THANKS TO GOD",
        "Thanks for the memory",
        "Updated to 1905",
        "Submitted to the Senate",
        "Converted to Islam",
        "Note: The original manuscript is lost.",
    ],
)
def test_a_title_page_that_begins_with_editors_stays(first: str) -> None:
    assert without_leading_credits(f"{first}\n\n{TITLE}\n\n{BODY}") == f"{first}\n\n{TITLE}\n\n{BODY}"


def test_a_note_ends_where_the_title_page_begins() -> None:
    note = "Transcriber's Note:\n\nSpelling was kept."
    title = "A BOOK\n\nWITH ILLUSTRATIONS BY J. DOE"
    assert without_leading_credits(f"{note}\n\n\n\n\n{title}\n\n{BODY}") == f"{title}\n\n{BODY}"
    assert without_leading_credits(f"{note}\n\n{title}\n\n{BODY}") == f"{title}\n\n{BODY}"


def test_letters_before_the_first_folio_go() -> None:
    letters = (
        "Executive Director's Notes:\n\nHere are the first lines:\n\n  Barnardo. Who's there?\n\n***\n\n"
        "So, here is the play.\n\nM. Doe\nProject Gutenberg\nExecutive Director\n\n\n***\n\n\n"
        "Scanner's Notes: What this is.  This was taken from a folio.\n\nThe long s is s.\n\n"
        "My email address is roe@example.org.  I hope you enjoy it.\n\nJohn Roe"
    )
    play = "The Tragedie of Hamlet\n\nActus Primus.\n\n  Barnardo. Who's there?"
    assert without_leading_credits(f"{letters}\n\n{play}") == play
    unsigned = "Scanner's Notes: Spelling was kept."
    assert without_leading_credits(f"{unsigned}\n\n\n{play}") == play


@pytest.mark.parametrize("unit", ["Produced by ", "a@", "w" * 50, "Cover the ", "this text is ", "was left "])
def test_hostile_front_matter_takes_linear_time(unit: str) -> None:
    assert_linear(without_leading_credits, lambda count: f"A BOOK\n\n{unit * count}\n\n{BODY}", 4_000)


LEGEND = "TRANSCRIBER'S NOTES\n\n\nItalics are _so_.\n\nBraces: a chord {a c}\n\n[L]  = Longa\n\n[3/4: 4 4]"


def test_a_legend_of_signs_goes_up_to_the_large_gap() -> None:
    assert without_leading_credits(f"{LEGEND}\n\n\n\n\n{TITLE}\n\n{BODY}") == f"{TITLE}\n\n{BODY}"


@pytest.mark.parametrize("own", ["ENGLISH LIBRARY", "To my wife", "* * *\n\nFirst words: so"])
def test_a_legend_with_other_words_in_it_is_no_legend(own: str) -> None:
    note = "TRANSCRIBER'S NOTES\n\nThe signs are explained."
    assert without_leading_credits(f"{note}\n\n{own}\n\n[L]  = Longa\n\n\n\n\n{TITLE}").endswith(
        f"{own.rpartition('* * *')[2].lstrip()}\n\n[L]  = Longa\n\n\n\n\n{TITLE}"
    )


def test_a_note_in_brackets_goes_with_the_brackets_in_it() -> None:
    note = "[Transcriber's Note:\n\nThe volume [see below] also held\nanother.\n\nErrors [sic] are listed.]"
    assert without_leading_credits(f"{note}\n\n\n{TITLE}\n\n{BODY}") == f"{TITLE}\n\n{BODY}"
    torn = "[Transcriber's Note: The end of this\n\nis torn.\n\nIt rained."
    assert without_leading_credits(f"{torn}\n\n{BODY}") == f"is torn.\n\nIt rained.\n\n{BODY}"

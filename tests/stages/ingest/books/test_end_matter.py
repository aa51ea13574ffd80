"""What makers of electronic texts put behind a book, and what of the book stands there."""

from __future__ import annotations

import pytest

from stages.ingest.books.end_matter import without_title_at_end, without_trailing_notes
from tests.linear import assert_linear

BOOK = "\n\n".join(f"Paragraph {number} of the book." for number in range(40))
ROW = "       *       *       *       *       *\n           *       *       *       *"


@pytest.mark.parametrize(
    "notes",
    [
        f"{ROW}\n\nErrata Noted by Transcriber:\n\n  Spelling Unchanged:\n    contreband\n\n{ROW}\n\nText 2 is corrected.",
        f'{ROW}\n\n\nErrata\n\nVariation between "æ" and "ae" is unchanged.\n\n  When nox gives way to lûx  [lux]',
        "Au lecteur.\n\nCe livre électronique reproduit le texte original.\n\nPage 11: «dan» remplacé par «dans».",
        "Transcriber's Corrections:\n\nPage 3: foo changed to bar.",
        "Digitizer's Notes\n\nSpelling was kept.",
        "Anmerkungen des Bearbeiters\n\nDie Rechtschreibung ist alt.",
        "Note au lecteur\n\nL'orthographe a été conservée.",
        "Errors and inconsistencies:\n\n  I.I  the feriæ  [feræ]\n  I.II  disagreable  [_spelling unchanged_]",
        "Lista de erros corrigidos\n\nPágina 3: foo corrigido.",
        "Transcriber's Notes:\n\n\n\n\nPage 3: foo changed to bar.\n\n\n\n\nItalics are _so_.",
    ],
)
def test_notes_of_more_kinds_behind_a_book_go(notes: str) -> None:
    assert without_trailing_notes(f"{BOOK}\n\n\n{notes}\n") == BOOK


@pytest.mark.parametrize(
    "own",
    [
        "ERRATA\n\nPage 5, line 3, for foo read bar.",
        f"{ROW}\n\nERRATA\n\nPage 5, line 3, for foo read bar.",
        "ERRATA\n\nThe spelling of the first edition is unchanged.",
        "Note au lecteur\n\nL'auteur vous salue.",
        "Anmerkungen des Bearbeiters\n\nSeite 5: Homer war blind.",
    ],
)
def test_a_books_own_lists_and_notes_to_readers_stay(own: str) -> None:
    assert without_trailing_notes(f"{BOOK}\n\n\n{own}") == f"{BOOK}\n\n\n{own}"


def test_what_stands_behind_a_note_and_a_large_gap_stays() -> None:
    note = "Transcriber's Notes:\n\nPage 3: foo changed to bar.\n\nPage 4: x changed to y."
    books = "NEW BOOKS\n\nA Tale, by J. Doe\n\nTwo Tales, by K. Roe"
    assert without_trailing_notes(f"{BOOK}\n\n\n{note}\n\n\n\n\n{books}") == f"{BOOK}\n\n\n{books}"


@pytest.mark.parametrize(
    "last",
    [
        "Etext prepared by J. Doe, doe@example.org",
        "Transcribed from the 1914 edition by J. Doe, email doe@example.org",
        "Please report any typos to the archive.",
        "Corrections can be sent by email.",
        "The cover image was created by the transcriber and is placed in the public domain.",
    ],
)
def test_credits_behind_a_book_go(last: str) -> None:
    assert without_title_at_end(f"{BOOK}\n\n{last}\n").rstrip() == BOOK


@pytest.mark.parametrize(
    "last",
    [
        "Printed by J. Doe, Bungay",
        "Scanned by the eye of heaven",
        "Edited by J. Doe",
        "Produced by J. Doe",
        "The cover was shut.",
        "If you find any errors, dear reader, forgive them.",
        "Comments are welcome, he said.",
        "Please report any errors to the author, 5 High Street.",
    ],
)
def test_a_books_own_last_lines_stay(last: str) -> None:
    assert without_title_at_end(f"{BOOK}\n\n{last}") == f"{BOOK}\n\n{last}"


@pytest.mark.parametrize("unit", ["Errata\n\n", "* * *\n\nErrors\n\n", "\n\n\n\nword"])
def test_hostile_end_matter_takes_linear_time(unit: str) -> None:
    assert_linear(without_trailing_notes, lambda count: "Transcriber's Notes:\n\n" + unit * count, 2_000)

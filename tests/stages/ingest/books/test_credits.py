"""What stands before and behind a book's own words, paragraph by paragraph."""

from __future__ import annotations

import pytest

from stages.ingest.books.credits import without_leading_credits
from stages.ingest.books.end_matter import without_title_at_end, without_trailing_notes
from stages.ingest.books.gutenberg import split_book

BOOK = "A BOOK\n\nIt was a dark night.\n\nThe end of it."


@pytest.mark.parametrize(
    "first",
    [
        "E-text prepared by J. Doe",
        "HTML version by J. Doe",
        "* * * * *\n\nProduced by J. Doe",
        "[Transcriber's Note:\n\nSpelling was kept.]",
        "TRANSCRIBER'S NOTES:\n\n  Spelling was kept.\n\n  So were dashes.",
        "Produit par J. Doe\n\nScanned by K. Roe",
    ],
)
def test_credits_and_notes_before_a_book_go(first: str) -> None:
    assert without_leading_credits(f"{first}\n\n\n{BOOK}") == BOOK


@pytest.mark.parametrize("first", ["* * * * *", "Produced plays were few.", "[Illustration]"])
def test_a_books_own_first_paragraph_stays(first: str) -> None:
    assert without_leading_credits(f"{first}\n\n{BOOK}") == f"{first}\n\n{BOOK}"


@pytest.mark.parametrize(
    "last", ["*Project Gutenberg Etext of A Book*", "We need your donations more than ever!"]
)
def test_the_archives_own_last_lines_go(last: str) -> None:
    assert without_title_at_end(f"{BOOK}\n\n{last}\n").rstrip() == BOOK


def test_notes_behind_a_book_go_to_their_end() -> None:
    body = "\n\n".join(f"Paragraph {number} of the book." for number in range(40))
    assert without_trailing_notes(f"{body}\n\n* * *\n\nTranscriber's Notes\n\nPage 5: x\n") == body
    assert (
        without_trailing_notes(f"{body}\n\nThe notes of a transcriber.")
        == f"{body}\n\nThe notes of a transcriber."
    )


@pytest.mark.parametrize(
    "notes",
    [
        "Transcriber's Notes:\n\nObvious typos fixed.",
        "TRANSCRIBER'S NOTE\n\n  Page 5: foo changed to bar.\n\n  Page 6: x.\n\n  Page 7: y.\n\n  Page 8: z.",
        "[Transcriber's Note: typos [sic]\n\nkept]",
        "Anmerkungen zur Transkription:\n\nFehler wurden korrigiert.",
        "* * * * *\n\nNota del Transcriptor:\n\nErrores corregidos.",
    ],
)
def test_notes_behind_a_short_book_go(notes: str) -> None:
    assert without_trailing_notes(f"{BOOK}\n\n\n{notes}\n") == BOOK


@pytest.mark.parametrize(
    ("last", "kept"),
    [
        ("[Transcriber's Note: one word is illegible.]\n\nThe rest of it.", None),
        ("Transcriber's Note: a page is lost.\n\nINDEX\n\nAdam, 5", "INDEX\n\nAdam, 5"),
        (
            "Transcriber's Note: a page is lost.\n\nHe went.\n\nShe came.\n\nThey sat.\n\nAll slept.",
            "He went.\n\nShe came.\n\nThey sat.\n\nAll slept.",
        ),
    ],
)
def test_what_stands_behind_a_note_on_one_place_stays(last: str, kept: str | None) -> None:
    body = "\n\n".join(f"Paragraph {number} of the book." for number in range(40))
    whole = f"{body}\n\n{last}"
    assert without_trailing_notes(whole) == (whole if kept is None else f"{body}\n\n\n{kept}")


def test_a_note_in_brackets_costs_nothing_behind_it() -> None:
    end = "\n\n*** END OF THIS PROJECT GUTENBERG EBOOK A TALE ***\n"
    body = "\n\n".join(f"Paragraph {number} of the book." for number in range(40))
    text = split_book(f"{HEAD}{body}\n\n[Transcriber's Note: torn.]\n\nThe rest of it.{end}").text
    assert text == f"{body}\n\n\n\nThe rest of it."


@pytest.mark.parametrize(
    "first",
    [
        "OCR and proofing by J. Doe",
        "Etext by J. Doe",
        "Transcriber: J. Doe",
        "Page scan source: a library",
        "Book images from the Internet Archive",
        "[Redactor's Note: This is the first edition.]",
        "[TN: Spelling was kept.]",
        "Ce livre a été produit par J. Doe",
        "Dieser Text wurde von J. Doe erstellt",
        "Dit boek is geproduceerd door J. Doe",
        "Livro produzido por J. Doe",
        "Tuottanut J. Doe",
        "Anmerkungen zur Transkription:\n\nDie Schreibung blieb.",
        "Notes sur la transcription: l'orthographe.",
        "Note del trascrittore: x",
        "Noten van de bewerker: x",
    ],
)
def test_credits_and_notes_of_more_wordings_and_languages_go(first: str) -> None:
    assert without_leading_credits(f"{first}\n\n\n{BOOK}") == BOOK


@pytest.mark.parametrize(
    "first",
    ["Translations by J. Doe", "Le livre a été écrit par moi.", "Au lecteur", "We thank Heaven.", "Notes"],
)
def test_a_first_paragraph_that_only_sounds_like_credits_stays(first: str) -> None:
    assert without_leading_credits(f"{first}\n\n{BOOK}") == f"{first}\n\n{BOOK}"


def test_the_end_of_an_etext_goes_and_the_end_of_a_tale_stays() -> None:
    assert without_title_at_end(f"{BOOK}\n\nEnd of this Etext\n").rstrip() == BOOK
    assert without_title_at_end(f"{BOOK}\n\nThe End of the Tale") == f"{BOOK}\n\nThe End of the Tale"


HEAD = "The Project Gutenberg EBook of A Tale\n\n*** START OF THIS PROJECT GUTENBERG EBOOK A TALE ***\n\n"


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        ("[Illustration]\n\nProduced by Juliet\n\nA TALE\n\nOnce.", "[Illustration]\n\nA TALE\n\nOnce."),
        (
            "[Illustration: Cover]\n\n[Illustration]\n\nE-text prepared by Ada\n\nA TALE\n\nOnce.",
            "[Illustration: Cover]\n\n[Illustration]\n\nA TALE\n\nOnce.",
        ),
        ("[Illustration]\n\nA TALE\n\nProduced by Juliet", "[Illustration]\n\nA TALE\n\nProduced by Juliet"),
        ("Produced by Juliet\n\n[Illustration]\n\nA TALE", "[Illustration]\n\nA TALE"),
    ],
)
def test_credits_behind_pictures(body: str, kept: str) -> None:
    assert split_book(HEAD + body + "\n\n*** END OF THIS PROJECT GUTENBERG EBOOK A TALE ***\n").text == kept


def test_the_line_with_the_file_s_name_as_the_only_end() -> None:
    line = "***** This file should be named 123.txt or 123.zip *****\n"
    footer = (
        line + "This and all associated files of various formats will be found in:\n http://x/\n\nUpdated.\n"
    )
    assert split_book(HEAD + "A TALE\n\nOnce.\n\n" + footer).text == "A TALE\n\nOnce."
    assert split_book(
        HEAD + "A TALE, long\n\n" + "Once more.\n" * 9 + line
    ).text == "A TALE, long\n\n" + "\n".join(["Once more."] * 9)
    old = line + "Corrected EDITIONS get a new NUMBER.\n\nA TALE\n\n" + "Once more.\n" * 40
    assert split_book(HEAD + old).text == old.strip()

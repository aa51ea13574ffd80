"""What the archive adds around a book, by kind: small print behind it, headers without marks, credits, notes, appeals."""

from __future__ import annotations

import io
import zipfile

import pytest

from stages.ingest.archives import BytesFile
from stages.ingest.books.gutenberg import split_book
from stages.ingest.books.stage import BooksIngest
from stages.ingest.books.xhtml import chapter_text
from stages.ingest.raw import Loss, RawRecord

BOOK = "A BOOK\n\nby A. Writer\n\nIt was a dark night.\n\nThe end of it."
OLD_HEADER = """The Project Gutenberg EBook of A Book, by A. Writer

Copyright laws are changing all over the world. Be sure to check the
copyright laws for your country before redistributing this file.

This header should be the first thing seen when viewing this Project
Gutenberg file.  Please do not remove it.

Please read the "legal small print," and other information about the
eBook and Project Gutenberg at the bottom of this file.

**Welcome To The World of Free Plain Vanilla Electronic Texts**

**eBooks Readable By Both Humans and By Computers, Since 1971**

*****These eBooks Were Prepared By Thousands of Volunteers!*****


Title: A Book

Author: A. Writer

Release Date: January, 2003 [EBook #98]
[Yes, we are more than one year ahead of schedule]
[This file was first posted on November 28, 2002]

Edition: 10

Language: English

Character set encoding: ASCII

"""
SMALL_PRINT = """
***START** SMALL PRINT! for COPYRIGHT PROTECTED EBOOKS ***

Why is this "Small Print!" statement here?  You know: lawyers.

*END THE SMALL PRINT! FOR PUBLIC DOMAIN EBOOKS*Ver.02/11/02*END*
"""
START_SMALL_PRINT = SMALL_PRINT.replace("***START** SMALL", "***START**THE SMALL")
START = "*** START OF THE PROJECT GUTENBERG EBOOK A BOOK ***\n\n"
END = "\n\n*** END OF THE PROJECT GUTENBERG EBOOK A BOOK ***\n"


@pytest.mark.parametrize("small_print", [SMALL_PRINT, START_SMALL_PRINT])
@pytest.mark.parametrize("end", ["End of the Project Gutenberg EBook of A Book, by A. Writer\n", ""])
def test_small_print_behind_a_short_book_without_a_start(small_print: str, end: str) -> None:
    found = split_book(f"{OLD_HEADER}\n\n{BOOK}\n\n{end}\n{small_print}")
    assert (found.text, found.is_gutenberg) == (BOOK, True)
    assert (found.fields["title"], found.fields["gutenberg_id"]) == ("A Book", "98")


def test_small_print_before_a_book_stays_a_start() -> None:
    assert (
        split_book(f"{OLD_HEADER}{START_SMALL_PRINT}\n{BOOK}\n\nEnd of Project Gutenberg's A Book\n").text
        == BOOK
    )


@pytest.mark.parametrize(
    "last",
    [
        "*The Project Gutenberg Etext of A Book, by A. Writer*",
        "End of The Project Gutenberg Etext of A Book",
        "Here ends the Project Gutenberg Etext of A Book",
        "Ende dieses Projekt Gutenberg Etextes A Book",
        'Ende dieses Projekt Gutenberg Etextes "A\nBook", von A. Writer',
        "Fine del progetto Gutenberg Etext di A Book",
        "This is the end of the Project Gutenberg edition.",
        "If you find any errors in this etext, please write to us.",
        "We need your donations more than ever!",
        "[Transcriber's Note: The spelling\n\nof the original was kept.]",
    ],
)
def test_last_lines(last: str) -> None:
    assert split_book(f"{START}{BOOK}\n\n{last}\n").text == BOOK


@pytest.mark.parametrize(
    "first",
    [
        ".. pgheader::",
        "Etext reformatted by J. Doe",
        "HTML version by J. Doe",
        "Special thanks are due to the library.",
        "Many thanks to J. Doe for the scans.",
        "E-text prepared by J. Doe, with OCR",
        "This etext was keyed by J. Doe <j@example.org>",
        "[Transcriber's Note: The spelling of the original was kept.]",
        "NOTES ON THE ETEXT:\n\nItalics are in capitals.",
        "Note on this electronic text: italics are in capitals.",
        "We need your donations more than ever!",
        "*The Project Gutenberg Etext of A Book*",
    ],
)
def test_first_paragraphs(first: str) -> None:
    assert split_book(f"{START}{first}\n\n{BOOK}{END}").text == BOOK


def test_first_paragraphs_of_a_book_stay() -> None:
    for first in (
        "Thanks, said he, and went.",
        "Edited books were dear.",
        "Notes on the text of Homer",
        "Please help me, he said.",
    ):
        assert split_book(f"{START}{first}\n\n{BOOK}{END}").text == f"{first}\n\n{BOOK}"


def test_transcribers_notes_in_brackets_go_wherever_they_stand() -> None:
    body = "He came [Transcriber's note: sic] to us.\n\n[Transcriber's Note: A map stood\nhere.]\n\nHe [the king] left."
    assert split_book(START + body + END).text.split("\n\n", 1) == [
        "He came to us.",
        "\n\nHe [the king] left.",
    ]


def test_marks_of_the_masters_in_restructured_text() -> None:
    rst = (
        ".. -*- encoding: utf-8 -*-\n\n.. meta::\n   :PG.Id: 98\n   :PG.Title: A Book\n   :DC.Creator: A. Writer\n\n"
        ".. pgheader::\n\n" + BOOK + "\n\n.. clearpage::\n\nMore.\n\n.. pgfooter::\n"
    )
    found = split_book(rst)
    assert found.text == BOOK + "\n\n\nMore."
    assert found.fields == {"gutenberg_id": "98", "title": "A Book", "author": "A. Writer"}


def test_a_text_of_others_is_kept_whole() -> None:
    text = "Title: Not a header\n\nProject Gutenberg was founded in 1971. It is a library.\n\nMore."
    assert split_book(text) == split_book(text).__class__(text, False)


PAGE = (
    f"<html lang='fr'><head><title>T</title></head><body><pre>{OLD_HEADER}</pre><p>{START}</p><h1>A</h1>"
    f"<p>10<sup>6</sup> ans</p><p>{END}</p></body></html>"
)


def read(data: bytes, name: str) -> list[RawRecord]:
    return list(BooksIngest(input=("unused",)).read(BytesFile("", name, len(data), data)))


def packed(files: dict[str, str]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return stream.getvalue()


def summary(records: list[RawRecord]) -> list[tuple[str, str]]:
    return [(r.key, r.rule if isinstance(r, Loss) else getattr(r, "text", "")) for r in records]


def test_html_editions_and_zips_are_read() -> None:
    assert summary(read(PAGE.encode(), "98-h.htm")) == [("", "A\n\n10⁶ ans")]
    (found,) = read(packed({"98-h/98-h.htm": PAGE, "98-h/images/a.png": "x"}), "98-h.zip")
    assert summary([found]) == [("", "A\n\n10⁶ ans")]
    assert (getattr(found, "language", None), getattr(found, "url", None)) == (
        "en",
        "https://www.gutenberg.org/ebooks/98",
    )
    assert summary(read(packed({"98.txt": f"{START}{BOOK}{END}"}), "98.zip")) == [("", BOOK)]
    both = packed({"a.txt": "One", "b.txt": "Two", "c.exe": "x"})
    assert summary(read(both, "both.zip")) == [("c.exe", "not_text"), ("a.txt", "One"), ("b.txt", "Two")]
    assert summary(read(packed({"a.png": "x"}), "none.zip")) == [("", "no_text")]
    assert summary(read(b"<html lang=de><p>Es war.</p>", "a.html")) == [("", "Es war.")]


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("10<sup>6</sup> and H<sub>2</sub>O", "10⁶ and H₂O"),
        ("the 4<sup>th</sup>, M<sup>r</sup>", "the 4th, Mr"),
        ("R&B, caf&eacute;&nbsp;x & y", "R&B, café x & y"),
    ],
)
def test_raised_digits_and_bare_ampersands(html: str, text: str) -> None:
    assert (
        chapter_text(f" <?xml version='1.0'?><html><body><p>{html}</p></body></html>").replace("\xa0", " ")
        == text
    )


def between_marks(body: str, end: str = "*** END OF THIS PROJECT GUTENBERG EBOOK A ***") -> str:
    return split_book(f"*** START OF THIS PROJECT GUTENBERG EBOOK A ***\n\n{body}\n\n{end}\n").text


@pytest.mark.parametrize(
    "end",
    [
        "Das Ende dieses Projekt Gutenberg Etextes",
        "Projekti Gutenberg e-kirjan A loppu",
        "*** The end of this Project Gutenberg Etext ***",
        "THE END OF PROJECT GUTENBERG ETEXT A",
        "Project Gutenberg's A, by B, ends here",
    ],
)
def test_closing_lines_with_other_first_words(end: str) -> None:
    assert (
        between_marks("It was dark.\n\nThe end of the light.", end) == "It was dark.\n\nThe end of the light."
    )


@pytest.mark.parametrize(
    "note",
    [
        "[Transcriber's note: see [A] here]",
        "[TN: x]",
        "[Note du transcripteur: x]",
        "[Anmerkung des Bearbeiters: x]",
        "{Transcriber's Note: x}",
        "(Transcriber's Note: x)",
        "[** Transcriber's Note: x]",
        "<<THIS ELECTRONIC VERSION OF THE PLAYS IS\nCOPYRIGHT 1990>>",
        "+-----+\n|     |\n| Transcriber's Note:  |\n| x |\n+-----+",
    ],
)
def test_notes_in_the_midst_of_a_book_go(note: str) -> None:
    words = between_marks(f"It was dark.\n\n{note}\n\nIt rained.").split()
    assert words == ["It", "was", "dark.", "It", "rained."]


@pytest.mark.parametrize(
    "own", ["[sic]", "[Notes of the author: x]", "+-----+\n| A shop |\n+-----+", "<<THIS>>", "(tn)"]
)
def test_a_books_own_brackets_and_boxes_stay(own: str) -> None:
    assert between_marks(f"It was dark.\n\n{own}\n\nIt rained.") == f"It was dark.\n\n{own}\n\nIt rained."


def test_a_raised_number_in_other_elements_is_raised() -> None:
    html = "<p>10<sup><i>6</i></sup> in 1850<sup><a href='#n'>3</a></sup>, 5<sup><b>th</b></sup></p>"
    assert chapter_text(html) == "10⁶ in 1850³, 5th"


@pytest.mark.parametrize("name", ["98.txt.utf-8", "98.html.images", "98.htm.utf8"])
def test_the_archives_own_names_of_downloads_are_read(name: str) -> None:
    data = b"<p>It was dark.</p>" if "htm" in name else b"It was dark."
    (record,) = BooksIngest(input=("unused",)).read(BytesFile("", name, len(data), data))
    assert not isinstance(record, Loss) and getattr(record, "text", None) == "It was dark."


def test_a_header_without_marks_that_a_page_sets_apart_goes_whole() -> None:
    header = (
        "<h1>The Project Gutenberg Etext of A Book\nby A. Writer</h1><h2>(#1 in our series by A. Writer)</h2><pre>"
        "Copyright laws are changing all over the world.\n\nKeep it on your own disk.\n\n"
        "**Etexts Readable By Both Humans and By Computers, Since 1971**\n\nThe Foundation has a number.\n\n"
        "Title: A Book\n\nRelease Date: Sep, 2001  [Etext #98]\n\nCharacter set encoding: ASCII</pre>"
    )
    own = "<p>Updates by J. Doe.</p><p>A Book</p><p>It was dark.</p><p>Character set encoding is hard.</p>"
    found = split_book(chapter_text(f"<html><body>{header}{own}</body></html>"))
    assert found.text.split("\n\n") == ["A Book", "It was dark.", "Character set encoding is hard."]
    assert (found.fields["title"], found.fields["gutenberg_id"]) == ("A Book", "98")


def test_a_title_line_alone_is_a_whole_header() -> None:
    found = split_book("The Project Gutenberg Etext of A Book\n\nIt was dark.\n\nBoth humans read.")
    assert found.text == "It was dark.\n\nBoth humans read."

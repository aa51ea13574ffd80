"""Books ingest: Gutenberg's additions off in their wordings, encodings, header fields; all real books read."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stages.ingest.books.encoding import gutenberg_charset
from stages.ingest.books.gutenberg import split_book
from stages.ingest.books.languages import language_code
from stages.ingest.books.stage import BooksIngest
from stages.ingest.raw import Loss, RawDocument, RawFile, RawRecord

STAGE = BooksIngest(input=("unused",))
HEADER = """The Project Gutenberg EBook of A Book, by A. Writer

This eBook is for the use of anyone anywhere at no cost

Title: A Book
       With a Subtitle

Author: A. Writer

Release Date: January, 1994 [EBook #98]
Posting Date: November 28, 2009

Language: {language}

Character set encoding: {encoding}

"""
START = "*** START OF THIS PROJECT GUTENBERG EBOOK A BOOK ***"
END = "*** END OF THIS PROJECT GUTENBERG EBOOK A BOOK ***"
BODY = "A BOOK\n\nby A. Writer\n\nIt was a dark night.\n\nThe end of it."
LICENSE = "\n\n***** This file should be named 98.txt *****\n\nProject Gutenberg license ...\n"


def gutenberg(
    body: str = BODY, start: str = START, end: str = END, language: str = "English", encoding: str = "UTF-8"
) -> str:
    return HEADER.format(language=language, encoding=encoding) + f"{start}\n\n\n{body}\n\n\n{end}{LICENSE}"


def read(tmp_path: Path, data: bytes, name: str = "a/98.txt", stage: BooksIngest = STAGE) -> RawRecord:
    path = tmp_path / "raw"
    path.write_bytes(data)
    (record,) = stage.read(RawFile(str(path), name, len(data)))
    return record


def test_gutenberg_book_whole(tmp_path: Path) -> None:
    assert read(tmp_path, gutenberg().replace("\n", "\r\n").encode("utf-8-sig")) == RawDocument(
        key="",
        text=BODY,
        url="https://www.gutenberg.org/ebooks/98",
        language="en",
        metadata={
            "author": "A. Writer",
            "encoding": "utf-8",
            "gutenberg": True,
            "gutenberg_id": "98",
            "language": "English",
            "released": "January, 1994",
            "title": "A Book With a Subtitle",
        },
    )


@pytest.mark.parametrize(
    "start",
    [
        "*** START OF THE PROJECT GUTENBERG EBOOK A BOOK ***",
        "***START OF THE PROJECT GUTENBERG EBOOK A BOOK***",
        "*** START OF THIS PROJECT GUTENBERG EBOOK A VERY LONG TITLE,\nWITH A SECOND LINE ***",
        "*** START OF THE COPYRIGHTED PROJECT GUTENBERG EBOOK A BOOK ***",
        "*** start of this project gutenberg etext a book ***",
        "*END*THE SMALL PRINT! FOR PUBLIC DOMAIN ETEXTS*Ver.04.29.93*END*",
        "*END THE SMALL PRINT! FOR PUBLIC DOMAIN ETEXTS*Ver.03.17.93*END*",
    ],
)
def test_trap_start_markers(start: str) -> None:
    book = split_book(gutenberg(start=start))
    assert (book.text, book.is_gutenberg) == (BODY, True)


@pytest.mark.parametrize(
    "end",
    [
        "*** END OF THE PROJECT GUTENBERG EBOOK A BOOK ***",
        "***END OF THE PROJECT GUTENBERG EBOOK A BOOK***",
        "End of the Project Gutenberg EBook of A Book, by A. Writer\n\n" + END,
        "End of Project Gutenberg's A Book, by A. Writer\n\n" + END,
        "End of Project Gutenberg’s A Book",
        "End of The Project Gutenberg Etext of A Book",
        "END OF THIS PROJECT GUTENBERG ETEXT OF A BOOK",
        "Ende dieses Project Gutenberg Etextes A Book",
        "Ende dieses Projekt Gutenberg Etextes A Book",
        "Fin de Project Gutenberg A Book, par A. Writer",
        "Fin del Proyecto Gutenberg: A Book",
        "Fim do Projecto Gutenberg A Book",
        "Einde van het Project Gutenberg EBook van A Book",
        "*** START: FULL LICENSE ***",
    ],
)
def test_trap_end_wordings_and_languages(end: str) -> None:
    assert split_book(gutenberg(end=end)).text == BODY


@pytest.mark.parametrize(
    "front",
    [
        "Produced by Judith Boss",
        "Produced by Chuck Greif, Fox in the Stars and the Online\nDistributed Proofreading Team at http://www.pgdp.net",
        "E-text prepared by A. Volunteer",
        "This etext was prepared by the PG Shakespeare Team,\na team of about twenty volunteers.",
        "Transcribed from the 1910 John Murray edition by David Price, email\nccx074@pglaf.org",
        "An Anonymous Volunteer, and David Widger",
        "HTML version prepared by A. Volunteer\n\nProduced by B. Volunteer",
        "Produced by A\n\n  *       *       *\n\n"
        "+----+\n| Transcriber's Note: |\n|                     |\n| Typos fixed.        |\n+----+",
        "[Transcriber's note: Italics are _marked_.\n\nThe spelling is kept.]",
        "Transcriber's note:\n\n      Italics are marked.\n\n      So is bold.",
        "Anmerkungen zur Transkription: Fehler wurden verbessert.",
        "Images of the original pages are available through\nInternet Archive. See\nhttp://archive.org/stream/abc",
    ],
)
def test_credits_and_notes_before_the_book(front: str) -> None:
    assert split_book(gutenberg(f"{front}\n\n\n{BODY}")).text == BODY


@pytest.mark.parametrize(
    "back",
    [
        "Transcriber's Notes\n\n\n- Page 3, comma added.\n\n- Page 9, quote added.",
        "       *       *       *\n\nTranscriber's note:\n\nSpelling has been made consistent.",
        "  +----+\n  | Typographical errors corrected in text: |\n  |    |\n  | Page xiv: amended |\n  +----+",
    ],
)
def test_notes_behind_the_book(back: str) -> None:
    body = BODY + "\n\nMore of it." * 2000
    assert split_book(gutenberg(f"{body}\n\n\n{back}")).text == body


@pytest.mark.parametrize(
    "body",
    [
        "CHAPTER I\n\nProduced by the heat, it rained.",
        "CHAPTER I\n\nMurtagh Gutenberg, Patricio Velasquez, end of list.\n\nEND OF THE FIRST BOOK\n\nBook two.",
        "* * *\n\nA book that begins with stars.",
        "He said: *** stop ***\n\nThe end.",
    ],
)
def test_the_books_own_words_stay(body: str) -> None:
    assert split_book(gutenberg(body)).text == body


def test_editor_notes_of_the_project_are_removed() -> None:
    note = (
        "[Project Gutenberg Editor's Note: There is also another version of\nthis work etext98/grexp10.txt]"
    )
    assert split_book(gutenberg(f"TITLE\n\n{note}\n\nChapter I")).text == "TITLE\n\n\nChapter I"


def test_without_a_start_marker_the_text_is_whole(tmp_path: Path) -> None:
    text = (
        "A plain book.\n\nWith Project Gutenberg named in it.\n\nEnd of the Project Gutenberg story, he said."
    )
    document = read(tmp_path, text.encode())
    assert isinstance(document, RawDocument)
    assert (document.text, document.language) == (text, None)
    assert document.metadata == {"encoding": "utf-8", "gutenberg": False, "title": "98"}


def test_the_title_of_a_plain_book_is_its_file_name(tmp_path: Path) -> None:
    document = read(tmp_path, b"Text.", "shelf 1/The_Long_Way Home.txt")
    assert isinstance(document, RawDocument)
    assert document.metadata["title"] == "The Long Way Home"


def test_small_print_at_the_end_is_no_header() -> None:
    book = split_book(
        gutenberg(
            BODY + "\n\nLine." * 9000,
            end="***START**THE SMALL PRINT!**FOR ETEXTS**START***\nx\n*END*THE SMALL PRINT! Ver.1*END*",
        )
    )
    assert book.text == BODY + "\n\nLine." * 9000


def test_header_of_the_nineties() -> None:
    header = (
        "Project Gutenberg Etext of Romeo and Juliet by Shakespeare\nPG has multiple editions\n\n"
        "Romeo and Juliet\n\nNovember, 1998 [Etext #1513]\n\n*END*THE SMALL PRINT! Ver.04.29.93*END*\n\n"
    )
    book = split_book(
        header + "ROMEO AND JULIET\n\nText.\n\nEnd of Project Gutenberg Etext of Romeo and Juliet\n"
    )
    assert book.text == "ROMEO AND JULIET\n\nText."
    assert book.fields == {
        "title": "Romeo and Juliet",
        "author": "Shakespeare",
        "gutenberg_id": "1513",
        "release date": "November, 1998",
    }


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("English", "en"),
        ("FRENCH", "fr"),
        ("german", "de"),
        ("Portuguese", "pt"),
        ("Greek, Ancient", "el"),
        ("Spanish and English", "es"),
        ("pt", "pt"),
        ("Klingon", None),
        ("", None),
    ],
)
def test_language_of_the_header(name: str, code: str | None) -> None:
    assert language_code(name) == code


@pytest.mark.parametrize(
    ("declared", "label"),
    [
        ("ISO-8859-1", "iso-8859-1"),
        ("ISO Latin-1", "iso-8859-1"),
        ("ISO-Latin-9", "iso-8859-15"),
        ("Codepage-850", "cp850"),
        ("Windows Code Page 1252", "cp1252"),
        ("Unicode UTF-8", "utf-8"),
        ("Big5", "Big5"),
    ],
)
def test_encodings_that_a_header_declares(declared: str, label: str) -> None:
    assert gutenberg_charset(f"Title: A\nCharacter set encoding: {declared}\n\né".encode("latin-1")) == label
    assert gutenberg_charset(b"Title: A\n") is None


FRENCH = "Il était une fois, près de la forêt, une fée très âgée. Où êtes-vous allés ?\n\n" * 3
CHINESE = "紅樓夢第一回甄士隱夢幻識通靈賈雨村風塵懷閨秀。\n\n此開卷第一回也，作者自云。" * 2
RUSSIAN = (
    "Все счастливые семьи похожи друг на друга, каждая несчастливая семья несчастлива по-своему.\n\n" * 3
)
JAPANESE = "国境の長いトンネルを抜けると雪国であった。夜の底が白くなった。\n\n" * 3
DECLARED = "Character set encoding: {}\n\n{}"


@pytest.mark.parametrize(
    ("data", "text", "encoding", "bad"),
    [
        (FRENCH.encode() + b"Fin de l'\xe9t\xe9.", FRENCH + "Fin de l'\ufffdt\ufffd.", "utf-8", 2),
        (b"\xe9" + FRENCH.encode() + b"Fin.", "\ufffd" + FRENCH + "Fin.", "utf-8", 1),
        (CHINESE.encode("big5") + b"\xff.", CHINESE + "\ufffd.", "big5hkscs", 1),
        (
            CHINESE[:9].encode("big5") + b"\xff" + CHINESE[9:].encode("big5"),
            CHINESE[:9] + "\ufffd" + CHINESE[9:],
            "big5hkscs",
            1,
        ),
        (
            RUSSIAN.encode("cp1251") + b"\x98.",
            RUSSIAN + "\ufffd.",
            "cp1251",
            1,
        ),
        (JAPANESE.encode("cp932") + b"\xfd.", JAPANESE + "\ufffd.", "cp932", 1),
        (b"plain", "plain", "utf-8", 0),
        ("café".encode("utf-16"), "café", "utf-16-le", 0),
        ("“café”".encode("cp1252"), "“café”", "cp1252", 0),
        (
            DECLARED.format("ISO Latin-1", "“é”").encode("cp1252"),
            DECLARED.format("ISO Latin-1", "“é”"),
            "cp1252",
            0,
        ),
        (DECLARED.format("CP-850", "né").encode("cp850"), DECLARED.format("CP-850", "né"), "cp850", 0),
        (DECLARED.format("ASCII", "café").encode(), DECLARED.format("ASCII", "café"), "utf-8", 0),
        (DECLARED.format("hex", "café").encode("cp1252"), DECLARED.format("hex", "café"), "cp1252", 0),
    ],
)
def test_encodings(tmp_path: Path, data: bytes, text: str, encoding: str, bad: int) -> None:
    found = read(tmp_path, data)
    assert isinstance(found, RawDocument)
    assert (found.text, found.metadata["encoding"]) == (text, encoding)
    assert [change.value for change in found.changes] == [bad] * (bad > 0)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.txt", "document"),
        ("A.TXT", "document"),
        ("a.txt.gz", "document"),
        ("epub", "unrecognised_file"),
        ("a.htm", "document"),
        ("a.html.gz", "document"),
        ("a.pdf", "unrecognised_file"),
        ("atxt", "unrecognised_file"),
    ],
)
def test_files_by_extension(tmp_path: Path, name: str, expected: str) -> None:
    data = gzip.compress(b"a book") if name.endswith(".gz") else b"a book"
    record = read(tmp_path, data, name)
    assert (record.rule if isinstance(record, Loss) else "document") == expected


def test_binary_file(tmp_path: Path) -> None:
    record = read(tmp_path, bytes(range(256)) * 20)
    assert isinstance(record, Loss)
    assert (record.key, record.rule, record.threshold) == ("", "encoding", 0.001)
    assert isinstance(read(tmp_path, b"a text with one\x0bcontrol\x1a" + b" and more" * 200), RawDocument)


@pytest.mark.parametrize(("chars", "kept"), [(99, False), (100, True)])
def test_min_chars(tmp_path: Path, chars: int, kept: bool) -> None:
    record = read(tmp_path, b"a" * chars, stage=BooksIngest(input=("unused",), min_chars=100))
    assert isinstance(record, RawDocument) == kept
    if isinstance(record, Loss):
        assert (record.rule, record.value, record.threshold) == ("too_short", 99, 100)


@pytest.mark.parametrize(("size", "kept"), [(1000, True), (1001, False)])
def test_too_large_file_is_not_read_into_memory(tmp_path: Path, size: int, kept: bool) -> None:
    record = read(
        tmp_path, gzip.compress(b"a" * size), "a.txt.gz", BooksIngest(input=("unused",), max_book_bytes=1000)
    )
    assert isinstance(record, RawDocument) == kept
    if isinstance(record, Loss):
        assert (record.rule, record.threshold) == ("too_large", 1000)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    words=st.lists(
        st.sampled_from(["night", "Gutenberg", "the end", "***", "[note]", "produced", "\n", "\n\n"]),
        max_size=60,
    )
)
def test_a_body_in_a_frame_of_its_own_words_stays(words: list[str]) -> None:
    body = "CHAPTER I\n\n" + " ".join(words) + "\n\nLAST LINE."
    assert split_book(gutenberg(body)).text == body


@pytest.mark.real
def test_all_real_books_have_no_boilerplate_at_head_and_tail(shared_data: Path) -> None:
    paths = sorted((shared_data / "books").glob("*/*.txt"))
    assert len(paths) > 60
    boilerplate = re.compile(
        r"project gutenberg|transcriber.?s? note|^(e-?text )?(produced|prepared) by|pgdp\.net", re.I
    )
    for path in paths:
        (record,) = STAGE.read(RawFile(str(path), path.name, path.stat().st_size))
        assert isinstance(record, RawDocument), path.name
        share = max(2000, len(record.text) // 50)
        ends = (record.text[:share] + "\n" + record.text[-share:]).split("\n")
        assert [line for line in ends if boilerplate.search(line)] == [], path.name
        assert record.metadata["gutenberg"]
        assert record.metadata["title"], path.name
        assert record.metadata["author"], path.name
        assert record.metadata["released"], path.name
        assert str(record.metadata["gutenberg_id"]) in path.parent.name or "3261" in path.name
        assert len(record.text) > 0.7 * path.stat().st_size

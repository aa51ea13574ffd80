"""EPUBs whose package is missing, broken or names nothing: read in the order of contents or names."""

from __future__ import annotations

import io
import zipfile

import pytest

from stages.ingest.archives import BytesFile
from stages.ingest.books.stage import BooksIngest
from stages.ingest.raw import Change, Loss, RawDocument, RawRecord

CONTAINER = (
    '<container><rootfiles><rootfile full-path="OEBPS/content.opf" media-type="application/oebps-package+xml"/>'
    "</rootfiles></container>"
)
NCX = (
    '<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><docTitle><text>My  Book</text></docTitle><navMap>'
    '<navPoint id="a"><content src="text/c2.xhtml"/></navPoint><navPoint id="b"><content src="text/c1.xhtml#x"/>'
    "</navPoint></navMap></ncx>"
)
NAV = '<html><body><nav><a href="text/c10.xhtml">C</a><a href="text/c1.xhtml">A</a></nav></body></html>'
CHAPTERS = {
    f"OEBPS/text/{name}.xhtml": f"<html><body><p>{text}</p></body></html>"
    for name, text in (("c10", "Ten."), ("c2", "Two."), ("c1", "One."), ("cover", "Cover."))
}
BY_NAME = "One.\n\n\nTwo.\n\n\nTen."


def epub(files: dict[str, str], mimetype: bool = True) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        if mimetype:
            archive.writestr("mimetype", "application/epub+zip", zipfile.ZIP_STORED)
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


def read(data: bytes, name: str = "b.epub") -> list[RawRecord]:
    return list(BooksIngest(input=("unused",)).read(BytesFile("", name, len(data), data)))


@pytest.mark.parametrize(
    ("files", "text", "title", "detail"),
    [
        ({}, BY_NAME, "b", "by names: no package file (.opf) in the archive"),
        (
            {"META-INF/container.xml": CONTAINER},
            BY_NAME,
            "b",
            "by names: no package file (.opf) in the archive",
        ),
        (
            {"OEBPS/content.opf": "garbage"},
            BY_NAME,
            "b",
            "by names: not well-formed (syntax error: line 1, column 0)",
        ),
        (
            {"OEBPS/toc.ncx": NCX},
            "Two.\n\n\nTen.\n\n\nOne.",
            "My Book",
            "by the table of contents: no package file (.opf) in the archive",
        ),
        (
            {"OEBPS/nav.xhtml": NAV},
            "Ten.\n\n\nOne.\n\n\nTwo.",
            "b",
            "by the table of contents: no package file (.opf) in the archive",
        ),
        ({"OEBPS/toc.ncx": "<ncx"}, BY_NAME, "b", "by names: no package file (.opf) in the archive"),
        (
            {
                "OEBPS/content.opf": '<package><metadata><title>T</title></metadata><manifest><item id="x"'
                ' href="gone.xhtml"/></manifest><spine><itemref idref="x"/></spine></package>'
            },
            BY_NAME,
            "T",
            "by names: the package lists no file that is there",
        ),
    ],
)
def test_the_order_of_a_book_without_a_package(
    files: dict[str, str], text: str, title: str, detail: str
) -> None:
    (found,) = read(epub(CHAPTERS | files))
    assert isinstance(found, RawDocument)
    assert (found.text, found.metadata["title"]) == (text, title)
    assert found.changes == (Change("reading_order", 3, detail=detail),)


def test_without_texts_the_book_is_a_row() -> None:
    (found,) = read(epub({"OEBPS/a.png": "x"}))
    assert isinstance(found, Loss)
    assert (found.rule, found.detail) == ("no_package", "no package file (.opf) in the archive")


@pytest.mark.parametrize("name", ["b.zip", "b.epub.zip", "b"])
@pytest.mark.parametrize("mimetype", [True, False])
def test_an_epub_of_another_name(name: str, mimetype: bool) -> None:
    (found,) = read(epub({"META-INF/container.xml": CONTAINER} | CHAPTERS, mimetype), name)
    assert isinstance(found, RawDocument)
    assert found.text == BY_NAME


def test_a_zip_of_pages_is_no_epub() -> None:
    assert [
        (r.key, r.text)
        for r in read(epub({"a.html": "<p>One.</p>"}, False), "b.zip")
        if isinstance(r, RawDocument)
    ] == [("", "One.")]
    (found,) = read(b"PK\x03\x04 damaged", "b")
    assert isinstance(found, Loss)
    assert found.rule == "unrecognised_file"

"""EPUB books: reading order, metadata, what is left out, and a ledger row for each part that is lost."""

from __future__ import annotations

import gzip
import io
import random
import re
import zipfile
from html import escape
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.core.errors import DamagedInputError
from stages.ingest import archives
from stages.ingest.archives import BytesFile
from stages.ingest.books.encoding import gutenberg_charset
from stages.ingest.books.epub_package import PackageError, parse_package, parse_xml
from stages.ingest.books.languages import language_of_tag
from stages.ingest.books.stage import BooksIngest
from stages.ingest.books.xhtml import as_html, chapter_text
from stages.ingest.decode import decode_text
from stages.ingest.raw import Change, Loss, RawDocument, RawFile, RawRecord
from tests.linear import assert_linear

CONTAINER = """<?xml version="1.0"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>
<rootfile full-path="OEBPS/content.opf" media-type="application/oebps-package+xml"/></rootfiles></container>"""
PACKAGE = """<?xml version="1.0" encoding="utf-8"?>
<package xmlns="http://www.idpf.org/2007/opf" version="{version}" unique-identifier="id">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:opf="http://www.idpf.org/2007/opf">{metadata}</metadata>
<manifest>{manifest}</manifest><spine>{spine}</spine><guide>{guide}</guide></package>"""
METADATA = """<dc:title>The Long
 Way</dc:title><dc:creator opf:role="aut">A. Writer</dc:creator><dc:creator opf:role="ill">An Artist</dc:creator>
<dc:creator opf:role="aut">B. Writer</dc:creator><dc:language>en-GB</dc:language>
<dc:date opf:event="conversion">2020-01-01</dc:date><dc:date opf:event="publication">1899-05-01</dc:date>
<dc:identifier id="id">urn:isbn:123</dc:identifier>"""
XHTML = "application/xhtml+xml"


def page(body: str, head: str = "<title>T</title>") -> str:
    return (
        '<?xml version="1.0" encoding="utf-8"?><!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml">'
        f"<head>{head}</head><body>{body}</body></html>"
    )


def item(name: str, media_type: str = XHTML, more: str = "") -> str:
    return f'<item id="{name}" href="text/{name}.xhtml" media-type="{media_type}" {more}/>'


def package(
    spine: list[str],
    manifest: str | None = None,
    metadata: str = METADATA,
    guide: str = "",
    version: str = "2.0",
) -> str:
    return PACKAGE.format(
        version=version,
        metadata=metadata,
        manifest="".join(map(item, spine)) if manifest is None else manifest,
        spine="".join(f'<itemref idref="{name}"/>' for name in spine),
        guide=guide,
    )


def epub(files: dict[str, str | bytes], container: str | None = CONTAINER) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/epub+zip", zipfile.ZIP_STORED)
        if container is not None:
            archive.writestr("META-INF/container.xml", container)
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


def book(chapters: dict[str, str], **options: Any) -> bytes:
    """An EPUB of these chapters, which stand in the archive the other way round."""
    files: dict[str, str | bytes] = {
        f"OEBPS/text/{name}.xhtml": page(body) for name, body in chapters.items()
    }
    return epub({"OEBPS/content.opf": package(list(chapters), **options)} | dict(reversed(files.items())))


def read(data: bytes, name: str = "shelf/b.epub", **options: Any) -> list[RawRecord]:
    return list(BooksIngest(input=("unused",), **options).read(BytesFile("", name, len(data), data)))


def summary(records: list[RawRecord]) -> list[tuple[str, str]]:
    return [
        (r.key, r.rule if isinstance(r, Loss) else r.text)
        for r in records
        if isinstance(r, Loss | RawDocument)
    ]


TWO = {"c2": "<h1>Two</h1><p>Later.</p>", "c1": "<h1>One</h1><p>First.</p>"}


def test_a_book_whole() -> None:
    assert read(book(TWO)) == [
        RawDocument(
            key="",
            text="Two\n\nLater.\n\n\nOne\n\nFirst.",
            url=None,
            language="en",
            metadata={
                "author": "A. Writer; B. Writer",
                "format": "epub",
                "gutenberg": False,
                "language": "en-GB",
                "released": "1899-05-01",
                "title": "The Long Way",
            },
        )
    ]


def test_epub_3_names_roles_apart_and_navigation_in_the_manifest() -> None:
    metadata = (
        '<dc:title>T</dc:title><dc:creator id="a">A</dc:creator><dc:creator id="b">B</dc:creator>'
        '<meta refines="#a" property="role">aut</meta><meta refines="#b" property="role">trl</meta>'
        "<dc:language>pt-BR</dc:language><dc:date>2001</dc:date>"
    )
    manifest = item("nav", more='properties="nav"') + item("cover") + item("c1")
    files = {name: page(f"<p>{name}</p>") for name in ("nav", "cover", "c1")}
    data = epub(
        {"OEBPS/content.opf": package(list(files), manifest, metadata, version="3.0")}
        | {f"OEBPS/text/{name}.xhtml": content for name, content in files.items()}
    )
    (found,) = read(data)
    assert isinstance(found, RawDocument)
    assert (found.text, found.language, found.metadata["author"]) == ("c1", "pt", "A")
    assert found.metadata["released"] == "2001"


def test_covers_and_tables_of_contents_that_the_guide_names_are_no_text() -> None:
    guide = '<reference type="toc" href="text/t.xhtml#x"/><reference type="text" href="text/c.xhtml"/>'
    assert summary(read(book({"t": "<p>Contents</p>", "c": "<p>Text.</p>"}, guide=guide))) == [("", "Text.")]


def test_a_book_without_metadata_is_named_by_its_file() -> None:
    (found,) = read(book({"c": "<p>x</p>"}, metadata=""), "a/Some_Book.epub")
    assert isinstance(found, RawDocument)
    assert (found.language, found.metadata["title"], found.metadata["author"]) == (None, "Some Book", "")


def test_a_missing_part_is_a_row_and_the_rest_is_kept() -> None:
    manifest = (
        item("c1") + item("gone") + item("c2") + '<item id="pic" href="p.svg" media-type="image/svg+xml"/>'
    )
    data = epub(
        {
            "OEBPS/content.opf": package(["c1", "gone", "nowhere", "pic", "c2"], manifest),
            "OEBPS/text/c1.xhtml": page("<p>1</p>"),
            "OEBPS/text/C2.xhtml": page("<p>2</p>"),
        }
    )
    assert summary(read(data)) == [
        ("OEBPS/text/gone.xhtml", "missing_item"),
        ("nowhere", "missing_item"),
        ("OEBPS/p.svg", "not_text"),
        ("", "1\n\n\n2"),
    ]


def test_a_damaged_part_is_a_row_and_the_rest_is_kept() -> None:
    words = random.Random(4).randbytes(3000).hex()
    data = bytearray(book({"c1": f"<p>{words}</p>", "c2": "<p>2</p>"}))
    data[data.index(b"OEBPS/text/c1.xhtml") + 500] ^= 255
    assert summary(read(bytes(data))) == [("OEBPS/text/c1.xhtml", "damaged"), ("", "2")]


def test_a_damaged_archive_is_told() -> None:
    with pytest.raises(DamagedInputError):
        read(book(TWO)[:-40])


@pytest.mark.parametrize(
    ("files", "container", "rule"),
    [
        ({"a.txt": "x"}, None, "no_package"),
        ({"a.txt": "x"}, CONTAINER, "no_package"),
        ({"OEBPS/content.opf": "<package><manifest>"}, CONTAINER, "bad_package"),
        ({"OEBPS/content.opf": "x"}, "<container", "bad_package"),
    ],
)
def test_books_without_a_package(files: dict[str, str | bytes], container: str | None, rule: str) -> None:
    assert [(key, found) for key, found in summary(read(epub(files, container)))] == [("", rule)]


def test_a_package_that_no_container_names_is_found() -> None:
    files: dict[str, str | bytes] = {"x/p.opf": package(["c"]), "x/text/c.xhtml": page("<p>x</p>")}
    assert summary(read(epub(files, None))) == [("", "x")]


LOCKED = """<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><EncryptedData xmlns="http://www.w3.org/2001/04/xmlenc#">
<EncryptionMethod Algorithm="{method}"/><CipherData><CipherReference URI="{uri}"/></CipherData>
</EncryptedData></encryption>"""


@pytest.mark.parametrize(
    ("method", "uri", "is_kept"),
    [
        ("http://www.w3.org/2001/04/xmlenc#aes128-cbc", "OEBPS/text/c1.xhtml", False),
        ("http://www.w3.org/2001/04/xmlenc#aes128-cbc", "OEBPS/fonts/f.otf", True),
        ("http://www.idpf.org/2008/embedding", "OEBPS/text/c1.xhtml", True),
    ],
)
def test_a_book_under_drm_is_no_document_and_mangled_fonts_are_no_drm(
    method: str, uri: str, is_kept: bool
) -> None:
    stream = io.BytesIO(book(TWO))
    with zipfile.ZipFile(stream, "a") as archive:
        archive.writestr("META-INF/encryption.xml", LOCKED.format(method=method, uri=uri))
    (found,) = read(stream.getvalue())
    assert isinstance(found, RawDocument) == is_kept
    if isinstance(found, Loss):
        assert (found.key, found.rule, found.detail) == ("", "encrypted", "1 of 2 parts")


def test_trap_entities_are_never_resolved() -> None:
    entity = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd"><!ENTITY f "boom">]>'
    with pytest.raises(PackageError, match="declares entities"):
        parse_xml(f"{entity}<x>&e;</x>".encode())
    with pytest.raises(PackageError, match="declares entities"):
        parse_xml(f"{entity}<x>&e;</x>".encode("utf-16"))
    xhtml = (
        f"<?xml version='1.0'?>{entity.replace(' x ', ' html ')}<html><body><p>a &e; &f; b</p></body></html>"
    )
    assert chapter_text(xhtml) == "a &e; &f; b"


@pytest.mark.parametrize(("limit", "rule"), [(5000, "too_large"), (8000, None)])
def test_a_bomb_is_not_unpacked(limit: int, rule: str | None) -> None:
    found = read(book({"c1": "<p>x</p>" + " " * 3000, "c2": "<p>y</p>" + " " * 3000}), max_book_bytes=limit)
    assert [r.rule if isinstance(r, Loss) else None for r in found] == [rule]


def test_one_part_larger_than_the_bound_is_a_row() -> None:
    found = read(book({"c1": "<p>x</p>", "c2": " " * 9000}), max_book_bytes=5000)
    assert summary(found) == [("OEBPS/text/c2.xhtml", "too_large"), ("", "x")]


def test_trap_self_closing_elements_do_not_swallow_the_chapter() -> None:
    body = '<p><a id="p1"/>One<br/>two<i/> three.</p><script src="x.js"/><p>Four.</p>'
    assert chapter_text(page(body, "<title/>")) == "One\ntwo three.\n\nFour."


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("<h2>I.<br/>THE END</h2><p>a\n  b</p><p>c</p>", "I.\nTHE END\n\na b\n\nc"),
        ("<p>x<span class='pagenum'>[Pg 5]</span>y</p><nav><ol><li>toc</li></ol></nav>", "xy"),
        ("<p>a</p><div class='transnote'><p>Transcriber's note: typos fixed.</p></div><p>b</p>", "a\n\nb"),
        ("<p>&hellip;&#8212;&nbsp;x</p>", "…—\u00a0x"),
        ("<p><![CDATA[1 < 2]]> &amp; 3</p>", "1 < 2 & 3"),
        ("<ruby>\u6f22<rp>(</rp><rt>kan</rt><rp>)</rp></ruby>", "\u6f22"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ("<svg><title>Cover</title><text>x</text></svg>", ""),
    ],
)
def test_what_the_text_of_a_chapter_is(body: str, text: str) -> None:
    assert chapter_text(page(body)) == text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1", "windows-1251"])
def test_encodings_of_a_chapter(encoding: str) -> None:
    word = "мир" if encoding == "windows-1251" else "naïve"
    xhtml = f'<?xml version="1.0" encoding="{encoding}"?><html><body><p>{word}</p></body></html>'
    (found,) = read(
        epub({"OEBPS/content.opf": package(["a"])} | {"OEBPS/text/a.xhtml": xhtml.encode(encoding)})
    )
    assert isinstance(found, RawDocument)
    assert (found.text, found.changes) == (word, ())


def test_one_bad_byte_in_a_chapter_costs_that_letter_alone() -> None:
    chapter = page("<p>Où est le garçon ? À la forêt, près d’ici.</p>").encode()
    (found,) = read(
        epub(
            {"OEBPS/content.opf": package(["a"])}
            | {"OEBPS/text/a.xhtml": chapter.replace("forêt".encode(), b"for\xeat")}
        )
    )
    assert isinstance(found, RawDocument)
    assert found.text == "Où est le garçon ? À la for\ufffdt, près d’ici."
    assert found.changes == (Change("bad_bytes", 1, detail="utf-8", text_bytes=1),)


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("Salt & Smoke", "Salt & Smoke"),
        ("Une&nbsp;vie &agrave; deux", "Une vie à deux"),
        ("A &unknown; B", "A &unknown; B"),
    ],
)
def test_a_package_with_bare_ampersands_and_entities_of_html(title: str, text: str) -> None:
    found = parse_package(package(["a"], metadata=f"<dc:title>{title}</dc:title>").encode(), "content.opf")
    assert (found.title, [item.path for item in found.spine]) == (text, ["text/a.xhtml"])


def test_blanks_before_the_declaration_and_paths_of_windows() -> None:
    packed = package(["a", "b"]).replace("text/", "text\\")
    container = " \n" + CONTAINER.replace("OEBPS/", "OEBPS\\")
    files: dict[str, str | bytes] = {
        "OEBPS\\content.opf": "\n " + packed,
        "OEBPS\\text\\a.xhtml": " " + page("<p>R&B one</p>"),
        "OEBPS/text/b.xhtml": page("<p>two&nbsp;three</p>"),
    }
    (found,) = read(epub(files, container))
    assert isinstance(found, RawDocument)
    assert found.text.replace("\xa0", " ") == "R&B one\n\n\ntwo three"


@given(st.text(max_size=80))
def test_markup_of_any_kind_is_read(text: str) -> None:
    assert as_html(f"<p>{escape(text)}</p>") == f"<p>{escape(text)}</p>".replace("\0", "")
    chapter_text(page(text + "<![CDATA[" + text))


@pytest.mark.parametrize("piece", ['<a b="', "<![CDATA[", "<!DOCTYPE ["])
def test_trap_unclosed_quotes_do_not_make_markup_slow(piece: str) -> None:
    assert_linear(as_html, lambda size: piece * size, 25_000)


GUTENBERG_HEADER = """<header class="pg-boilerplate pgheader" id="pg-header"><h2>The Project Gutenberg eBook of <span>A
Book</span></h2><div>This eBook is for the use of anyone anywhere at no cost</div><div id="pg-machine-header">
<p><strong>Title</strong>: A Book</p><p><strong>Author</strong>: A. Writer</p>
<p><strong>Release Date</strong>: January 1, 1994 [eBook #98]</p><p><strong>Language</strong>: German</p></div>
<div id="pg-start-separator"><span>*** START OF THE PROJECT GUTENBERG EBOOK A BOOK ***</span></div></header>"""
GUTENBERG_FOOTER = """<footer id="pg-footer"><div id="pg-end-separator"><span>*** END OF THE PROJECT GUTENBERG EBOOK
A BOOK ***</span></div><div>Updated editions will replace the previous one.</div><h2>THE FULL PROJECT GUTENBERG LICENSE</h2>
<p>Section 1.</p></footer>"""


def test_gutenbergs_own_epub_is_without_header_and_licence() -> None:
    chapters = {
        "h": GUTENBERG_HEADER + "<p>Produced by A. Volunteer</p>",
        "c": "<h1>A BOOK</h1><p>It was a dark night.</p>",
        "f": "<p>The last words.</p>" + GUTENBERG_FOOTER,
    }
    identifier = '<dc:identifier opf:scheme="URI">http://www.gutenberg.org/98</dc:identifier>'
    (found,) = read(book(chapters, metadata=identifier), "pg98-images.epub")
    assert isinstance(found, RawDocument)
    assert found.text == "A BOOK\n\nIt was a dark night.\n\n\nThe last words."
    assert (found.url, found.language) == ("https://www.gutenberg.org/ebooks/98", "de")
    assert found.metadata | {"format": ""} == {
        "author": "A. Writer",
        "format": "",
        "gutenberg": True,
        "gutenberg_id": "98",
        "language": "German",
        "released": "",
        "title": "A Book",
    }


@pytest.mark.parametrize(
    ("tag", "code"),
    [
        ("en-US", "en"),
        ("PT_br", "pt"),
        ("ger", "de"),
        ("zh-Hant", "zh"),
        ("und", None),
        ("", None),
        ("French", "fr"),
    ],
)
def test_language_tags(tag: str, code: str | None) -> None:
    assert language_of_tag(tag) == code


def test_paths_are_relative_to_the_package_and_quoted() -> None:
    manifest = '<item id="a" href="../x%20y/c.html#top" media-type="text/html"/>'
    found = parse_package(package(["a", "a"], manifest).encode(), "OEBPS/sub/content.opf")
    assert [(part.path, part.is_text) for part in found.spine] == [("OEBPS/x y/c.html", True)]


@settings(max_examples=150)
@given(places=st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 255)), min_size=1, max_size=4))
def test_any_bytes_may_be_wrong(places: list[tuple[int, int]]) -> None:
    data = bytearray(book(TWO))
    for place, value in places:
        data[place % len(data)] = value
    try:
        read(bytes(data))
    except DamagedInputError as error:
        assert "zip" in error.reason


@pytest.mark.real
def test_real_books_as_epubs_are_what_they_are_as_text(shared_data: Path) -> None:
    stage = BooksIngest(input=("unused",))
    paths = [
        next((shared_data / "books").glob(f"*/{name}.txt"))
        for name in ("11-0", "22367-8", "6099-8", "3333-8")
    ]
    for path in paths:
        source = decode_text(path.read_bytes(), declared_within=gutenberg_charset).text.replace("\r\n", "\n")
        paragraphs = [part for part in re.split(r"\n\s*\n", source) if part.strip()]
        size = -(-len(paragraphs) // 9)
        chapters = {
            f"c{start}": "".join(f"<p>{escape(part)}</p>\n" for part in paragraphs[start : start + size])
            for start in range(0, len(paragraphs), size)
        }
        (found,) = read(book(chapters))
        (text,) = stage.read(RawFile(str(path), path.name, path.stat().st_size))
        assert isinstance(found, RawDocument) and isinstance(text, RawDocument)
        assert found.metadata["gutenberg"]
        assert found.text.split() == text.text.split(), path.name


def test_an_archive_whose_directory_is_too_large_is_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    data = book(TWO)
    num_bytes = int.from_bytes(data[-10:-6], "little")  # as the record at its end says
    monkeypatch.setattr(archives, "MAX_DIRECTORY_BYTES", num_bytes)
    assert len(read(data)) == 1
    assert isinstance(read(data)[0], RawDocument)
    monkeypatch.setattr(archives, "MAX_DIRECTORY_BYTES", num_bytes - 1)
    assert read(data) == [
        Loss(
            "",
            "too_much_work",
            "bytes of a zip's directory",
            num_bytes,
            num_bytes - 1,
            text_bytes=len(data),
        )
    ]


@pytest.mark.parametrize(
    ("given", "damaged"),
    [
        ("The Long", "A < B"),
        ("The Long", "The\x01 Long"),
        ("</metadata>", '<meta name="cover" content="x"></metadata>'),
        ("</package>", "</package><junk>"),
        ("<metadata ", "<opf:metadata "),
        ('xmlns:dc="http://purl.org/dc/elements/1.1/"', ""),
        ('<itemref idref="c1"/>', '<itemref idref="c1" linear="yes" linear="yes"/>'),
        ('<itemref idref="c1"/>', "<itemref idref=c1 />"),
        ('<itemref idref="c2"/><itemref idref="c1"/>', ""),
    ],
)
def test_a_package_that_is_not_well_formed_still_names_its_files(given: str, damaged: str) -> None:
    assert given in package(list(TWO))
    opf = package(list(TWO)).replace(given, damaged)
    files: dict[str, str | bytes] = {f"OEBPS/text/{name}.xhtml": page(body) for name, body in TWO.items()}
    assert summary(read(epub({"OEBPS/content.opf": opf} | files))) == [
        ("", "Two\n\nLater.\n\n\nOne\n\nFirst.")
    ]


@pytest.mark.parametrize(
    ("href", "stored"),
    [
        ("text/a b.xhtml", "OEBPS/text/a%20b.xhtml"),
        ("text/é.xhtml", "OEBPS/text/e\u0301.xhtml"),
        ("text/a.xhtml", "OEBPS/a.xhtml"),
    ],
)
def test_parts_are_found_by_other_spellings_of_their_names(href: str, stored: str) -> None:
    manifest = f'<item id="c1" href="{href}" media-type="{XHTML}"/>'
    files: dict[str, str | bytes] = {"OEBPS/content.opf": package(["C1"], manifest), stored: page("<p>x</p>")}
    assert summary(read(epub(files))) == [("", "x")]


def test_a_part_is_not_taken_for_another_that_is_missing() -> None:
    manifest = item("c1") + f'<item id="c2" href="other/c1.xhtml" media-type="{XHTML}"/>'
    files: dict[str, str | bytes] = {
        "OEBPS/content.opf": package(["c2", "c1"], manifest),
        "OEBPS/text/c1.xhtml": page("<p>x</p>"),
    }
    assert summary(read(epub(files))) == [("OEBPS/other/c1.xhtml", "missing_item"), ("", "x")]


def test_a_reading_order_that_names_nothing_and_a_broken_container_lose_no_book() -> None:
    files: dict[str, str | bytes] = {
        "OEBPS/content.opf": package(["z"], item("c1")),
        "OEBPS/text/c1.xhtml": page("<p>x</p>"),
    }
    assert summary(read(epub(files, container=""))) == [("z", "missing_item"), ("", "x")]


def zipped(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


def test_an_epub_in_a_zip_is_the_book_that_it_is_alone() -> None:
    (alone,) = read(book(TWO))
    assert read(zipped({"b.epub": book(TWO), "cover.jpg": b"x"}), "shelf/b.zip") == [alone]


def test_of_several_books_in_a_zip_each_stands_for_itself() -> None:
    gap = epub({"OEBPS/content.opf": package(["c1", "gone"]), "OEBPS/text/c1.xhtml": page("<p>First.</p>")})
    records = read(
        zipped(
            {
                "a.epub": book(TWO),
                "b.epub": book(TWO)[:-40],
                "c.epub": gap,
                "d.txt": b"A text.",
                "e.txt.gz": gzip.compress(b"Packed."),
                "f.txt.gz": gzip.compress(b"Packed, too." * 99)[:30],
            }
        ),
        "shelf/all.zip",
    )
    assert summary(records) == [
        ("a.epub", "Two\n\nLater.\n\n\nOne\n\nFirst."),
        ("b.epub", "damaged"),
        ("c.epub/OEBPS/text/gone.xhtml", "missing_item"),
        ("c.epub", "First."),
        ("d.txt", "A text."),
        ("e.txt.gz", "Packed."),
        ("f.txt.gz", "damaged"),
    ]

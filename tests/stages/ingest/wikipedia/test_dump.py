"""Dumps to pages: what a page holds, damage of every kind, and bounded memory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.core.errors import DamagedInputError
from stages.ingest.wikipedia.cutting import MAX_PAGE_BYTES, BrokenPage, PageCutter
from stages.ingest.wikipedia.dump import Header, WikiPage, parse_header, parse_page, read_header, read_pages
from stages.ingest.wikipedia.streams import StreamDamage
from stages.ingest.wikipedia.unicode_forms import as_utf8

HEADER = (
    '<mediawiki xml:lang="en"><siteinfo><dbname>srwiki</dbname><namespaces><namespace key="0" case="x" />'
    '<namespace key="6" case="x">Датотека</namespace><namespace key="14">A &amp; B</namespace>'
    "</namespaces></siteinfo>\n"
)


def page_xml(page_id: int, text: str, title: str = "T", extra: str = "") -> str:
    return (
        f"<page><title>{title}</title><ns>0</ns><id>{page_id}</id>{extra}<revision><id>9</id>"
        f"<timestamp>2020-01-02T03:04:05Z</timestamp><model>wikitext</model>"
        f'<text bytes="3" xml:space="preserve">{text}</text></revision></page>\n'
    )


def page(page_id: int, text: str | None, title: str = "T", redirect: bool = False) -> WikiPage:
    return WikiPage(page_id, title, 0, redirect, "2020-01-02T03:04:05Z", "wikitext", text)


def entries(
    xml: str | bytes, piece_bytes: int = 7, max_page_bytes: int = MAX_PAGE_BYTES
) -> list[Header | WikiPage | BrokenPage | StreamDamage]:
    data = xml.encode() if isinstance(xml, str) else xml
    pieces = [data[at : at + piece_bytes] for at in range(0, len(data), piece_bytes)]
    return [read_header(pieces), *read_pages(pieces, PageCutter(max_page_bytes))]


def test_header_and_pages() -> None:
    xml = (
        HEADER
        + page_xml(1, "one", "A &amp; B")
        + page_xml(2, "two", extra='<redirect title="x" />')
        + "</mediawiki>"
    )
    header = Header("srwiki", {0: "", 6: "Датотека", 14: "A & B"})
    assert entries(xml) == [header, page(1, "one", "A & B"), page(2, "two", redirect=True)]


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 400))
def test_the_size_of_pieces_changes_nothing(piece_bytes: int) -> None:
    xml = (
        HEADER + page_xml(1, "one") + "<page><title>x" + page_xml(2, "два") + "junk</page>" + page_xml(3, "x")
    )
    assert entries(xml, piece_bytes) == entries(xml, 10_000)


def test_trap_xml_entities_are_decoded_once() -> None:
    read = parse_page(page_xml(1, "&amp;lt; &lt;b&gt; &#x416;&#10; &amp;amp;nbsp;").encode())
    assert read.text == "&lt; <b> Ж\n &amp;nbsp;"


def test_entities_of_a_doctype_are_never_expanded() -> None:
    doctype = '<!DOCTYPE m [<!ENTITY x SYSTEM "file:///etc/passwd"><!ENTITY lol "lol">]>'
    got = entries(doctype + HEADER + page_xml(1, "&x;") + page_xml(2, "ok"))
    assert [type(entry) for entry in got] == [Header, BrokenPage, WikiPage]
    assert isinstance(got[1], BrokenPage) and got[1].rule == "damaged_page"


def test_damage_in_the_middle_goes_on_at_the_next_page() -> None:
    cut = page_xml(1, "one")[:60]
    got = entries(HEADER + cut + page_xml(2, "two"))
    assert got[1:] == [
        BrokenPage(len(HEADER.encode()), len(cut), "damaged_page", "the page has no end"),
        page(2, "two"),
    ]


def test_a_page_without_its_beginning_is_told() -> None:
    tail = page_xml(2, "two")[20:]
    got = entries(HEADER + page_xml(1, "one").rstrip() + tail + page_xml(3, "three"))
    offset = len((HEADER + page_xml(1, "one").rstrip()).encode())
    assert got[2] == BrokenPage(offset, len(tail), "damaged_page", "a page has no beginning", headless=True)
    assert got[3] == page(3, "three")


def test_a_file_that_ends_inside_a_page() -> None:
    cut = page_xml(2, "two")[:50]
    got = entries(HEADER + page_xml(1, "one") + cut)
    assert got[1] == page(1, "one")
    assert got[2] == BrokenPage(
        len((HEADER + page_xml(1, "one")).encode()), 50, "damaged_page", "the file ends inside the page"
    )


def test_damaged_compression_keeps_what_came_before() -> None:
    def pieces() -> Iterator[bytes]:
        yield (HEADER + page_xml(1, "one") + "<page><ti").encode()
        raise DamagedInputError("bz2 is corrupt", 77)

    assert read_header(pieces()).dbname == "srwiki"
    reader = read_pages(pieces(), PageCutter())
    assert [type(next(reader)) for _ in range(2)] == [WikiPage, BrokenPage]
    with pytest.raises(DamagedInputError):
        next(reader)


@pytest.mark.parametrize(("num_chars", "whole"), [(500, True), (5000, False)])
@pytest.mark.parametrize("piece_bytes", [1, 64, 100_000])
def test_a_page_over_the_limit_is_told_and_passed_over(num_chars: int, whole: bool, piece_bytes: int) -> None:
    xml = page_xml(1, "x" * num_chars)
    got = entries(HEADER + xml + page_xml(2, "two"), piece_bytes, max_page_bytes=2000)
    assert got[2:] == [page(2, "two")]
    too_large = BrokenPage(
        len(HEADER.encode()), len(xml.strip()), "too_large", "the page is larger than the limit"
    )
    assert got[1] == (page(1, "x" * num_chars) if whole else too_large)


@pytest.mark.parametrize(
    ("xml", "expected"),
    [
        ('<text deleted="deleted" />', None),
        ("", None),
        ('<text xml:space="preserve" />', ""),
        ("<text>a</text>", "a"),
    ],
)
def test_texts_that_are_missing_deleted_or_empty(xml: str, expected: str | None) -> None:
    assert (
        parse_page(f"<page><title>T</title><id>1</id><revision>{xml}</revision></page>".encode()).text
        == expected
    )


def test_of_several_revisions_the_last_counts() -> None:
    revisions = "<revision><text>old</text></revision><revision><text>new</text></revision>"
    xml = f"<page><title>T</title><id>1</id>{revisions}</page>"
    assert parse_page(xml.encode()).text == "new"


def test_a_page_that_is_not_utf8_is_damaged() -> None:
    got = entries(page_xml(1, "\u00e9").encode("latin-1") + page_xml(2, "ok").encode())
    assert isinstance(got[1], BrokenPage) and got[2] == page(2, "ok")


def test_the_header_tells_address_and_language() -> None:
    xml = '<mediawiki version="0.10" xml:lang="bg">\n<siteinfo><base>https://bg.wikipedia.org/wiki/A</base>'
    header = parse_header(xml.encode())
    assert (header.base, header.lang) == ("https://bg.wikipedia.org/wiki/A", "bg")


@pytest.mark.parametrize("piece_bytes", [1, 2, 7, 10_000])
@pytest.mark.parametrize(
    ("codec", "mark"),
    [("utf-16-le", b"\xff\xfe"), ("utf-16-be", b"\xfe\xff"), ("utf-16-le", b""), ("utf-8", b"")],
)
def test_utf16_is_read_as_utf8(piece_bytes: int, codec: str, mark: bytes) -> None:
    xml = ("" if mark else "\n ") + "<mediawiki>жук 😀</mediawiki>"
    data = mark + xml.encode(codec)
    pieces = [data[at : at + piece_bytes] for at in range(0, len(data), piece_bytes)]
    read = b"".join(piece for piece in as_utf8(pieces) if isinstance(piece, bytes))
    assert read.decode("utf-8") == xml


def test_damage_between_pieces_of_utf16_is_passed_on() -> None:
    damage = StreamDamage(5, 1, "x", owned=True)
    pieces = ["<ж>".encode("utf-16"), damage, "<ж>".encode("utf-16-le")]
    assert list(as_utf8(pieces)) == ["<ж>".encode(), damage, "<ж>".encode()]

"""Rows of Posts.xml: cutting, attributes, entities, damage."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from stages.core.errors import DamagedInputError
from stages.ingest.raw import RawFile
from stages.ingest.stackexchange.rows import (
    Post,
    RowChunk,
    parse_row,
    read_post_rows,
    row_chunks,
    unescape_attribute,
)

FILE = (
    b'\xef\xbb\xbf<?xml version="1.0" encoding="utf-8"?>\r\n<posts>\r\n'
    b'  <row Id="1" PostTypeId="1" />\r\n  <row Id="2" PostTypeId="1" />\r\n  <row Id="33" PostTypeId="1" />\r\n'
    b"</posts>"
)


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def post(**changed: object) -> Post:
    values: dict[str, object] = {
        "post_id": 7,
        "question_id": 7,
        "type_id": 1,
        "score": 0,
        "title": "",
        "tags": "",
        "body": None,
        "created": "",
        "license": "",
    }
    return Post(**(values | changed))  # type: ignore[arg-type]


def test_chunks_are_cut_at_rows_and_the_last_one_knows_it() -> None:
    assert list(row_chunks(pieces(b'<posts><row A="1"/>\n<row A="2"/></posts>', 1000))) == [
        RowChunk(0, b"<posts>", is_row=False),
        RowChunk(7, b' A="1"/>\n', is_row=True),
        RowChunk(20, b' A="2"/></posts>', is_row=True, last=True),
    ]


@given(st.integers(1, len(FILE)))
def test_chunks_do_not_depend_on_the_pieces(size: int) -> None:
    assert list(row_chunks(pieces(FILE, size))) == list(row_chunks(iter([FILE])))


@given(st.integers(0, len(FILE)), st.integers(1, 40))
def test_two_parts_of_a_file_hold_every_row_once(cut: int, size: int) -> None:
    first = row_chunks(pieces(FILE, size), 0, cut)
    second = row_chunks(pieces(FILE[cut:], size), cut)
    rows = [(chunk.offset, chunk.data) for chunk in (*first, *second) if chunk.is_row]
    assert rows == [(chunk.offset, chunk.data) for chunk in row_chunks(iter([FILE])) if chunk.is_row]


def test_a_row_that_spans_lines_is_one_row() -> None:
    data = b'<posts><row Id="7"\n   PostTypeId="1"\r\n Body="a\nb"\n/></posts>'
    rows = [chunk for chunk in row_chunks(pieces(data, 5)) if chunk.is_row]
    assert [parse_row(row.data) for row in rows] == [post(body="a b")]


def test_a_huge_row_is_cut_off_and_the_next_one_is_read() -> None:
    data = b'<posts><row Body="' + b"x" * 10_000 + b'"/><row A="2"/></posts>'
    chunks = list(row_chunks(pieces(data, 64), max_row_bytes=100))
    assert [len(chunk.data) for chunk in chunks] == [7, 101, 16]


def test_damage_comes_after_every_whole_row() -> None:
    def broken(data: bytes) -> Iterator[bytes]:
        yield data
        raise DamagedInputError("gzip ends in the middle of a member", 99)

    for end, expected in ((b"", 2), (b'<row A="3', 2), (b'<row A="3"/>', 3)):
        read: list[bytes] = []
        with pytest.raises(DamagedInputError):
            for chunk in row_chunks(broken(b'<posts><row A="1"/>\n<row A="2"/>\n' + end)):
                if chunk.is_row:
                    read.append(chunk.data)
        assert len(read) == expected


def test_parts_of_a_plain_file_and_of_a_compressed_one(tmp_path: Path) -> None:
    path = tmp_path / "Posts.xml"
    path.write_bytes(FILE)
    size = len(FILE)
    raw = RawFile(str(path), "Posts.xml", size)
    whole = list(row_chunks(iter([FILE])))
    assert list(read_post_rows(raw, 0, size)) == whole
    assert [chunk for chunk in read_post_rows(raw, 60, size) if chunk.is_row] == whole[2:]
    path.write_bytes(gzip.compress(FILE))
    raw = RawFile(str(path), "Posts.xml", path.stat().st_size)
    assert list(read_post_rows(raw, 0, 10)) == whole
    assert list(read_post_rows(raw, 10, size)) == []


def test_a_question() -> None:
    row = (
        b' Id="7" PostTypeId="1" CreationDate="2014-01-21T20:26:05.383" Score="-3" Body="&lt;p&gt;a &amp;amp; b'
        b'&lt;/p&gt;&#xA;" Title="What is &quot;x&quot;?" Tags="&lt;a&gt;&lt;b-c&gt;"'
        b' ContentLicense="CC BY-SA 4.0" />\r\n'
    )
    assert parse_row(row) == post(
        score=-3,
        title='What is "x"?',
        tags="<a><b-c>",
        body="<p>a &amp; b</p>\n",
        created="2014-01-21T20:26:05.383",
        license="CC BY-SA 4.0",
    )


def test_attributes_in_another_order_and_in_single_quotes() -> None:
    row = b""" Body='say "x=1" b=&apos;' ParentId = "3" PostTypeId='2' Score="12" Id="7"></row>"""
    assert parse_row(row) == post(question_id=3, type_id=2, score=12, body='say "x=1" b=\'')
    assert parse_row(b' Body="f = \'a\' Id=" Id="7" PostTypeId="1"/>') == post(body="f = 'a' Id=")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (b' PostTypeId="1"/>', "no integer in Id"),
        (b' Id="x" PostTypeId="1"/>', "no integer in Id"),
        (b' Id="99999999999999999999" PostTypeId="1"/>', "no integer in Id"),
        (b' Id="7"/>', "no integer in PostTypeId"),
        (b' Id="7" PostTypeId="2"/>', "no integer in an answer's ParentId"),
        (b' Id="7" PostTypeId="1" Score="1.5"/>', "no integer in Score"),
        (b' Id="7" PostTypeId="1" Body="cut', "not a well-formed row element"),
        (b' Id="7" PostTypeId=1 />', "not a well-formed row element"),
        (b"", "not a well-formed row element"),
    ],
)
def test_bad_rows_say_why(row: bytes, reason: str) -> None:
    assert parse_row(row) == reason


def test_trap_xml_entities_are_decoded_exactly_once() -> None:
    assert unescape_attribute("&amp;lt;b&amp;gt; &amp;amp;amp;") == "&lt;b&gt; &amp;amp;"
    assert unescape_attribute("&#38;lt; &#38;amp; &#x26;#60; &amp;#xA;") == "&lt; &amp; &#60; &#xA;"


def test_forbidden_characters_and_unknown_entities() -> None:
    assert unescape_attribute("a&#x1;b&#0;c&#xFFFE;d&#x110000;e") == "abcde"
    assert unescape_attribute("&#xD83D;&#xDE00; &#xD83D;") == "😀 \ufffd"
    assert unescape_attribute("&file; &nbsp; & &#; &#x;") == "&file; &nbsp; & &#; &#x;"


def test_bytes_that_are_not_utf8_stay_one_character_each() -> None:
    assert parse_row(b' Id="7" PostTypeId="1" Body="caf\xe9"/>') == post(body="caf\ufffd")


REFERENCES = st.sampled_from(
    ["&lt;", "&gt;", "&amp;", "&quot;", "&apos;", "&#xA;", "&#233;", "&#x1F600;", "&#9;"]
)
PLAIN = st.text(st.characters(exclude_characters='<&"', exclude_categories=["Cs", "Cc"]), max_size=5)


@given(st.lists(st.one_of(REFERENCES, PLAIN, st.sampled_from(["\n", "\t", "lt;", "amp;", "#60;"]))))
def test_attributes_read_as_lxml_reads_them(parts: list[str]) -> None:
    value = "".join(parts)
    try:
        expected = etree.fromstring(f'<row Body="{value}"/>'.encode()).get("Body")
    except etree.XMLSyntaxError:
        return
    assert parse_row(f' Id="7" PostTypeId="1" Body="{value}"/>'.encode()) == post(body=expected)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_post_or_a_reason(data: bytes) -> None:
    assert isinstance(parse_row(data), Post | str)


def test_surrogate_pairs_of_utf_8_are_their_characters() -> None:
    row = b' Id="7" PostTypeId="1" Title="Hi \xed\xa0\xbd\xed\xb8\x80 \xed\xa0\xbd there" />'
    assert parse_row(row) == post(title="Hi \U0001f600 \ufffd there")

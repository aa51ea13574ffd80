"""The lines of reduced HTML: where they begin, what markup says of them, and how they come back as text."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.html import HTMLTree

from stages.kernels.lines.markup_lines import (
    BARE,
    HEADING,
    ITEM,
    LINE_COLUMNS,
    PARAGRAPH,
    PREFORMATTED,
    markup_lines,
)
from stages.kernels.lines.markup_text import render_lines


def table(markup: str, *columns: str) -> list[tuple[object, ...]]:
    """(text, *columns) of every line."""
    lines = markup_lines(markup)
    data = lines.text.tobytes()
    numbers = [LINE_COLUMNS.index(name) for name in columns]
    return [(data[row[0] : row[1]].decode(), *(int(row[number]) for number in numbers)) for row in lines.rows]


def text(markup: str) -> str:
    lines = markup_lines(markup)
    return render_lines(lines, np.ones(len(lines.rows), np.bool_))


def test_kinds() -> None:
    markup = (
        "bare\n\n<h2>head</h2>\n\n<p>one<br>\ntwo</p>\n\n<ul>\n  <li>item</li>\n</ul>\n<pre>a\n  b</pre>\nend"
    )
    assert table(markup, "kind", "level", "depth", "gap") == [
        ("bare", BARE, 0, 0, 0),
        ("head", HEADING, 2, 0, 1),
        ("one", PARAGRAPH, 0, 0, 1),
        ("two", PARAGRAPH, 0, 0, 0),
        ("item", ITEM, 0, 1, 2),
        ("a", PREFORMATTED, 0, 0, 1),
        ("  b", PREFORMATTED, 0, 0, 0),
        ("end", BARE, 0, 0, 0),
    ]


def test_a_block_that_opens_in_a_line_begins_another() -> None:
    assert table('<a href="/x">one</a><pre> two</pre>', "kind", "links") == [
        ("one", BARE, 1),
        (" two", PREFORMATTED, 0),
    ]


def test_references_are_decoded_once() -> None:
    assert table("<p>a &lt;b&gt; &amp;amp; &quot;c&quot; &apos;&#39; &nope; &</p>") == [
        ("a <b> &amp; \"c\" '' &nope; &",)
    ]


def test_a_line_of_unicode_spaces_is_blank() -> None:
    assert table("a\n\u00a0\u3000\n\u00a0b\u00a0\n", "gap") == [("a", 0), ("b", 1)]


def test_two_line_breaks_are_a_blank_line() -> None:
    assert table("<p>a<br>\nb<br><br>\nc</p>", "gap") == [("a", 0), ("b", 0), ("c", 1)]


def test_links_and_the_bytes_of_their_text() -> None:
    markup = '<p>see <a href="/x">here</a> and <a href="/y">th&amp;re</a></p>\nno link'
    assert table(markup, "links", "link_bytes") == [("see here and th&re", 2, 9), ("no link", 0, 0)]


def test_a_link_over_two_lines_counts_in_both() -> None:
    assert table('a <a href="/x">bc\nde</a> f', "link_bytes") == [("a bc", 2), ("de f", 2)]


def test_a_link_that_never_closes_ends_with_the_next() -> None:
    assert table('<a href="/x">ab <a href="/y">cd</a> ef', "links", "link_bytes") == [("ab cd ef", 2, 5)]


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("#top", (0, 0, 1)),
        ("https://example.org/Sharer?u=1", (1, 0, 0)),
        ("javascript:void(0)", (1, 0, 0)),
        ("/Category/cats", (0, 1, 0)),
        ("/plain/page", (0, 0, 0)),
        ("/a&gt;b?x=&quot;>", (0, 0, 0)),
    ],
)
def test_what_a_link_is_for(target: str, expected: tuple[int, int, int]) -> None:
    found = table(f'<a href="{target}">t</a>', "share_links", "section_links", "page_links")
    assert found == [("t", *expected)]


def test_a_blank_line_leaves_no_links_to_the_next() -> None:
    assert table('<a href="#"> </a>\ntext', "links", "link_bytes") == [("text", 0, 0)]


def test_list_marks_come_back() -> None:
    markup = "<ol>\n  <li>a</li>\n  <li>b\n  <ul>\n    <li>c</li>\n  </ul></li>\n</ol>\n<p>d</p>"
    assert text(markup) == "  1. a\n  2. b\n\n    • c\n\nd"


def test_a_heading_in_an_item_has_no_mark() -> None:
    assert text("<ul>\n  <li>\n\n  <h3>head</h3>\n\n  <p>words</p></li>\n</ul>") == "  head\n\n  words"


def test_removed_lines_leave_one_blank_line() -> None:
    lines = markup_lines("<p>a</p>\n\n<p>b</p>\n\n<p>c</p>\nd")
    assert render_lines(lines, np.array([True, False, True, True])) == "a\n\nc\nd"
    assert render_lines(lines, np.zeros(4, np.bool_)) == ""


@pytest.mark.parametrize(
    "markup", ["", "\n\n", "<", "</", "<a", "<p>", "a<", '<a href="', '<a href="#>x</a>\n', "&"]
)
def test_cut_markup_does_not_crash(markup: str) -> None:
    assert len(table(markup)) <= 1


WORDS = st.text("ab <&>\"'éß文\u00a0.1", min_size=0, max_size=12)
BLOCKS = st.lists(
    st.tuples(st.sampled_from("p h1 h3 div pre blockquote a li td".split()), WORDS), max_size=12
)


@given(BLOCKS)
def test_all_lines_kept_are_the_words_of_the_plain_text(blocks: list[tuple[str, str]]) -> None:
    escaped = [(tag, words.replace("&", "&amp;").replace("<", "&lt;")) for tag, words in blocks]
    tree = HTMLTree.parse("<body>" + "".join(f"<{tag}>{words}</{tag}>" for tag, words in escaped))
    options = {
        "main_content": False,
        "links": True,
        "preserve_formatting": "minimal_html",
        "list_bullets": False,
        "skip_elements": ["pre:empty"],
    }
    plain = extract_plain_text(tree, main_content=False, list_bullets=False, skip_elements=["pre:empty"])
    assert text(extract_plain_text(tree, **options)).replace("•", "").split() == plain.split()


@given(st.text('<>/aphrulib 1h2&;#="\n\u00a0é', max_size=60))
def test_any_text_gives_lines_in_order(markup: str) -> None:
    rows = markup_lines(markup).rows
    assert (rows[:, 0] < rows[:, 1]).all()
    assert (rows[1:, 0] >= rows[:-1, 1]).all()
    assert (rows[:, LINE_COLUMNS.index("link_bytes")] <= rows[:, 1] - rows[:, 0] + 60).all()

"""The lines and elements of a page's tree: where they begin, what the tree says of them, and how they come back as text."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.html import HTMLTree

from stages.kernels.markup.element_kinds import name_hash
from stages.kernels.page.attributes import MAX_TOKENS, NAME_SEED
from stages.kernels.page.columns import (
    BARE,
    CONTEXTS_OF,
    FIRST_LINE,
    FIRST_TOKEN,
    HEADING,
    ITEM,
    LAST_LINE,
    LINE_COLUMNS,
    NAME,
    NODE,
    PARAGRAPH,
    PARENT,
    PREFORMATTED,
    SIGNATURE,
    Page,
)
from stages.kernels.page.read import read_page
from stages.kernels.page.render import render_lines
from stages.kernels.page.roles import CONTEXTS, IN


def page(body: str) -> Page:
    """The page that a parser makes of `body`."""
    tree = HTMLTree.parse(f"<body>{body}</body>")
    return read_page(tree.document.html)


def table(body: str, *columns: str) -> list[tuple[object, ...]]:
    """(text, *columns) of every line."""
    found = page(body)
    data = found.text.tobytes()
    numbers = [LINE_COLUMNS.index(name) for name in columns]
    return [
        (data[row[0] : row[1]].decode(), *(int(row[number]) for number in numbers)) for row in found.lines
    ]


def text(body: str) -> str:
    found = page(body)
    return render_lines(found, np.ones(len(found.lines), np.bool_))


def node_of(found: Page, name: str) -> np.ndarray:
    """The first element of a name."""
    return found.nodes[int(np.flatnonzero(found.nodes[:, NAME] == name_hash(name))[0])]


def test_kinds() -> None:
    body = "bare<h2>head</h2><p>one<br>two</p><ul><li>item</li></ul><pre>a\n  b</pre>end"
    assert table(body, "kind", "level", "depth", "gap") == [
        ("bare", BARE, 0, 0, 0),
        ("head", HEADING, 2, 0, 1),
        ("one", PARAGRAPH, 0, 0, 1),
        ("two", PARAGRAPH, 0, 0, 0),
        ("item", ITEM, 0, 1, 1),
        ("a", PREFORMATTED, 0, 0, 1),
        ("  b", PREFORMATTED, 0, 0, 0),
        ("end", BARE, 0, 0, 1),
    ]


def test_white_space_is_one_space_between_words_and_none_at_ends() -> None:
    assert table("<p>  a \n\t b&nbsp;<b> c</b> <i>d </i></p>") == [("a b c d",)]
    assert table("<p>a</p> \n&nbsp;<p> </p>b", "gap") == [("a", 1), ("b", 1)]


def test_references_are_decoded_once() -> None:
    assert table("<p>a &lt;b&gt; &amp;amp; &quot;c&quot; &#39;&eacute; &nope; &</p>") == [
        ('a <b> &amp; "c" \'é &nope; &',)
    ]


def test_two_line_breaks_are_a_blank_line() -> None:
    assert table("<p>a<br>b<br><br>c</p>", "gap") == [("a", 1), ("b", 0), ("c", 1)]


@pytest.mark.parametrize(
    "skipped",
    [
        "<script>let a = '</p>b';</script>",
        "<style>a > b {}</style>",
        "<template><p>b</p></template>",
        "<textarea>b<p></textarea>",
        "<select><option>b</select>",
        "<svg><title>b</title><text>b</text><path d='M0'/></svg>",
        "<iframe><p>b</p></iframe>",
        "<object>b</object>",
        "<!-- <p>b</p> -->",
    ],
)
def test_what_is_no_text_is_left_out(skipped: str) -> None:
    assert [line for (line,) in table(f"<p>a</p>{skipped}<p>c</p>")] == ["a", "c"]


def test_words_are_parted_by_labels_and_neighbouring_links_but_not_by_formatting() -> None:
    assert table("<p>a<label>b</label>c <a href=1>d</a><a href=2>e</a>f<b>g</b>h<wbr>i</p>") == [
        ("a b c d efghi",)
    ]


def test_a_button_is_a_line_of_its_own_so_that_it_can_be_cut() -> None:
    assert table("<p>a<button>b</button>c</p>") == [("a",), ("b",), ("c",)]


def test_links_and_the_bytes_of_their_text() -> None:
    body = '<p>see <a href="/x">here</a> and <a href="/y">th&amp;re</a></p>no link'
    assert table(body, "links", "link_bytes") == [("see here and th&re", 2, 9), ("no link", 0, 0)]


def test_a_link_over_two_lines_counts_in_both_by_bytes() -> None:
    assert table('a <a href="/x">bc<br>de</a> f', "link_bytes", "links") == [("a bc", 2, 1), ("de f", 2, 0)]


def test_a_link_without_text_is_none() -> None:
    assert table('<a href="#"> </a><p>text</p>', "links", "link_bytes") == [("text", 0, 0)]


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("#top", (0, 0, 1)),
        ("https://example.org/Sharer?u=1", (1, 0, 0)),
        ("javascript:void(0)", (1, 0, 0)),
        ("/Category/cats", (0, 1, 0)),
        ("/plain/page", (0, 0, 0)),
        ("/a>b?x=&quot;>", (0, 0, 0)),
        ('/x" rel="tag', (0, 1, 0)),
    ],
)
def test_what_a_link_is_for(target: str, expected: tuple[int, int, int]) -> None:
    found = table(f'<a href="{target}">t</a>', "share_links", "section_links", "page_links")
    assert found == [("t", *expected)]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<ol><li>a<li>b<ul><li>c</ul></ol><p>d", "  1. a\n  2. b\n    • c\n\nd"),
        ("<ol start=7><li>a<li>b</ol>", "  7. a\n  8. b"),
        ("<ol start=-3><li>a</ol><ol start=x><li>b</ol>", "  1. a\n\n  1. b"),
        ("<ul><li><h3>head</h3><p>words</p></li></ul>", "  head\n\n  words"),
        ("<li>alone", "• alone"),
        ("<table><tr><th>A<th>B<tr><td>1<td><p>2</p></table>", "A\t\tB\n1\t\t2"),
        ("<table><tr><td>a<p>b</p></td><td>c</td></tr></table>", "a\n\nb\n\nc"),
        ("<table><tr><td></td><td>x<tr><td>y<td></td><td>z</table>", "x\ny\t\tz"),
        ("<table><tr><td>a<td><table><tr><td>b<td>c</table><td>d</table>", "a\n\nb\t\tc\n\nd"),
        ("<pre>\n\n  a\n\n\tb  \n</pre>", "  a\n\n\tb"),
        ("<pre>a<div>b</div><br>  c<ul><li>d</ul></pre>", "a\nb\n  c\n\nd"),
        ("<pre><ol><li>a = 1<li>  b = 2</ol></pre>", "a = 1\n  b = 2"),
        ("a<hr>b", "a\n\nb"),
        ("<dl><dt>t<dd>d</dl>", "t\nd"),
    ],
)
def test_text(body: str, expected: str) -> None:
    assert text(body) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<i class=fa> \ue123 </i>icon <i>\uf8ff</i>", "icon"),
        ("<i>\uf900\u4e2d</i><b>\u2026</b>", "\uf900\u4e2d\u2026"),
        ("<h2>Head<a href='#head'>¶</a></h2><h2><a href='#x'># </a>Two</h2>", "Head\n\nTwo"),
        ("<p><a href='#n1'>1</a> of § 5 # ¶ <a href='/x'>#</a></p>", "1 of § 5 # ¶ #"),
    ],
)
def test_signs_that_are_no_text(body: str, expected: str) -> None:
    assert text(body) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            "<div><span class=yx>1994</span><span class=lx>2h 22m</span><span class=lx>R</span></div>",
            "1994 2h 22mR",
        ),
        ("<span>$98.00</span><span class=old>$130.00</span>", "$98.00 $130.00"),
        ("<a class=nx>Dahl</a><span class=ox><b>Google</b></span>", "Dahl Google"),
        ("<span>$199</span><span class=cents><span class=dot>.</span>00</span>", "$199.00"),
        ("<span class=old>was</span><span class=new><b><i>now</i></b></span>", "was now"),
        ("<span>super</span><span>cali</span>", "supercali"),
        ("<p><span class=ax>super</span><span class=bx>cali</span></p>", "supercali"),
        ("<h2><span class=ax>super</span><span class=bx>cali</span></h2>", "supercali"),
        ("<pre><span class=ax>super</span><span class=bx>cali</span></pre>", "supercali"),
        ("<span class=ax>H</span><span class=ax>ello</span>", "Hello"),
        ("<code><span class=nx>f</span><span class=px>(</span><span class=nx>xy</span></code>", "f(xy"),
        ("<span class=ax>第一</span><span class=bx>章节</span>", "第一章节"),
        ("<span class=ax>ab</span><b>cd</b><i class=bx>ef</i>", "abcdef"),
    ],
)
def test_touching_elements_with_classes_are_words_apart(body: str, expected: str) -> None:
    assert text(body) == expected


@pytest.mark.parametrize("nothing", ["\u200b", "\u200c", "\u200d", "\u200e", "\ufeff"])
def test_a_text_that_shows_nothing_is_no_line(nothing: str) -> None:
    assert text(f"<p>a</p><p>{nothing}</p><p>b</p>") == "a\n\nb"
    assert text(f"<p>a{nothing}b</p>") == f"a{nothing}b"


def test_soft_hyphens_show_nothing() -> None:
    assert text("<p>ship&shy;ping<b>\u00ad</b>line</p>") == "shippingline"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            '<code><span style="display:block">a = 1</span><span style="display: grid">b</span></code>c',
            "a = 1\nb\nc",
        ),
        ('<a style="color:red;display:flex">a</a>b', "a\nb"),
        ('<b style="display:inline-block">a</b>b<i style="display:inline">c</i>', "abc"),
        ('<p>a<span style="display:block">b<b>c</b>d</span>e</p>', "a\nbcd\ne"),
    ],
)
def test_blocks_by_style_are_lines(body: str, expected: str) -> None:
    assert text(body) == expected


def test_a_block_by_style_leaves_its_paragraph_one() -> None:
    assert table('<p><span style="display:block">a</span></p>', "kind") == [("a", PARAGRAPH)]


def test_removed_lines_leave_one_blank_line() -> None:
    found = page("<p>a</p><p>b</p><p>c</p>d")
    assert render_lines(found, np.array([True, False, True, True])) == "a\n\nc\n\nd"
    assert render_lines(found, np.zeros(4, np.bool_)) == ""


def test_elements_know_their_parents_and_lines() -> None:
    found = page("<div>a<p>b</p><p>c <b>d</b></p></div>e")
    div, bold = node_of(found, "div"), node_of(found, "b")
    assert (div[FIRST_LINE], div[LAST_LINE]) == (0, 3)
    assert (bold[FIRST_LINE], bold[LAST_LINE]) == (3, 3), "it begins inside a line"
    around = found.nodes[bold[PARENT]]
    assert (around[NAME], around[FIRST_LINE], around[LAST_LINE]) == (name_hash("p"), 2, 3)
    names = [found.nodes[line[NODE], NAME] for line in found.lines]
    assert names == [name_hash(name) for name in ("div", "p", "p", "body")]


@pytest.mark.parametrize(
    ("opening", "contexts"),
    [
        ("<article>", {"article"}),
        ('<div role="Navigation x">', {"nav"}),
        ("<div hidden>", {"hidden"}),
        ('<div aria-hidden="true">', {"hidden"}),
        ('<div aria-hidden="false">', set()),
        ('<div style="color: red; display : none">', set()),
        ('<div style="color: red; display: none">', {"hidden"}),
        ('<div style="visibility:hidden">', {"hidden"}),
        ('<div style="overflow:hidden">', set()),
        ('<div itemprop="articleBody">', {"body_property"}),
        ("<noscript>", {"noscript"}),
        ("<blockquote>", {"quote"}),
        ("<ul><li>", {"listed"}),
        ("<form><label>", {"form", "button"}),
    ],
)
def test_contexts(opening: str, contexts: set[str]) -> None:
    found = page(f"{opening}<b>x</b>")
    flags = found.nodes[found.lines[0, NODE], CONTEXTS_OF]
    assert {name for name in CONTEXTS if flags & IN[name]} == contexts


def tokens_of(found: Page, name: str) -> list[int]:
    at = int(np.flatnonzero(found.nodes[:, NAME] == name_hash(name))[0])
    start = found.nodes[at, FIRST_TOKEN]
    stop = found.nodes[at + 1, FIRST_TOKEN] if at + 1 < len(found.nodes) else len(found.tokens)
    return found.tokens[start:stop].tolist()


def test_words_of_names() -> None:
    (name, *words) = tokens_of(page('<p class="postBody-main x1 ü" id="Post">a'), "p")
    assert name == name_hash("p") ^ NAME_SEED
    post, body, main, whole = words[:4]
    assert words == [post, body, main, whole, post]
    assert tokens_of(page('<p class="post body2 Main postbody-main">a'), "p")[1:] == [
        post,
        body,
        main,
        tokens_of(page('<p class="postbody">a'), "p")[1],
        main,
        whole,
    ]
    assert tokens_of(page('<p role="post">a'), "p")[1] != post


def test_words_of_one_element_are_bounded() -> None:
    names = " ".join(f"{a}{b}" for a in "abcdefgh" for b in "abcdefgh")
    assert len(tokens_of(page(f'<p class="{names}">a'), "p")) == 1 + MAX_TOKENS


def test_elements_of_equal_classes_have_equal_signatures() -> None:
    found = page('<p class="a1 card">x</p><p class="a2 card">y</p><p class="b">z</p><div class="a card">w')
    first, second, third, other = (int(found.nodes[line[NODE], SIGNATURE]) for line in found.lines)
    assert first == second
    assert len({second, third, other}) == 3


@pytest.mark.parametrize(
    "html", ["", "\n\n", "<", "</", "<a", "<p>", "a<", '<a href="', "&", "<!--", "</p>", "<script>"]
)
def test_cut_html_does_not_crash(html: str) -> None:
    assert len(read_page(html).lines) <= 1


WORDS = st.text("ab <&>\"'éß文.1", min_size=0, max_size=12)
BLOCKS = st.lists(
    st.tuples(st.sampled_from("p h1 h3 div pre blockquote a li td section".split()), WORDS), max_size=12
)


@given(BLOCKS)
def test_all_lines_kept_are_the_words_of_the_plain_text(blocks: list[tuple[str, str]]) -> None:
    escaped = [(tag, words.replace("&", "&amp;").replace("<", "&lt;")) for tag, words in blocks]
    tree = HTMLTree.parse("<body>" + " ".join(f"<{tag}>{words}</{tag}>" for tag, words in escaped))
    plain = extract_plain_text(tree, main_content=False, list_bullets=False)
    found = read_page(tree.document.html)
    ours = render_lines(found, np.ones(len(found.lines), np.bool_))
    assert ours.replace("•", "").split() == plain.split()


@given(st.text('<>/aphrulib 1h2&;#="\n\u00a0é', max_size=60))
def test_any_text_gives_lines_in_order_and_elements_within_them(html: str) -> None:
    found = read_page(html)
    starts, stops = found.lines[:, 0], found.lines[:, 1]
    assert (starts < stops).all()
    assert (starts[1:] >= stops[:-1]).all()
    assert (found.nodes[:, PARENT] < np.arange(len(found.nodes))).all()
    assert (found.nodes[:, FIRST_LINE] <= found.nodes[:, LAST_LINE]).all()
    assert (found.nodes[:, LAST_LINE] <= len(found.lines)).all()

"""HTML of posts to text."""

from __future__ import annotations

from html import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.ingest.stackexchange.html_text import html_to_text
from tests.linear import assert_linear

CASES = {
    "paragraphs": ("<p>One\ntwo  three.</p>\n\n<p>Four</p>\n", "One two three.\n\nFour"),
    "inline tags": ("<p>a<em>b</em> <strong>c</strong><code>d</code>  <kbd> e</kbd></p>", "ab cd e"),
    "line break": ("a<br>b<br />c<br><br>d<br><br><br><br>e", "a\nb\nc\n\nd\n\ne"),
    "link": ('<p>see <a href="http://x.y/?a=1&amp;b" rel="nofollow">the page</a>.</p>', "see the page."),
    "image": ('<p>a <img src="u" alt="enter image description here"> b</p>', "a b"),
    "headings": ("<h1>T</h1><p>x</p><hr><h2>U</h2>y", "T\n\nx\n\nU\n\ny"),
    "quote": ("<p>a</p><blockquote>\n  <p>q <em>r</em></p>\n</blockquote><p>b</p>", "a\n\nq r\n\nb"),
    "list": ("<p>x:</p>\n<ul>\n<li>a</li>\n<li>b <b>c</b></li>\n</ul>\n<p>y</p>", "x:\n\n- a\n- b c\n\ny"),
    "numbered list": ("<ol>\n<li>a</li>\n<li>b</li>\n</ol>", "1. a\n2. b"),
    "numbered from": ('<ol start="4"><li>a<li>b</ol>', "4. a\n5. b"),
    "loose list": ("<ul>\n<li><p>a</p></li>\n<li><p>b</p><p>c</p></li>\n</ul>", "- a\n\n- b\n\nc"),
    "nested list": (
        "<ol><li>a<ul><li>b</li><li>c</li></ul></li><li>d</li></ol>e",
        "1. a\n  - b\n  - c\n2. d\n\ne",
    ),
    "empty item": ("<ul><li>a</li><li></li><li><img></li><li>b</li></ul>", "- a\n- b"),
    "item without list": ("<li>a</li><li>b</li>", "- a\n- b"),
    "table": (
        "<table><thead><tr><th>A</th><th>B</th></tr></thead><tbody><tr>\n<td>1</td>\n<td>2</td></tr></tbody></table>x",
        "A | B\n1 | 2\n\nx",
    ),
    "raised digits": ("10<sup>-6</sup> m<sup>2</sup>, CO<sub>2</sub>, 1<sup>st</sup>", "10⁻⁶ m², CO₂, 1st"),
    "small print": ("<p><sub>a note of 2018</sub></p>", "a note of 2018"),
    "comment": ("a<!-- language: lang-js -->b<!-- c <p> d --> e<!-- never closed <p>x</p>", "ab e"),
    "script": ("<p>a</p><script>alert(1 < 2)</script><style>p {}</style><p>b</p>", "a\n\nb"),
    "unknown tags": ("<sli>a</sli><xyz b='c'>d</xyz>", "ad"),
    "upper case": ("<P>a</P><UL><LI>b</UL>", "a\n\n- b"),
    "no tag": ("1 < 2 and a<3 <> b>c", "1 < 2 and a<3 <> b>c"),
    "no-break space": ("<p>&nbsp;</p><p>a&nbsp;b\u00a0c</p><p>&nbsp;</p>", "a b c"),
    "only an image": ('<p><a href="x"><img src="y"></a></p>\n', ""),
    "nothing": ("", ""),
}


@pytest.mark.parametrize("name", CASES)
def test_html_to_text(name: str) -> None:
    html, text = CASES[name]
    assert html_to_text(html) == text


def test_trap_code_keeps_its_line_breaks_and_indentation() -> None:
    html = (
        '<p>Try:</p>\n\n<pre class="lang-py"><code>def f(x):\n    if x &lt; 1:\n\n        return  x '
        "&amp;&amp; '&amp;lt;'\n\t# tab\n</code></pre>\n\n<p>Done.</p>"
    )
    assert html_to_text(html) == (
        "Try:\n\ndef f(x):\n    if x < 1:\n\n        return  x && '&lt;'\n\t# tab\n\nDone."
    )


def test_code_that_begins_indented_stays_indented() -> None:
    assert html_to_text("<pre><code>\n    a\n  b</code></pre>") == "    a\n  b"


def test_code_in_a_list_item() -> None:
    assert (
        html_to_text("<ul><li>a<pre><code>x\n  y</code></pre></li><li>b</li></ul>") == "- a\n\nx\n  y\n\n- b"
    )


def test_code_that_never_closes_ends_with_the_post() -> None:
    assert html_to_text("a<pre>x\n  <b>y</b>\n z") == "a\n\nx\n  y\n z"


def test_code_with_carriage_returns_and_hard_spaces() -> None:
    assert html_to_text("<pre>a\r\n\u00a0&nbsp;b<br>c</pre>") == "a\n  b\nc"


def test_trap_html_entities_are_decoded_exactly_once() -> None:
    assert (
        html_to_text("<p>&amp;lt;b&amp;gt; &lt;b&gt; &amp;nbsp; &#39;&hellip;</p>")
        == "&lt;b&gt; <b> &nbsp; '…"
    )


WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40)


@given(WORDS)
def test_escaped_text_comes_back(text: str) -> None:
    assert html_to_text(f"<p>{escape(text)}</p>") == " ".join(text.split())


@given(WORDS, WORDS)
def test_escaped_code_comes_back(first: str, second: str) -> None:
    code = f"x{first}\n  {second}y".replace("\u00a0", " ")
    assert html_to_text(f"<pre><code>{escape(code)}</code></pre>") == code


@given(
    st.lists(
        st.sampled_from(
            ["<p>", "</p>", "<ul>", "</ul>", "<li>", "<ol>", "</ol>", "<pre>", "</pre>", "a", " "]
        )
    )
)
def test_any_nesting_gives_every_word_once(parts: list[str]) -> None:
    text = html_to_text("".join(parts))
    assert text.count("a") == parts.count("a")
    assert text == text.rstrip() and not text.startswith("\n")


@pytest.mark.parametrize("unit", ["<", "<!--", '<a "', "<pre>", "<script", "<ul><li>", "&", "&#", "</"])
def test_hostile_html_takes_linear_time(unit: str) -> None:
    assert_linear(html_to_text, lambda chars: unit * (chars // len(unit)), 5_000)


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ('<a title="if a > b then" href="x">word</a> end', "word end"),
        ("<a title='a > b' rel=\"n\">word</a>", "word"),
        ('<img alt="x > y" src="z"> t', "t"),
        ('a <b title="<i>">c</b>', "a c"),
        ('<a title="a < b > c" >z</a>', "z"),
        ('<a title = "a > b"\nhref=x>z</a>', "z"),
        ('<p title="it\'s > b">q</p>', "q"),
        ("it's a < b and \"c\" > d, isn't <em>it</em>", "it's a < b and \"c\" > d, isn't it"),
        ('<a href="x>broken</a> more', "broken more"),
        ("x<sup>k</sup> and 2<sup>n</sup>, the 4<sup>th</sup>", "x^k and 2ⁿ, the 4th"),
    ],
)
def test_quotes_count_in_tags(html: str, text: str) -> None:
    assert html_to_text(html) == text


def test_trap_hostile_quotes_take_linear_time() -> None:
    for unit in ('<a "', '<a x="', "<a b='c>", '<a x=" y', '<a c="" d="', "<a x=\"' y='\" "):
        assert_linear(html_to_text, lambda n, u=unit: u * n, 2_000)

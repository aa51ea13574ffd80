"""What resiliparse would lose or glue: lone characters, raised digits, formulas, lines of code."""

from __future__ import annotations

import pytest

from stages.ingest.common_crawl.boilerplate.extract import main_text
from stages.ingest.common_crawl.boilerplate.model import fitted_model
from stages.ingest.common_crawl.html import (
    page_title,
    parse_for_resiliparse,
    parse_web_page,
    resiliparse_text,
)
from stages.ingest.common_crawl.marks import KEEPER

PROSE = (
    "<p>The ferry to the northern islands leaves at dawn, and it takes the mail, two cars and a cow.</p>" * 4
)
TEX = '<annotation encoding="application/x-tex">'


def text_of(body: str) -> str:
    """The text of `body` between two runs of prose."""
    tree = parse_web_page(f"<html><body><main>{PROSE}<div>{body}</div>{PROSE}</main></body></html>")
    text = main_text(tree, None, fitted_model(), min_probability=0.0).text
    return text.split("a cow.")[4].rpartition("\n\nThe ferry")[0].strip("\n")


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("10<sup>6</sup>", "10⁶"),
        ("10<sup>-3</sup> m<sup>2</sup>/s", "10⁻³ m²/s"),
        ("H<sub>2</sub>O", "H₂O"),
        ("2<sup>n+1</sup>", "2ⁿ⁺¹"),
        ("x<sup>k</sup> and x<sub>k</sub>", "x^k and x_k"),
        ("2<sup>2k</sup>", "2^(2k)"),
        ("10<sup><b>6</b></sup> x<sup><i>k</i></sup> H<sub><span>2</span></sub>O", "10⁶ x^k H₂O"),
        ("the 4<sup>th</sup>, 1<sup>er</sup> and 2<sup>e</sup>", "the 4th, 1er and 2e"),
        ("<a href='#r1'><sup><i>b</i></sup></a> so", "b so"),
        ("so<sup><a href='#n1'>[1]</a></sup> it is<sup>™</sup>", "so[1] it is™"),
        ("<p>a</p><sub>Photo: somebody of the press</sub>", "a\n\nPhoto: somebody of the press"),
    ],
)
def test_raised_and_lowered_characters(body: str, text: str) -> None:
    assert text_of(body) == text


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (f"is <math><semantics><mi>x</mi>{TEX}x^2</annotation></semantics></math>.", "is $x^2$."),
        (
            f'is <span class="katex"><span class="katex-mathml"><math><mi>x</mi>{TEX}x^2</annotation></math></span>'
            '<span class="katex-html" aria-hidden="true"><span>x2</span></span></span>.',
            "is $x^2$.",
        ),
        (
            '<span class="mwe-math-element">is <span class="mwe-math-mathml-inline mwe-math-mathml-a11y" '
            f'style="display: none;"><math><mi>x</mi>{TEX}{{\\displaystyle x^2}}</annotation></math></span>'
            '<img class="mwe-math-fallback-image-inline" alt="{\\displaystyle x^{2}}"></span>.',
            "is $x^{2}$.",
        ),
        ('is <img class="latex" alt="$x^2$">.', "is $x^2$."),
        ('is <script type="math/tex">x^2</script>.', "is $x^2$."),
        ("is <math><mi>x</mi><mo>=</mo><mn>2</mn></math>.", "is x=2."),
        (
            "is <math><mfrac><mn>1</mn><mrow><mi>x</mi><mo>+</mo><mn>1</mn></mrow></mfrac></math>.",
            "is 1/(x+1).",
        ),
        ("is <math><msup><mi>x</mi><mn>2</mn></msup><msub><mi>a</mi><mi>k</mi></msub></math>.", "is x²a_k."),
        ("is <math><msqrt><mn>2</mn></msqrt><mroot><mi>x</mi><mn>3</mn></mroot></math>.", "is √2³√x."),
        (
            "is <math><munderover><mo>∑</mo><mrow><mi>i</mi><mo>=</mo><mn>0</mn></mrow><mi>n</mi></munderover></math>.",
            "is ∑_(i=0)ⁿ.",
        ),
        (
            "is <math><mtable><mtr><mtd>a</mtd><mtd>b</mtd></mtr><mtr><mtd>c</mtd><mtd>d</mtd></mtr></mtable></math>.",
            "is [a, b; c, d].",
        ),
        ('is <img alt="a photo"> here', "is here"),
    ],
)
def test_formulas_are_tex_once(body: str, text: str) -> None:
    assert text_of(body) == text


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (
            "<pre>def f(x):\n    if x:\n        return 1\n\n    return 2</pre>",
            "def f(x):\n    if x:\n        return 1\n\n    return 2",
        ),
        ("<pre><code><div>a = 1</div><div>  b = 2</div></code></pre>", "a = 1\n  b = 2"),
        ("<pre>a = 1<br>  b = 2</pre>", "a = 1\n  b = 2"),
        ('<pre><code><span class="hljs-comment"># why</span>\na = 1</code></pre>', "# why\na = 1"),
        ("<p>one<br>two<br><br>three</p>", "one\ntwo\n\nthree"),
    ],
)
def test_lines_end_where_they_end_on_the_page(body: str, text: str) -> None:
    assert text_of(body) == text


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("<div>one</div><div>two</div>", "one\ntwo"),
        ("six<button>seven</button>eight", "six\nseven\neight"),
        ("super<wbr>cali<b>fragi</b>listic", "supercalifragilistic"),
        ("<h2>Head <em>two</em></h2>text", "Head two\n\ntext"),
        (
            "<ul><li>one<li>two</ul><ol><li>three<li><p>four</ol>",
            "  • one\n  • two\n\n  1. three\n\n  2. four",
        ),
        ("<table><tr><th>Name<th>Age<tr><td>Ann<td>12</table>", "Name\t\tAge\nAnn\t\t12"),
        ('<figure class="wp-block-table"><table><tr><td>Ann<td>12</table></figure>', "Ann\t\t12"),
        (
            "<figure><blockquote><p>a quote</p></blockquote><figcaption>by him</figcaption></figure>",
            "a quote\n\nby him",
        ),
        ("a<figure><img alt=x><figcaption>a photo</figcaption></figure>", "a\n\na photo"),
        ("<dl><dt>term<dd>what it is</dl>", "term\nwhat it is"),
    ],
)
def test_words_are_neither_glued_nor_split(body: str, text: str) -> None:
    assert text_of(body) == text


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("第<span>一</span>章", "第一章"),
        ("it<span>’</span>s <i>…</i> a<b>&mdash;</b>b<b>&#8217;</b>c<b>&#x2014;</b>d", "it’s … a—b’c—d"),
        ("<table><tr><td>是</td><td>否</td></tr></table>", "是\t\t否"),
        ("<i class='fa'>\ue123</i><i>&#xe123;</i><i>&#57635;</i>icon", "icon"),
    ],
)
def test_lone_characters_are_kept_and_icons_are_not(body: str, text: str) -> None:
    assert text_of(body) == text


def test_what_keeps_lone_characters_for_resiliparse_is_in_no_text() -> None:
    tree = parse_for_resiliparse(f"<title>…</title><body><main><b>中</b> 10<sup>6</sup>{PROSE}</main>")
    assert page_title(tree) == "…"
    assert resiliparse_text(tree).startswith("中 10⁶")
    assert KEEPER not in resiliparse_text(tree)

"""A page in, the same with what the extractor would lose or glue written as plain text out: formulas, raised digits, code.

resiliparse's main content takes a lone character of three bytes in UTF-8 for the glyph of an icon font and drops it,
whatever it is: `<b>中</b>`, `<td>是</td>`, `<i>…</i>`. A noncharacter beside it makes two of it, and goes afterwards.
"""

from __future__ import annotations

import re
from typing import Any

from resiliparse.parse.html import HTMLTree

from stages.ingest.common_crawl.mathml import STRUCTURES, math_text
from stages.ingest.raised import as_script

KEEPER = "\ufdd0"
"""A Unicode noncharacter: no page has it as text, and what is left of it is not text."""

_LONE_CHARACTER = re.compile(
    r"(>(?:[\u0800-\ud7ff\uf900-\ufdcf\ufdf0-\uffef]"
    r"|&#(?:2[1-9]\d\d|[3-9]\d{3}|[1-4]\d{4}|5[0-4]\d{3});|&#[xX](?:0?[89a-fA-F]|[1-9a-cA-C][0-9a-fA-F])[0-9a-fA-F]{2};"
    r"|&(?:hellip|[nm]dash|[lr][sd]quo|bull|trade|euro|[lr]arr);))(?=<)"
)
"""Without spaces around, as nearly all are: to look for those takes twice the time. Private use (icon fonts) is left to be
dropped, and characters of two bytes are not dropped."""

_MATH_IMAGE = 'img[class*="math"], img[class*="latex"], img[class="tex"]'
_SHALLOW_LIST = ", ".join(
    f"body > {path} > ul"
    for path in ("main", "main > *", "* > main", "article", "article > *", "* > article")
)
_MARKED = f'sup, sub, math, script[type^="math/tex"], {_MATH_IMAGE}, .katex-html'
_MARKED_FOR_RESILIPARSE = f"{_MARKED}, pre br, pre div, pre li, figure, {_SHALLOW_LIST}"
_NO_FORMATTING = "*" + "".join(
    f":not({name})" for name in ("b", "i", "em", "strong", "span", "var", "small", "font")
)
_TEX = 'annotation[encoding="application/x-tex"]'
_DISPLAY_STYLE = re.compile(r"\{\\(?:display|text)style\s*(.*)\}", re.DOTALL).fullmatch


def keep_lone_characters(html: str) -> str:
    """HTML whose lone characters of three bytes are kept, a KEEPER behind each; a space behind buttons, which are no text."""
    html = html.replace("</button>", "</button> ")
    return _LONE_CHARACTER.sub(rf"\1{KEEPER}", html)


def without_keepers(text: str) -> str:
    """The text without KEEPERs."""
    return text.replace(KEEPER, "")


def write_marks(tree: HTMLTree) -> None:
    """Write formulas as TeX, raised and lowered characters, into the text of a page's DOM."""
    _write(tree, _MARKED, "")


def write_resiliparse_marks(tree: HTMLTree) -> None:
    """`write_marks`, and what resiliparse's main content would lose: ends of lines in <pre>, lists, figures; KEEPERs."""
    _write(tree, _MARKED_FOR_RESILIPARSE, KEEPER)


def _write(tree: HTMLTree, selector: str, keeper: str) -> None:
    if tree.document is None:
        return
    # a slice: resiliparse walks the page anew for every step of an iterator
    for element in tree.document.query_selector_all(selector)[:]:
        if element.parent is None:  # it stood in a formula that is text by now
            continue
        tag = element.tag
        if tag in ("sup", "sub"):
            _write_script(tree, element, tag, keeper)
        elif tag in ("math", "script", "img"):
            _write_formula(tree, element, tag)
        elif tag in ("div", "li"):
            element.append_child(_text_node(tree, "\n"))
        elif tag == "br":
            element.replace_with(_text_node(tree, "\n"))
        elif tag == "ul":
            _deepen(tree, element)
        elif tag == "figure":
            _unwrap_figure(tree, element)
        elif (before := element.previous_element_sibling) is not None and before.class_name == "katex-mathml":
            element.remove()


def _text_node(tree: HTMLTree, text: str) -> Any:
    return tree.create_text_node(text)


def _deepen(tree: Any, element: Any) -> None:
    """Put three elements around a list of an article: resiliparse takes one with fewer above it for navigation."""
    for _ in range(3):
        around = tree.create_element("div")
        element.replace_with(around)
        around.append_child(element)
        element = around


def _unwrap_figure(tree: Any, element: Any) -> None:
    """Make a <div> of a figure with text in it: without alt texts resiliparse drops tables, code and quotes in figures."""
    if element.query_selector("table, pre, blockquote, p, ul, ol") is None:
        return
    around = tree.create_element("div")
    while (child := element.first_child) is not None:
        around.append_child(child)
    element.replace_with(around)


def _write_script(tree: HTMLTree, element: Any, tag: str, keeper: str) -> None:
    """`10<sup>6</sup>` as 10⁶, `x<sup>k</sup>` as x^k, `x<sub>k</sub>` as x_k; notes, ordinals and words as they are."""
    is_whole = element.first_element_child is None
    if not is_whole and (
        element.query_selector(_NO_FORMATTING) is not None or element.closest("a") is not None
    ):
        return  # a note, or small print
    if (written := as_script(element.text.strip(), tag)) is not None:
        element.replace_with(_text_node(tree, written + keeper))


def _write_formula(tree: HTMLTree, element: Any, tag: str) -> None:
    """`$TeX$` for a formula whose TeX the page has, its other renderings go; plain text for MathML without."""
    if tag == "math":
        annotation = element.query_selector(_TEX)
        tex = annotation.text if annotation is not None else element.getattr("alttext")
    else:
        tex = element.text if tag == "script" else element.getattr("alt")
    tex = " ".join((tex or "").split())
    if not tex:
        if tag == "math" and element.query_selector(STRUCTURES) is not None:
            element.replace_with(_text_node(tree, math_text(element)))
        return
    styled = _DISPLAY_STYLE(tex)
    tex = (styled[1] if styled else tex).strip().strip("$").strip()
    hidden = element.closest(".mwe-math-mathml-a11y") if tag == "math" else None
    beside = None if hidden is None else hidden.next_element_sibling
    if hidden is not None and beside is not None and beside.tag == "img":
        hidden.remove()  # the image beside it says the same, and is not hidden
    else:
        (hidden or element).replace_with(_text_node(tree, f"${tex}$"))

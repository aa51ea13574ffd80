"""XML that is not well-formed keeps its elements, attributes and text."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.ingest.books.lenient_xml import MAX_XML_DEPTH, lenient_root
from tests.linear import assert_linear


def shown(text: str) -> str:
    return ElementTree.tostring(lenient_root(text), "unicode")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<a><b x=1 X=2>t</b></a>", '<a><b x="1">t</b></a>'),
        ("<p:a><q:b/>t</p:a>", "<a><b />t</a>"),
        ("<m><meta a='1'><item id=c1></m>u", '<m><meta a="1" /><item id="c1" /></m>u'),
        ("<a><b>t</a>u", "<a><b>t</b></a>u"),
        ("<t>A < B & C</t>", "<t>A &lt; B &amp; C</t>"),
        ("</x><a>", "<a />"),
        ("<![x[<a>", "&lt;![x[<a />"),
    ],
)
def test_what_is_not_well_formed(text: str, expected: str) -> None:
    assert shown(text) == f"<document>{expected}</document>"


def test_elements_inside_each_other_are_bounded() -> None:
    assert shown("<a>" * 1000).count("<a") == 1000
    assert "<a>" * MAX_XML_DEPTH not in shown("<a>" * 1000)


@given(st.text("<>/!?[]-=\"' ab:", max_size=60))
def test_any_text_gives_a_tree(text: str) -> None:
    assert lenient_root(text).tag == "document"


@pytest.mark.parametrize(
    "unit", ["<", "<a>", "</a>", "<a ", "<a x=", "< ", "<item>", "<a></b>", "<!--", "<!", "<?", "&", "<a b='"]
)
def test_hostile_repetition_takes_linear_time(unit: str) -> None:
    assert_linear(lenient_root, lambda count: unit * count, 2_000)

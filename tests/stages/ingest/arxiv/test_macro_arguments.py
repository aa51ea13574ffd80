"""Arguments of a use of a macro, and bodies with arguments in their places."""

from __future__ import annotations

import pytest

from stages.ingest.arxiv.macro import Macro, Parameter
from stages.ingest.arxiv.macro_arguments import arguments_of_use, decide_tests, substitute

TWO = Macro("x", (Parameter("o", "d"), Parameter("m", "")), "")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{a} b", (["d", "a"], 3)),
        ("[o]{a}", (["o", "a"], 6)),
        (" [o] \\y z", (["o", "\\y"], 7)),
        ("}", None),
        ("", ([], 0)),
    ],
)
def test_arguments(source: str, expected: tuple[list[str], int] | None) -> None:
    assert arguments_of_use(source, 0, TWO, []) == expected


def test_arguments_take_their_places() -> None:
    assert substitute("a#1#2##b#3", ["x", "y"]) == "axy#b"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("\\IfBooleanTF{\\BooleanTrue}{a}{b}c", "ac"),
        ("\\IfValueT{-NoValue-}{a}c", "c"),
        ("\\IfNoValueF{x}{a}c", "ac"),
        ("\\IfValueTF{x}{a}", "\\IfValueTF{x}{a}"),
        ("\\IfBooleanTF\\BooleanFalse{a}{b}c", "bc"),
        ("\\IfBooleanT \\BooleanTrue {a}c", "ac"),
        ("\\IfNoValueTF-NoValue-{a}{b}c", "ac"),
        ("\\IfValueTF x{a}{b}c", "ac"),
        ("\\IfValueTF xy{a}{b}c", "\\IfValueTF xy{a}{b}c"),
    ],
)
def test_tests_are_decided(body: str, expected: str) -> None:
    assert decide_tests(body) == expected

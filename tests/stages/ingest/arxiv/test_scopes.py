"""Definitions in groups: a name means in the group what it was given there, and behind it what it meant before."""

from __future__ import annotations

import pytest

from stages.ingest.arxiv.macros import Expander
from stages.ingest.arxiv.scopes import Scopes
from tests.linear import assert_linear


def expand(preamble: str, body: str) -> str:
    expander = Expander()
    expander.collect(preamble)
    return expander.expand(body)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (r"{\def\a{C}\a}\a", "{C}A"),
        (r"\begingroup\def\a{C}\a\endgroup\a", r"\begingroup C\endgroup A"),
        (r"\bgroup\def\a{C}\a\egroup\a", r"\bgroup C\egroup A"),
        (r"\begin{x}\renewcommand{\a}{C}\a\end{x}\a", r"\begin{x}C\end{x}A"),
        (r"{\let\a\b \a} \a", r"{ \b} A"),
        (r"{\gdef\a{C}\a}\a", "{C}C"),
        (r"{\global\long\def\a{C}\a}\a", "{C}C"),
        (r"\def\a{C}{\a}\a", "{C}C"),
        (r"{\def\a{C}\a{\def\a{D}\a}\a}\a", "{C{D}C}A"),
        (r"{\def\new{C}\new} \new", r"{C} \new"),
        (r"\ifthenelse{x}{\def\a{C}}{y}\a", r"\ifthenelse{x}{}{y}C"),
        (r"\AtBeginDocument{\def\a{C}}\a", r"\AtBeginDocument{}C"),
        (r"\tikz[begin={\def\a{C}}]\a", r"\tikz[begin={}]C"),
        (r"{\def\a{C} \a", "{ C"),  # a group that never ends
        (r"\begin{x}\def\a{C}\end{y}\a", r"\begin{x}\end{y}C"),
        (r"{\{\def\a{C}\a\}\a}\a", r"{\{C\}C}A"),
        (r"{\set\a}\a", "{B}A"),
        (r"\set\a", "B"),
        (r"\begin{e}\a\end{e}\a", "BA"),
        (r"\m{\def\a{C}\a}\a", "<C>C"),
        (r"\m{{\def\a{C}\a}\a}\a", "<{C}A>A"),
    ],
)
def test_a_definition_counts_up_to_the_end_of_its_group(body: str, text: str) -> None:
    preamble = r"\def\a{A}\def\set{\def\a{B}}\newenvironment{e}{\def\a{B}}{}\newcommand{\m}[1]{<#1>}"
    assert expand(preamble, body) == text


def test_a_definer_of_a_group_defines_nothing_behind_it() -> None:
    assert expand("", r"{\let\nc\newcommand \nc{\a}{A}\a}\nc{\b}{B}") == r"{ A}\nc{\b}{B}"


def test_the_group_around_a_place() -> None:
    scopes = Scopes(r"a{b{c}d}\begin{x}e\end{x}f{g")
    assert [scopes.end(place) for place in (0, 2, 4, 6, 8, 17, 26, 28)] == [
        None,
        8,
        6,
        8,
        None,
        25,
        None,
        None,
    ]


@pytest.mark.parametrize(
    "piece",
    [
        r"{\def\a{b}\a}",
        r"{\def\a{b}",
        r"\def\a{b}}",
        r"\begin{x}\def\a{b}",
        r"\begin{x}\def\a{b}\end{y}",
        r"\begingroup\def\a{b}",
        r"\ifthenelse{\def\a{b}}",
    ],
)
def test_groups_are_found_in_linear_time(piece: str) -> None:
    assert_linear(lambda body: Expander().expand(body), lambda size: piece * size, 400)

r"""Conditions: what is known is decided, and what is not stays as it is written."""

from __future__ import annotations

import pytest

from stages.ingest.arxiv.conditions import decide_conditions
from tests.linear import assert_linear


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (
            r"\def\a{x}\def\b{x}\def\c{y}\ifx\a\b same\else other\fi\ifx\a\c S\else O\fi",
            r"\def\a{x}\def\b{x}\def\c{y}sameO",
        ),
        (r"\def\a{}\ifx\a\empty none\else some\fi", r"\def\a{}none"),
        (r"\newcommand{\a}{}\ifx\a\empty none\else some\fi", r"\newcommand{\a}{}some"),
        (r"\newcommand*{\a}{}\ifx\a\@empty none\else some\fi", r"\newcommand*{\a}{}none"),
        (r"\let\a\b \def\b{x}\ifx\a\b same\else other\fi", r"\let\a\b \def\b{x}\ifx\a\b same\else other\fi"),
        (r"\def\b{x}\let\a=\b \ifx\a\b same\else other\fi", r"\def\b{x}\let\a=\b same"),
        (r"\let\a\relax \ifx\a\relax same\else other\fi", r"\let\a\relax same"),
        (r"\def\draft{1}\ifx\draft\undefined final\else draft\fi", r"\def\draft{1}draft"),
        (r"\ifx\draft\undefined final\else draft\fi", "final"),
        (r"\ifx\undefined\draft final\else draft\fi", "final"),
        (r"\ifdefined\draft yes\else no\fi", "no"),
        (r"\newcommand{\draft}{}\ifdefined\draft yes\else no\fi", r"\newcommand{\draft}{}yes"),
        (r"\ifcase 1 zero\or one\or two\else more\fi", "one"),
        (r"\ifcase0 zero\or one\fi|", "zero|"),
        (r"\ifcase 7 zero\or one\else more\fi", "more"),
        (r"\ifcase 7 zero\or one\fi|", "|"),
        (r"\ifcase 1 a\or b\ifcase 0 c\or d\fi\or e\fi", "bc"),
        (r"\def\v{2}\ifcase\v zero\or one\or two\fi", r"\def\v{2}two"),
        (r"\def\v{2}\ifnum\v>1 long\else short\fi", r"\def\v{2}long"),
        (r"\newcommand\v{2}\ifnum 1=\v long\else short\fi", r"\newcommand\v{2}short"),
        (r"\def\v{2}\def\v{3}\ifodd\v odd\else even\fi", r"\def\v{2}\def\v{3}odd"),
        (r"\newcount\v \v=2 \ifnum\v=2 a\else b\fi\ifnum 2>\v c\fi", r"\newcount\v \v=2 a"),
        (r"\newcount\v\v1 \ifodd\v a\else b\fi\v=2 \ifodd\v a\else b\fi", r"\newcount\v\v1 a\v=2 b"),
        (r"\newtoggle{f}\iftoggle{f}{A}{B}\toggletrue{f}\iftoggle{f}{A}{B}", "BA"),
        (r"\newtoggle{f}\settoggle{f}{true}\nottoggle{f}{A}{\textbf{B}}|", r"\textbf{B}|"),
        (r"\newbool{f}\booltrue{f}\ifbool{f}{A}{B} $a\iff b$", r"A $a\iff b$"),
        (r"\newbool{long}\booltrue{long}\ifbool{long}{A}{B}\iflong A\else B\fi", "AA"),
        (r"\newif\iflong\longtrue\ifbool{long}{A}{B}", "A"),
        (
            r"\newboolean{s}\setboolean{s}{true}\ifthenelse{\boolean{s}}{A}{B}\ifthenelse{\NOT\boolean{s}}{A}{B}",
            "AB",
        ),
        (
            r"\newtoggle{a}\newtoggle{b}\toggletrue{a}\iftoggle{a}{x\iftoggle{b}{y}{z}}{w\iftoggle{b}{y}{z}}.",
            "xz.",
        ),
        (r"\newtoggle{a}\iftoggle{a}{x}{y\ifnum1=1 z\else w\fi}.", "yz."),
    ],
)
def test_what_is_known_is_decided(source: str, text: str) -> None:
    assert decide_conditions(source) == text


@pytest.mark.parametrize(
    "source",
    [
        r"\ifx\pdfoutput\undefined a\else b\fi",
        r"\ifdefined\hypersetup \hypersetup{x}\fi",
        r"\ifx\a b c\else d\fi",
        r"\def\a{x}\ifx\a\thanks c\else d\fi",
        r"{\def\a{x}}\ifdefined\a c\else d\fi",
        r"\def\b{\ifx\a\empty c\else d\fi}\def\a{}\b",
        r"\ifmmode\def\a{x}\fi\ifx\a\empty c\else d\fi",
        r"\ifcase\value{page} a\or b\fi",
        r"\ifnum\pageno>1 a\else b\fi",
        r"\edef\a{x}\ifx\a\empty c\else d\fi",
        r"\iftoggle{f}{A}{B} \toggletrue{f} \ifbool{f}{A}{B}",
        r"\ifthenelse{\equal{a}{b}}{A}{B}",
        r"one \or two \newtoggle",
        r"\newcount\v \v=2 \def\w{\advance\v by 1 }\w\ifnum\v=2 a\fi",
        r"\newcount\v \v=\w \ifnum\v=2 a\fi",
        r"\newcount\v \ifnum\v=2 a\fi",
        r"\newcount\v \v=2 {\v=3 }\ifnum\v=2 a\fi",
    ],
)
def test_what_is_not_known_stays(source: str) -> None:
    assert decide_conditions(source) == source


def test_a_switch_that_an_open_condition_sets_is_not_known() -> None:
    source = r"\newif\ifa\ifmmode\atrue\fi\ifa x\else y\fi"
    assert decide_conditions(source) == r"\ifmmode\atrue\fi\ifa x\else y\fi"


def test_a_style_makes_switches_and_names_known() -> None:
    assert decide_conditions(r"\iftoggle{f}{A}{B}", [r"\newtoggle{f}\toggletrue{f}"]) == "A"
    assert (
        decide_conditions(r"\ifdefined\draft yes\else no\fi", [r"\def\draft{}"])
        == r"\ifdefined\draft yes\else no\fi"
    )


@pytest.mark.parametrize(
    "piece",
    [
        r"\newcount\v\v=1 \ifnum\v=1 a\fi",
        r"\iftoggle{a}{x}{y",
        r"\iftoggle{a}{x",
        r"\ifcase 1 a\or ",
        r"\ifx\a\b",
        r"\def\a{\ifx\a\b ",
        r"\ifdefined\a x\fi\def\a{y}",
        r"\ifx\aa\ab\else\fi\let\aa\ab",
    ],
)
def test_conditions_are_decided_in_linear_time(piece: str) -> None:
    assert_linear(decide_conditions, lambda size: r"\newtoggle{a}" + piece * size, 400)

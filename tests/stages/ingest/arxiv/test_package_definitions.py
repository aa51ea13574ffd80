"""Definitions by commands of packages, choices by what follows a use, and macros that lead into TeX's inside."""

from __future__ import annotations

import pytest

from stages.ingest.arxiv.macros import Expander
from tests.linear import assert_linear


def expand(preamble: str, body: str) -> str:
    expander = Expander()
    expander.collect(preamble)
    return expander.expand(body)


@pytest.mark.parametrize(
    ("preamble", "body", "text"),
    [
        (
            r"\DeclarePairedDelimiter\abs{\lvert}{\rvert}",
            r"\abs{x} \abs*{\frac ab} \abs[\big]{x}",
            r"\lvert x\rvert \left\lvert\frac ab\right\rvert \mathopen{\big\lvert}x\mathclose{\big\rvert}",
        ),
        (r"\DeclarePairedDelimiter{\co}{[}{)}", r"\co{a,b}", "[a,b)"),
        (
            r"\DeclarePairedDelimiterX\Set[2]{\{}{\}}{#1\,\delimsize\vert\,#2}",
            r"\Set{x}{y} \Set*{x}{y}",
            r"\{x\,\vert\,y\} \left\{x\,\middle\vert\,y\right\}",
        ),
        (
            r"\DeclarePairedDelimiterXPP\norm[1]{N}{\lVert}{\rVert}{_2}{#1}",
            r"\norm{u}",
            r"N\lVert u\rVert_2",
        ),
        (r"\newrobustcmd{\a}[1]{<#1>}\renewrobustcmd*\a[1]{(#1)}", r"\a{x}", "(x)"),
        (r"\LetLtxMacro{\old}{\sqrt}\LetLtxMacro\new\old", r"\old{2}\new{3}", r"\sqrt{2}\sqrt{3}"),
        (r"\newcommand{\a}{A}\NewCommandCopy{\b}{\a}\renewcommand{\a}{C}", r"\a\b", "CA"),
        (r"\DeclareTextFontCommand{\kw}{\bfseries}", r"\kw{if}", r"{\bfseries if}"),
        (r"\NewDocumentEnvironment{t}{om}{\textbf{#2}: }{.}", r"\begin{t}[1]{a}b\end{t}", r"\textbf{a}: b."),
        (
            r"\NewDocumentEnvironment{t}{m}{\begin{longtable}{#1}}{\end{longtable}}",
            r"\begin{t}{c}b\end{t}",
            r"\begin{longtable}{c}b\end{longtable}",
        ),
        ("", r"{\let\a\b}c", r"{}c"),
        (
            r"\NewDocumentCommand{\P}{mm}{\IfBooleanTF#1{(#2)}{#2}}\NewDocumentCommand{\up}{somm}{\P#1{#3\oplus#2#4}}",
            r"\up{v}{w} \up*[a]{v}{w}",
            r"v\oplus-NoValue-w (v\oplus aw)",
        ),
    ],
)
def test_commands_of_packages(preamble: str, body: str, text: str) -> None:
    assert expand(preamble, body) == text


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (r"\norm{x} \norm*{y}", r"\|x\| \left\|y\right\|"),
        (r"\root{x} \root[3]{y}", "x^{2} y^{3}"),
        (r"\twice{x} \twice*{y}", r"\|x\| \left\|y\right\|"),
        (r"\sum_1 \sum x", "S_{1} N x"),
        (r"\norm", r"\norm"),
    ],
)
def test_what_follows_a_use_chooses(body: str, text: str) -> None:
    preamble = (
        r"\def\norm{\@ifstar\norms\normn}\def\norms#1{\left\|#1\right\|}\newcommand{\normn}[1]{\|#1\|}"
        r"\newcommand{\root}{\@ifnextchar[{\power}{\power[2]}}\def\power[#1]#2{#2^{#1}}\newcommand{\twice}{\norm}"
        r"\def\sum{\@ifnextchar_\sums\sumn}\def\sums_#1{S_{#1}}\def\sumn{N}"
    )
    assert expand(preamble, body) == text


@pytest.mark.parametrize(
    ("preamble", "body"),
    [
        (r"\def\x#1{\x@a{#1}}\def\x@a#1{\futurelet\next\x@b}", r"\x{a}"),
        (r"\NewDocumentCommand{\x}{m}{\group_begin: \my_show:n {#1} \group_end:}", r"\x{a}"),
        (r"\def\x{\@ifnextchar[{\catcode`@=11}{\x@b}}", r"\x a"),
        (r"\newcommand{\x}{\begingroup\small}", r"\x a"),
    ],
)
def test_macros_that_lead_into_the_inside_stay(preamble: str, body: str) -> None:
    expander = Expander()
    expander.collect(preamble)
    assert expander.expand(body) == body
    assert "x" in expander.complex


def test_macros_that_lead_to_text_are_expanded() -> None:
    preamble = (
        r"\def\x#1{\x@a{#1}}\def\x@a#1{<#1>}\newcommand{\y}[1]{\begingroup\it #1\endgroup}\def\z{\sigma_x:A}"
    )
    assert expand(preamble, r"\x{a} \y{b} \z") == r"<a> \begingroup\it b\endgroup \sigma_x:A"
    assert expand(r"\def\x{\kern\p@ y}", r"\x") == r"\kern\p@ y"


@pytest.mark.parametrize(
    "piece",
    [
        r"\def\a{\@ifstar{",
        r"\DeclarePairedDelimiter\a{",
        r"\def\a{\@ifstar\b\c}\a",
        r"\NewDocumentEnvironment{a}{m}{",
        r"\LetLtxMacro{\a}{",
    ],
)
def test_commands_of_packages_take_linear_time(piece: str) -> None:
    assert_linear(lambda body: Expander().expand(body), lambda size: piece * size, 400)

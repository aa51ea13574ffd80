"""Macros: every kind of definition is expanded, and none makes the expansion run away."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.ingest.arxiv.macro import Macro
from stages.ingest.arxiv.macros import GROWTH_ALLOWANCE_CHARS, Expander


def expand(preamble: str, body: str) -> str:
    expander = Expander()
    expander.collect(preamble)
    return expander.expand(body)


@pytest.mark.parametrize(
    ("preamble", "body", "text"),
    [
        (r"\newcommand{\R}{\mathbb{R}}", r"in $\R^n$", r"in $\mathbb{R}^n$"),
        (r"\newcommand\R{\mathbb{R}}", r"$\R$", r"$\mathbb{R}$"),
        (
            r"\newcommand{\kepler}{{\it Kepler}}",
            r"\kepler{} and \kepler\ data",
            r"{\it Kepler} and {\it Kepler}\ data",
        ),
        (
            r"\newcommand{\v}[1]{\mathbf{#1}}",
            r"\v{x} \v y \v\alpha",
            r"\mathbf{x} \mathbf{y} \mathbf{\alpha}",
        ),
        (r"\newcommand{\d}[2]{\frac{d #1}{d #2}}", r"\d{x}{t} \d x t", r"\frac{d x}{d t} \frac{d x}{d t}"),
        (r"\newcommand{\n}[2][2]{\|#2\|_{#1}}", r"\n{x} \n[1]{x}", r"\|x\|_{2} \|x\|_{1}"),
        (r"\renewcommand{\vec}[1]{\mathbf{#1}}", r"\vec{x}", r"\mathbf{x}"),
        (r"\newcommand*{\a}{b}", r"\a", "b"),
        (
            r"\def\be{\begin{equation}}\def\ee{\end{equation}}",
            "\\be x \\ee",
            "\\begin{equation} x \\end{equation}",
        ),
        (r"\def\half#1{\frac{#1}{2}}", r"\half{x}", r"\frac{x}{2}"),
        (r"\long\gdef\a{b}", r"\a", "b"),
        (r"\DeclareMathOperator{\argmax}{arg\,max}", r"\argmax x", r"\operatorname{arg\,max} x"),
        (r"\DeclareMathOperator*{\argmax}{argmax}", r"\argmax_x", r"\operatorname*{argmax}_x"),
        (r"\let\eps=\varepsilon \let\e\eps", r"$\eps \e$", r"$\varepsilon \varepsilon$"),
        (r"\newcommand{\a}{b}\newcommand{\c}{\a\a}", r"\c", "bb"),
        (r"\newcommand{\a}[1]{<#1>}", r"\a{\a{x}}", "<<x>>"),
        (r"\newcommand{\la}{\langle}", r"\la x", r"\langle x"),
        (r"\newcommand{\s}[1]{\sin#1}", r"\s{x}", r"\sin x"),
        (
            r"\newcommand{\pk}{\textsf{a}\xspace}",
            r"\pk is, \pk, \pk",
            r"\textsf{a} is, \textsf{a}, \textsf{a}",
        ),
        (r"\providecommand{\a}{b}\providecommand{\a}{c}", r"\a", "b"),
        (r"\newcommand{\todo}[1]{}", r"x\todo{fix it} y", "x y"),
        (r"\NewDocumentCommand\f{om}{#2\IfValueTF{#1}{^{#1}}{}}", r"\f{x} \f[2]{y}", "x y^{2}"),
        (r"\NewDocumentCommand\g{sO{1}m}{\IfBooleanT{#1}{*}#2#3}", r"\g{x} \g*[2]{y}", "1x *2y"),
        ("", "a\n\\newcommand{\\b}{c}\n\\b\n", "a\nc\n"),
        (r"\renewcommand{\section}[1]{\Large #1}", r"\section{One}", r"\section{One}"),
        (r"\newcommand{\al}{\alpha\beta}", r"\mathbf\al", r"\mathbf{\alpha\beta}"),
    ],
)
def test_definitions(preamble: str, body: str, text: str) -> None:
    assert expand(preamble, body) == text


def test_a_use_without_its_arguments_and_a_malformed_definition_stay() -> None:
    assert expand(r"\newcommand{\v}[1]{\mathbf{#1}}", r"{\v}") == r"{\v}"
    assert expand("", r"\newcommand{\v}{never closed") == r"\newcommand{\v}{never closed"


def test_trap_a_macro_that_expands_to_itself_stops_and_stays() -> None:
    expander = Expander()
    expander.collect(r"\newcommand{\a}{x\a}\newcommand{\b}{\c}\newcommand{\c}{\b}")
    assert expander.expand(r"\a \b") == r"x\a \b"
    assert expander.recursive == {"a", "b"}


@pytest.mark.parametrize("space", ["quad", "qquad", "hspace", "vspace"])
def test_spaces_that_a_paper_defines_anew_stay_spaces(space: str) -> None:
    expander = Expander()
    expander.collect(rf"\renewcommand\{space}{{\hskip\fontdimen3\font}}")
    assert expander.expand(rf"a \{space} b") == rf"a \{space} b"


def test_a_program_of_tex_stays_and_is_named() -> None:
    expander = Expander()
    expander.collect(r"\def\a{\futurelet\next\b}")
    assert expander.expand(r"\a x") == r"\a x"
    assert expander.complex == {"a"}


class Counted(dict[str, Macro]):
    """Macros that are looked up, each time that a control word is met, no more often than there are characters allowed."""

    lookups = 0

    def get(self, name: str, default: Macro | None = None) -> Macro | None:  # type: ignore[override]
        self.lookups += 1
        assert self.lookups < GROWTH_ALLOWANCE_CHARS, "the expansion runs away"
        return super().get(name, default)


def test_a_billion_laughs_stop_at_the_bound() -> None:
    expander = Expander(Counted())
    names = "abcdefghijklmnop"
    expander.collect(r"\newcommand{\a}{laugh}")
    for before, name in pairwise(names):
        tenfold = ("\\" + before) * 10
        expander.collect("\\newcommand{\\" + name + "}{" + tenfold + "}")
    text = expander.expand("\\p")
    assert expander.stopped
    assert len(text) < 2 * GROWTH_ALLOWANCE_CHARS


def test_deep_nesting_of_arguments_ends() -> None:
    expander = Expander()
    expander.collect(r"\newcommand{\a}[1]{(#1)}")
    text = expander.expand(r"\a{" * 500 + "x" + "}" * 500)
    assert expander.stopped
    assert "x" in text


@given(st.text(alphabet="ab\\{}[]# \n", max_size=60))
def test_expansion_without_definitions_changes_nothing_but_never_fails(body: str) -> None:
    assert Expander().expand(body) == body

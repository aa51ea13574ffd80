r"""Definitions beyond `\newcommand`: delimited parameters, names in letters, environments; what stays as written."""

from __future__ import annotations

import contextlib

import pytest

from stages.ingest.arxiv.macros import Expander
from stages.ingest.work import TooMuchWorkError
from tests.linear import assert_linear


def expand(preamble: str, body: str) -> str:
    expander = Expander()
    expander.collect(preamble)
    return expander.expand(body)


@pytest.mark.parametrize(
    ("preamble", "body", "text"),
    [
        (
            r"\def\pair(#1,#2){\langle #1,#2\rangle}",
            r"$\pair(a,b)$ $\pair({x,y},z)$",
            r"$\langle a,b\rangle$ $\langle x,y,z\rangle$",
        ),
        (r"\def\pair(#1,#2){(#1|#2)}", r"\pair(a, b) \pair (c,{d}e)", "(a| b) (c|{d}e)"),
        (r"\def\to#1.{<#1>}", r"go \to here. Now", "go <here> Now"),
        (r"\def\r#1\endr{[#1]}", r"x \r some\endrun text\endr y", r"x [some\endrun text] y"),
        (r"\def\opt[#1]#2{#2^{#1}}", r"$\opt[2]{x}$ $\opt[2]y$", "$x^{2}$ $y^{2}$"),
        (r"\def\mat(#1)(#2){#1/#2}", r"\mat(a)(b)", "a/b"),
        (r"\def\pair(#1,#2){<#1;#2>}\def\p{\pair}", r"\p(1,2)", "<1;2>"),
        (r"\def\pair(#1,#2){<#1;#2>}", r"\pair({\pair(1,2)},3)", "<<1;2>;3>"),
    ],
)
def test_parameters_that_text_delimits(preamble: str, body: str, text: str) -> None:
    assert expand(preamble, body) == text


@pytest.mark.parametrize(
    ("preamble", "body"),
    [
        (r"\def\nod(#1,#2){(#1|#2)}", r"no \nod here"),
        (r"\def\nod(#1,#2){(#1|#2)}", "no \\nod(a\n\nb,c)"),
        (r"\def\nod(#1,#2){(#1|#2)}", r"{\nod(a} b, c)"),
        (r"\def\nod(#1,#2){(#1|#2)}", r"\nod(a,b"),
        (r"\def\bb#1#2#{(#1#2)}", r"\bb12{x}"),
        (r"\def\bb#2,#1.{(#1#2)}", r"\bb 1,2."),
    ],
)
def test_a_use_that_does_not_fit_stays(preamble: str, body: str) -> None:
    assert expand(preamble, body) == body


@pytest.mark.parametrize(
    ("preamble", "body", "text"),
    [
        (r"\expandafter\def\csname my1\endcsname{one}", r"it is \csname my1\endcsname.", "it is one."),
        (r"\expandafter\gdef\csname my1\endcsname#1{<#1>}", r"\csname my1\endcsname{x}", "<x>"),
        (r"\expandafter\newcommand\csname v2\endcsname[1]{<#1>}", r"\csname v2\endcsname{x}", "<x>"),
        (r"\newcommand{\ax}{AX}", r"it is \csname ax\endcsname.", "it is AX."),
        ("", r"$\csname alpha\endcsname x$", r"$\alpha x$"),
        (
            r"\makeatletter\@namedef{res@1}{3.14}",
            r"\@nameuse{res@1} and \csname res@1\endcsname!",
            "3.14 and 3.14!",
        ),
        (r"\@namedef{foo}#1{<#1>}", r"\foo{b}\csname foo\endcsname{c}", "<b><c>"),
        (
            r"\newcommand{\get}[1]{\csname v#1\endcsname}\@namedef{vone}{1}\@namedef{v2}{2}",
            r"\get{one}, \get{2}.",
            "1, 2.",
        ),
        (r"\newcommand{\get}[1]{\@nameuse{v#1}}\@namedef{v2}{2}", r"\get{2}.", "2."),
        (r"\newcommand{\setv}[2]{\@namedef{v#1}{#2}}", r"\setv{a}{1}\@nameuse{va}", "1"),
        (r"\newcommand{\k}{a}\@namedef{va}{1}", r"\csname v\k\endcsname.", "1."),
        (
            r"\newcommand{\a}{x}\expandafter\let\csname b1\endcsname\a\renewcommand{\a}{y}",
            r"\csname b1\endcsname\a",
            "xy",
        ),
        (r"\@namedef{b1}{x}\expandafter\let\expandafter\b\csname b1\endcsname", r"\b", "x"),
        (r"\newcommand{\a}{x}\let\b\a\renewcommand{\a}{y}", r"\b \a", "x y"),
    ],
)
def test_names_in_letters(preamble: str, body: str, text: str) -> None:
    assert expand(preamble, body) == text


@pytest.mark.parametrize(
    "body",
    [
        r"\csname r@fig1\endcsname",
        r"\csname a\textbf{b}\endcsname",
        r"\csname never ended",
        r"\@nameuse{no1}",
        r"\expandafter\uppercase\expandafter{\x}",
        r"\@namedef{a}",
        r"\begin{center}x\end{center}",
    ],
)
def test_names_that_are_not_known_stay(body: str) -> None:
    assert expand("", body) == body


def test_a_macro_that_names_what_is_not_known_stays() -> None:
    expander = Expander()
    expander.collect(r"\newcommand{\get}[1]{\csname v#1\endcsname}")
    assert expander.expand(r"a \get{one}.") == r"a \get{one}."
    assert expander.complex == {"get"}


@pytest.mark.parametrize(
    ("preamble", "body", "text"),
    [
        (
            r"\newenvironment{rem}{\textbf{Remark.} }{\hfill QED}",
            "\\begin{rem}\nText.\n\\end{rem}",
            "\\textbf{Remark.} \nText.\n\\hfill QED",
        ),
        (
            r"\newenvironment{hyp}[1]{\textbf{H#1.} }{}",
            "\\begin{hyp}{1}Text.\\end{hyp}",
            "\\textbf{H1.} Text.",
        ),
        (
            r"\newenvironment*{hyp}[1][X]{#1: }{}",
            r"\begin{hyp}a\end{hyp} \begin{hyp}[Y]b\end{hyp}",
            "X: a Y: b",
        ),
        (
            r"\newenvironment{eqn}{\begin{equation}}{\end{equation}}",
            r"\begin{eqn}x\end{eqn}",
            r"\begin{equation}x\end{equation}",
        ),
        ("", "\\newenvironment{rem}{Rem. }{}\nA \\begin{rem}T\\end{rem}", "A Rem. T"),
        (
            r"\newenvironment{a}{<}{>}\renewenvironment{a}{(}{)}",
            r"\begin{a}\begin{a}x\end{a}\end{a}",
            "((x))",
        ),
        (
            r"\renewenvironment{proof}{\noindent\textit{Proof.} \ignorespaces}{$\Box$}",
            r"\begin{proof}Easy. \end{proof}",
            r"\noindent\textit{Proof.} Easy. $\Box$",
        ),
        (r"\newcommand{\who}{We}\newenvironment{w}{\who: }{.}", r"\begin{w}go\end{w}", "We: go."),
        (
            r"\newcommand{\bw}{\begin{w}}\newcommand{\ew}{\end{w}}\newenvironment{w}{W: }{.}",
            r"\bw{}go\ew",
            "W: go.",
        ),
    ],
)
def test_environments_print_their_text(preamble: str, body: str, text: str) -> None:
    assert expand(preamble, body) == text


@pytest.mark.parametrize(
    ("preamble", "body"),
    [
        (r"\renewenvironment{abstract}{Abs: }{}", r"\begin{abstract}x\end{abstract}"),
        (r"\newenvironment{l}{\begin{list}{}{\leftmargin=1cm}\item[]}{\end{list}}", r"\begin{l}x\end{l}"),
        (r"\newenvironment{c}{\verbatim}{\endverbatim}", r"\begin{c}x\end{c}"),
        (r"\newenvironment{b}{\begin{lrbox}{\x}}{\end{lrbox}\fbox{\usebox\x}}", r"\begin{b}x\end{b}"),
        (r"\newenvironment{h}[1]{#1: }{}", r"a \begin{h}"),
        (r"\newenvironment{a}{<}{>}", r"\end{a}"),
    ],
)
def test_environments_that_do_more_than_print_stay(preamble: str, body: str) -> None:
    assert expand(preamble, body) == body


def test_an_environment_that_begins_itself_stops() -> None:
    expander = Expander()
    expander.collect(r"\newenvironment{a}{x\begin{a}}{\end{a}y}")
    assert expander.expand(r"\begin{a}t\end{a}") == r"x\begin{a}t\end{a}y"
    assert expander.recursive == {"begin a"}


@pytest.mark.parametrize(
    ("preamble", "piece"),
    [
        (r"\def\p(#1,#2){<#1#2>}", r"\p(a "),
        (r"\def\p(#1,#2){<#1#2>}", r"\p(a,b) "),
        (r"\def\p#1.{<#1>}", r"\p{"),
        ("", r"\csname a"),
        ("", r"\csname" + r"\letters" * 25 + "}"),
        ("", r"\csname a1\endcsname"),
        (r"\newenvironment{a}{<}{>}", r"\begin{a}x"),
        (r"\newenvironment{a}{<}{>}", r"\newenvironment{a}{<"),
    ],
)
def test_definitions_are_expanded_in_linear_time(preamble: str, piece: str) -> None:
    def work(body: str) -> None:
        with contextlib.suppress(TooMuchWorkError):
            expand(preamble, body)

    assert_linear(work, lambda size: piece * size, 700)

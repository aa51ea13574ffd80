"""What an author makes verbatim stays to the letter, and what is a macro's argument does not."""

from __future__ import annotations

import pytest

from stages.ingest.arxiv.paper import paper_of
from stages.ingest.arxiv.verbatim import Verbatim, verbatim_of
from stages.ingest.raw import RawDocument
from tests.linear import assert_linear


def text_of(preamble: str, body: str, files: dict[str, str] | None = None) -> str:
    main = f"\\documentclass{{article}}\n{preamble}\\begin{{document}}\n\\section{{A}}\n{body}\n\\end{{document}}\n"
    data = {name: text.encode() for name, text in ({"ms.tex": main} | (files or {})).items()}
    found = paper_of("", data, None, False, False)
    assert isinstance(found, RawDocument)
    return found.text.removeprefix("\\section{A}\n")


@pytest.mark.parametrize(
    ("declaration", "name"),
    [
        (r"\lstnewenvironment{py}[1][]{\lstset{#1}}{}", "py"),
        (r"\DefineVerbatimEnvironment{Shell}{Verbatim}{fontsize=\small}", "Shell"),
        (r"\newminted{cpp}{linenos}", "cppcode"),
        (r"\newminted[listing]{cpp}{linenos}", "listing"),
        (r"\newtcblisting{box}[1]{title=#1}", "box"),
        (r"\NewTCBListing[auto counter]{box}{o}{}", "box"),
        ("", "Sinput"),
        ("", "CodeOutput"),
    ],
)
def test_environments_of_the_author(declaration: str, name: str) -> None:
    code = f"\\begin{{{name}}}\na %in% b \\x \\end{{document}}\n\\end{{{name}}}\n"
    assert text_of(declaration + r"\newcommand{\x}{X}", code + "c \\x{}% d\n e") == code + "c Xe\n"


def test_trap_an_environment_in_a_comment_or_of_another_kind_is_text() -> None:
    code = "\\begin{py}\na % b\n\\end{py}\n"
    assert text_of("% \\lstnewenvironment{py}{}{}\n", code) == "\\begin{py}\na\n\\end{py}\n"
    assert text_of("\\newtheorem{py}{Code}", code) == "\\begin{py}\na\n\\end{py}\n"


@pytest.mark.parametrize(
    "declaration",
    [r"\MakeShortVerb{\|}", r"\MakeShortVerb\|", r"\lstMakeShortInline[style=x]|", r"\DefineShortVerb{\|}"],
)
def test_characters_of_the_author(declaration: str) -> None:
    preamble = r"\newcommand{\x}{X}\newcommand{\abs}[1]{|#1|}" + declaration
    assert text_of(
        preamble, "|a % \\x| and \\x \\abs{y} % c |d\n\\input{two}", {"two.tex": "|\\x % y| \\x"}
    ) == ("|a % \\x| and X |y|\n|\\x % y| X\n")


def test_characters_that_are_not_verbatim() -> None:
    assert text_of(r"\newcommand{\x}{X}", r"|a \x|") == "|a X|\n"
    assert text_of(r"\newcommand{\x}{X}\MakeShortVerb{\|}", "\\DeleteShortVerb{\\|}|a \\x|") == (
        "\\DeleteShortVerb{\\|}|a X|\n"
    )


@pytest.mark.parametrize(
    ("macro", "use", "text"),
    [
        (r"\newcommand{\doi}[1]{\url{https://doi.org/#1}}", r"\doi{10.1/x}", r"\url{https://doi.org/10.1/x}"),
        (r"\newcommand\py[1]{{\it\lstinline!#1!}}", r"\py{a}", r"{\it\lstinline!a!}"),
        (r"\newcommand{\cpp}[1]{\mintinline{cpp}{#1}}", r"\cpp{b}", r"\mintinline{cpp}{b}"),
        (r"\def\mail#1{\href{mailto:#1}{#1}}", r"\mail{a@b}", r"\href{mailto:a@b}{a@b}"),
        (r"\newcommand{\x}[1]{#1}", r"\url{http://a/#1} \x{b}", r"\url{http://a/#1} b"),
        (
            r"\renewcommand{\url}[2]{\href{#2}{\tt #1}}",
            r"\url{here}{http://a/b}",
            r"\href{http://a/b}{\tt here}",
        ),
        (r"\newcommand{\home}{\url{http://a/%20#b}}", r"\home", r"\url{http://a/%20#b}"),
    ],
)
def test_arguments_in_links_and_code_of_macros(macro: str, use: str, text: str) -> None:
    assert text_of(macro, use) == text + "\n"


def test_what_sources_declare() -> None:
    assert verbatim_of([r"\lstnewenvironment{b}{}{} \newminted{r}{}", r"\MakeShortVerb*{\"}"]) == Verbatim(
        ("b", "rcode"), '"'
    )
    assert verbatim_of(["text"]) == Verbatim()
    assert verbatim_of([r"\renewcommand{\url}[2]{}\def\path{}", "% \\newcommand{\\href}{}"]) == Verbatim(
        (), "", ("href", "nolinkurl")
    )


@pytest.mark.parametrize(
    "piece",
    [
        r"\begin{py}",
        "|a",
        r"\begin{py}|\end{py}",
        r"\newcommand{\a}{\url{#1}",
        r"\lstnewenvironment[",
        r"\MakeShortVerb[",
    ],
)
def test_verbatim_text_is_found_in_linear_time(piece: str) -> None:
    preamble = r"\lstnewenvironment{py}{}{}\MakeShortVerb{\|}"
    assert_linear(lambda body: text_of(preamble, body), lambda size: piece * size, 400)

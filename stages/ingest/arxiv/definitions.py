r"""A macro definition of LaTeX source in, the macro's name, parameters and body out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from stages.ingest.arxiv.scan import balanced

_COMMANDS = frozenset({"newcommand", "renewcommand", "providecommand", "DeclareRobustCommand"})
_DOCUMENT_COMMANDS = frozenset({"NewDocumentCommand", "RenewDocumentCommand", "ProvideDocumentCommand"})
_DEFS = frozenset({"def", "gdef", "edef", "xdef"})
_PREFIXES = frozenset({"long", "global", "protected", "outer"})
DEFINERS = _COMMANDS | _DOCUMENT_COMMANDS | _DEFS | _PREFIXES | {"DeclareMathOperator", "let"}
"""Control words that start a definition."""

PROTECTED = frozenset(
    """begin end section subsection subsubsection paragraph subparagraph chapter part appendix title author date
    maketitle abstract thanks footnote footnotetext footnotemark caption label ref eqref pageref autoref cref Cref
    cite citep citet citealt citealp citeauthor citeyear bibliography bibliographystyle bibitem item input include
    includegraphics document documentclass usepackage emph textbf textit texttt textrm textsc underline left right
    frac sqrt sum int prod lim over math displaymath equation array tabular hline cline multicolumn
    par noindent newpage clearpage pagebreak centering hspace vspace hfill vfill quad qquad newline linebreak
    relax arraystretch baselinestretch url href keywords affiliation email address acknowledgments""".split()
)
"""Commands of LaTeX itself: redefined, they keep the meaning that a reader gives them, so they are never expanded."""

_NAME = re.compile(r"\s*(?:\{\s*\\([A-Za-z@]+|[^A-Za-z@])\s*\}|\\([A-Za-z@]+|[^A-Za-z@]))")
_COUNT = re.compile(r"\s*\[\s*([0-9])\s*\]")
_PARAMETERS = re.compile(r"([^{}\\]*)(?=\{)")
_SIMPLE_PARAMETERS = re.compile(r"\s*(?:#[1-9]\s*)*")
_COMPLEX = re.compile(
    r"\\(?:csname|expandafter|futurelet|catcode|@ifnextchar|@ifstar|@ifundefined|ifx|ifmmode|ifnum|ifdim|ifcat|ifcase"
    r"|newif|afterassignment|aftergroup|uppercase|lowercase|loop|advance|IfNoValue\w*|IfBoolean\w*|IfValue\w*"
    r"|begingroup|endgroup|makeatletter|string|meaning|the|number|romannumeral|noexpand|edef|xdef|let)(?![A-Za-z@])"
)
_SPACES = re.compile(r"[ \t]*\n?[ \t]*")
_BLANKS = re.compile(r"[ \t]*")


@dataclass(frozen=True)
class Macro:
    """A macro: `num_arguments` counts the optional one, whose default is given where there is one.

    `is_complex`: its body is a program of TeX (conditions, catcodes), whose expansion would not be text.
    """

    name: str
    num_arguments: int
    default: str | None
    body: str
    is_complex: bool = False


@dataclass(frozen=True)
class Definition:
    """A parsed definition: where it ends in its source, and whether it only counts for a name that is new."""

    macro: Macro
    end: int
    only_when_new: bool = False


def skip_spaces(source: str, position: int, newlines: bool = True) -> int:
    """The position after blanks and at most one line end."""
    match = (_SPACES if newlines else _BLANKS).match(source, position)
    return match.end() if match else position


def parse_definition(source: str, match: re.Match[str], known: Mapping[str, Macro]) -> Definition | None:
    """The definition that the control word `match` starts; None when it is malformed or none."""
    word, position = match[1], match.end()
    while word in _PREFIXES:
        following = re.compile(r"\s*\\([A-Za-z@]+)").match(source, position)
        if following is None or following[1] not in DEFINERS:
            return None
        word, position = following[1], following.end()
    if word in _DEFS:
        return _parse_def(source, position)
    if word == "let":
        return _parse_let(source, position, known)
    if source.startswith("*", position):
        position, starred = position + 1, True
    else:
        starred = False
    named = _NAME.match(source, position)
    if named is None:
        return None
    name, position = named[1] or named[2], named.end()
    if word == "DeclareMathOperator":
        body, end = _group(source, position)
        operator = "\\operatorname*" if starred else "\\operatorname"
        return None if body is None else Definition(Macro(name, 0, None, f"{operator}{{{body}}}"), end)
    if word in _DOCUMENT_COMMANDS:
        return _parse_document_command(source, position, name, word.startswith("Provide"))
    return _parse_command(source, position, name, word == "providecommand")


def _parse_command(source: str, position: int, name: str, only_when_new: bool) -> Definition | None:
    count = _COUNT.match(source, position)
    number, default = 0, None
    if count:
        number, position = int(count[1]), count.end()
        start = skip_spaces(source, position)
        if source.startswith("[", start):
            end = balanced(source, start)
            if end < 0:
                return None
            default, position = source[start + 1 : end - 1], end
    body, end = _group(source, position)
    if body is None:
        one = re.compile(r"\s*(\\(?:[A-Za-z@]+|[^A-Za-z@]))").match(source, position)
        if one is None:
            return None
        body, end = one[1], one.end()
    return Definition(_macro(name, number, default, body), end, only_when_new)


def _parse_def(source: str, position: int) -> Definition | None:
    named = _NAME.match(source, position)
    if named is None or named[2] is None:
        return None
    parameters = _PARAMETERS.match(source, named.end())
    if parameters is None:
        return None
    body, end = _group(source, parameters.end())
    if body is None:
        return None
    simple = _SIMPLE_PARAMETERS.fullmatch(parameters[1]) is not None
    macro = _macro(named[2], parameters[1].count("#"), None, body)
    if not simple:  # text between parameters delimits them: left as the author wrote it
        macro = Macro(macro.name, macro.num_arguments, None, body, is_complex=True)
    return Definition(macro, end)


def _parse_let(source: str, position: int, known: Mapping[str, Macro]) -> Definition | None:
    both = re.compile(r"\s*\\([A-Za-z@]+|[^A-Za-z@])\s*=?\s*(\\(?:[A-Za-z@]+|[^A-Za-z@]))").match(source, position)
    if both is None:
        return None
    name, target = both[1], both[2][1:]
    if target in known:
        other = known[target]
        macro = Macro(name, other.num_arguments, other.default, other.body, other.is_complex)
    else:
        macro = Macro(name, 0, None, "" if target == "relax" else both[2])
    return Definition(macro, both.end())


def _parse_document_command(source: str, position: int, name: str, only_when_new: bool) -> Definition | None:
    signature, position = _group(source, position)
    if signature is None:
        return None
    body, end = _group(source, position)
    if body is None:
        return None
    found = re.fullmatch(r"\s*(?:O\s*\{([^{}]*)\})?((?:\s*\+?m)*)\s*", signature)
    if found is None:
        return Definition(Macro(name, 0, None, body, is_complex=True), end, only_when_new)
    number = found[2].count("m") + (found[1] is not None)
    return Definition(_macro(name, number, found[1], body), end, only_when_new)


def _macro(name: str, number: int, default: str | None, body: str) -> Macro:
    return Macro(name, number, default, body.strip("\n"), _COMPLEX.search(body) is not None)


def _group(source: str, position: int) -> tuple[str | None, int]:
    """Content of the `{}` group at `position`, blanks skipped, and its end; (None, position) when there is none."""
    start = skip_spaces(source, position)
    if not source.startswith("{", start):
        return None, position
    end = balanced(source, start)
    return (source[start + 1 : end - 1], end) if end > 0 else (None, position)

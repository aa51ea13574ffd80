r"""A macro definition of LaTeX source in, the macro's name, parameters and body out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from stages.ingest.arxiv.definition_parts import (
    COUNT,
    DEFINED_PARAMETER,
    GROUP_NAME,
    MAX_PARAMETERS,
    ONE_COMMAND,
    Definition,
    group_at,
    skip_spaces,
)
from stages.ingest.arxiv.groups import balanced
from stages.ingest.arxiv.macro import Macro, Parameter, macro_of
from stages.ingest.arxiv.package_definitions import (
    DELIMITERS,
    parse_delimiters,
    parse_document_command,
    parse_document_environment,
    parse_xargs,
)

_COMMANDS = frozenset(
    {"newcommand", "renewcommand", "providecommand", "DeclareRobustCommand"}
    | {f"{word}robustcmd" for word in ("new", "renew", "provide")}
)
_DOCUMENT_COMMANDS = frozenset(
    f"{word}{kind}DocumentCommand"
    for word in ("New", "Renew", "Provide", "Declare")
    for kind in ("", "Expandable")
)
_XARGS = frozenset({"newcommandx", "renewcommandx", "providecommandx"})
"""Of the package xargs: `\\newcommandx{\\x}[3][1=a, 3=b]` has two optional arguments."""
_DEFS = frozenset({"def", "gdef", "edef", "xdef"})
_ENVIRONMENTS = frozenset({"newenvironment", "renewenvironment", "provideenvironment"})
_NAMED = frozenset({"expandafter", "@namedef"})
"""Of these only definitions of a name in letters or others: `\\expandafter\\def\\csname a1\\endcsname`, `\\@namedef{a1}`."""
_LETS = frozenset(
    {"let", "LetLtxMacro", "GlobalLetLtxMacro", "NewCommandCopy", "RenewCommandCopy", "DeclareCommandCopy"}
)
_DOCUMENT_ENVIRONMENTS = frozenset(
    f"{word}DocumentEnvironment" for word in ("New", "Renew", "Provide", "Declare")
)
_PREFIXES = frozenset({"long", "global", "protected", "outer"})
_MAX_PREFIXES = 2 * len(_PREFIXES)
DEFINERS = (
    (_COMMANDS | _DOCUMENT_COMMANDS | _DEFS | _XARGS | _PREFIXES | _ENVIRONMENTS | _NAMED | _LETS)
    | (_DOCUMENT_ENVIRONMENTS | DELIMITERS.keys())
    | {"DeclareMathOperator", "DeclareTextFontCommand"}
)
"""Control words that start a definition."""

PROTECTED = frozenset(
    r"\begin\end\section\subsection\subsubsection\paragraph\subparagraph\chapter\part\appendix\title\author"
    r"\date\maketitle\abstract\caption\label\bibliography\bibliographystyle\bibitem\item\input\include\par\relax"
    r"\includegraphics\document\documentclass\usepackage\footnote\quad\qquad\hspace\vspace"[1:].split("\\")
)
"""Commands that give a paper its structure or its spaces: redefined, they keep their meaning and are not expanded."""

_NAME = re.compile(r"\s*(?:\{\s*\\([A-Za-z@]+|[^A-Za-z@])\s*\}|\\([A-Za-z@]+|[^A-Za-z@]))")
_PARAMETERS = re.compile(r"((?:[^{}\\]|\\(?:[A-Za-z@]+|[^A-Za-z@{}])){0,200}+)(?=\{)")
_CSNAME = r"\\csname\s*+([^\\{}#\n]{1,200})\\endcsname"
_NAMED_DEFINITION = re.compile(
    rf"\s*(?:\\(?:long|global)\s*)?\\([gex]?def|(?:re|provide)?(?:new)?command|let)\s*\*?\s*{_CSNAME}\s*+=?"
)
_LET_BE_NAMED = re.compile(rf"\s*\\let\s*\\expandafter\s*\\([A-Za-z@]+)\s*=?\s*{_CSNAME}")
_BOTH_NAMES = re.compile(
    r"\s*(?:\{\s*)?\\([A-Za-z@]+|[^A-Za-z@])(?:\s*\})?\s*=?\s*(?:\{\s*(\\[A-Za-z@]+)\s*\}|(\\(?:[A-Za-z@]+|[^A-Za-z@])))"
)
_SIMPLE_PARAMETERS = re.compile(r"\s*(?:#[1-9]\s*)*")


def parse_definition(
    source: str, match: re.Match[str], known: Mapping[str, Macro], word: str
) -> Definition | None:
    """The definition that the control word `match`, which stands for `word`, starts; None when it is malformed or none."""
    position = match.end()
    for _ in range(_MAX_PREFIXES):
        if word not in _PREFIXES:
            break
        following = re.compile(r"\s*\\([A-Za-z@]+)").match(source, position)
        if following is None or following[1] not in DEFINERS:
            return None
        word, position = following[1], following.end()
    if word in _PREFIXES:
        return None
    if word in _DEFS:
        return _parse_def(source, position)
    if word in _NAMED:
        return _parse_named(source, position, known, word)
    if word in _LETS:
        return _parse_let(source, position, known)
    if source.startswith("*", position):
        position, starred = position + 1, True
    else:
        starred = False
    if word in _ENVIRONMENTS:
        return _parse_environment(source, position, word == "provideenvironment")
    if word in _DOCUMENT_ENVIRONMENTS:
        return parse_document_environment(source, position, word.startswith("Provide"))
    named = _NAME.match(source, position)
    if named is None:
        return None
    name, position = named[1] or named[2], named.end()
    if word == "DeclareMathOperator":
        body, end = group_at(source, position)
        operator = "\\operatorname*" if starred else "\\operatorname"
        return None if body is None else Definition(Macro(name, (), f"{operator}{{{body}}}"), end)
    if word == "DeclareTextFontCommand":
        body, end = group_at(source, position)
        return None if body is None else Definition(macro_of(name, (Parameter(),), f"{{{body} #1}}"), end)
    if word in DELIMITERS:
        return parse_delimiters(source, position, name, word)
    if word in _DOCUMENT_COMMANDS:
        return parse_document_command(source, position, name, word.startswith("Provide"))
    if word in _XARGS:
        return parse_xargs(source, position, name, word.startswith("provide"))
    return _parse_command(source, position, name, word == "providecommand")


def _parse_command(source: str, position: int, name: str, only_when_new: bool) -> Definition | None:
    count = COUNT.match(source, position)
    parameters: tuple[Parameter, ...] = ()
    if count:
        parameters, position = (Parameter(),) * int(count[1]), count.end()
        start = skip_spaces(source, position)
        if source.startswith("[", start):
            end = balanced(source, start)
            if end < 0:
                return None
            parameters = (Parameter("o", source[start + 1 : end - 1]), *parameters[1:])
            position = end
    body, end = group_at(source, position)
    if body is None:
        one = ONE_COMMAND.match(source, position)
        if one is None:
            return None
        body, end = one[1], one.end()
    return Definition(macro_of(name, parameters, body), end, only_when_new)


def _parse_def(source: str, position: int) -> Definition | None:
    named = _NAME.match(source, position)
    return None if named is None or named[2] is None else _parse_parameters(source, named.end(), named[2])


def _parse_parameters(source: str, position: int, name: str) -> Definition | None:
    """The definition of `name` whose parameters, as `\\def` takes them, begin at `position`."""
    found = _PARAMETERS.match(source, position)
    if found is None or ("\\" in found[1] and "#" not in found[1]):
        return None
    body, end = group_at(source, found.end())
    if body is None:
        return None
    count = found[1].count("#")
    if count <= MAX_PARAMETERS and _SIMPLE_PARAMETERS.fullmatch(found[1]) is not None:
        return Definition(macro_of(name, (Parameter(),) * count, body), end)
    opening, *rest = DEFINED_PARAMETER.split(found[1])
    numbers, ends = rest[::2], rest[1::2]
    parameters = tuple(Parameter("u", end=text) if text.strip() else Parameter() for text in ends)
    macro = replace(macro_of(name, parameters, body), opening=opening.strip())
    if (
        not numbers
        or "#" in opening + "".join(ends)
        or numbers != [str(n) for n in range(1, len(numbers) + 1)]
    ):
        macro = replace(macro, is_complex=True)  # left as the author wrote it
    return Definition(macro, end)


def _parse_named(source: str, position: int, known: Mapping[str, Macro], word: str) -> Definition | None:
    if word == "@namedef":
        named = GROUP_NAME.match(source, position)
        return None if named is None else _parse_parameters(source, named.end(), named[1])
    if let := _LET_BE_NAMED.match(source, position):
        other = known.get(let[2])
        return None if other is None else Definition(replace(other, name=let[1]), let.end())
    found = _NAMED_DEFINITION.match(source, position)
    if found is None:
        return None
    if found[1] == "let":
        target = re.compile(r"\s*\\([A-Za-z@]+)").match(source, found.end())
        other = known.get(target[1]) if target else None
        return (
            None
            if target is None or other is None
            else Definition(replace(other, name=found[2]), target.end())
        )
    if found[1].endswith("command"):
        return _parse_command(source, found.end(), found[2], found[1].startswith("provide"))
    return _parse_parameters(source, found.end(), found[2])


def _parse_environment(source: str, position: int, only_when_new: bool) -> Definition | None:
    named = GROUP_NAME.match(source, position)
    begin = None if named is None else _parse_command(source, named.end(), f"begin {named[1]}", only_when_new)
    if named is None or begin is None:
        return None
    closing, end = group_at(source, begin.end)
    if closing is None:
        return None
    return replace(begin, end=end, closing=macro_of(f"end {named[1]}", (), closing))


def _parse_let(source: str, position: int, known: Mapping[str, Macro]) -> Definition | None:
    both = _BOTH_NAMES.match(source, position)
    if both is None:
        return None
    name, written = both[1], both[2] or both[3]
    target = written[1:]
    if target in known:
        other = known[target]
        macro = replace(other, name=name)
    else:
        macro = Macro(name, (), "" if target == "relax" else written)
    return Definition(macro, both.end())

r"""A macro definition of LaTeX source in, the macro's name, parameters and body out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from stages.ingest.arxiv.groups import balanced
from stages.ingest.arxiv.macro import NO_VALUE, Macro, Parameter, macro_of

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
DELIMITERS = {"DeclarePairedDelimiter": 2, "DeclarePairedDelimiterX": 3, "DeclarePairedDelimiterXPP": 5}
"""Of mathtools, with the number of their arguments behind the name and the number of parameters."""
_LETS = frozenset({"let", "LetLtxMacro", "GlobalLetLtxMacro", "NewCommandCopy", "RenewCommandCopy", "DeclareCommandCopy"})
_DOCUMENT_ENVIRONMENTS = frozenset(f"{word}DocumentEnvironment" for word in ("New", "Renew", "Provide", "Declare"))
_PREFIXES = frozenset({"long", "global", "protected", "outer"})
_MAX_PREFIXES = 2 * len(_PREFIXES)
_MAX_PARAMETERS = 9
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
_COUNT = re.compile(r"\s*\[\s*([0-9])\s*\]")
_PARAMETERS = re.compile(r"((?:[^{}\\]|\\(?:[A-Za-z@]+|[^A-Za-z@{}])){0,200}+)(?=\{)")
_PARAMETER = re.compile(r"#([1-9])")
_CSNAME = r"\\csname\s*+([^\\{}#\n]{1,200})\\endcsname"
_NAMED_DEFINITION = re.compile(
    rf"\s*(?:\\(?:long|global)\s*)?\\([gex]?def|(?:re|provide)?(?:new)?command|let)\s*\*?\s*{_CSNAME}\s*+=?"
)
_LET_BE_NAMED = re.compile(rf"\s*\\let\s*\\expandafter\s*\\([A-Za-z@]+)\s*=?\s*{_CSNAME}")
_GROUP_NAME = re.compile(r"\s*\{\s*([^\\{}#\n]{1,200}?)\s*\}")
_SIGNATURE = re.compile(r"\s*(?:[+!>]\s*)?([mos]|O\s*\{([^{}]*)\})")
_BOTH_NAMES = re.compile(
    r"\s*(?:\{\s*)?\\([A-Za-z@]+|[^A-Za-z@])(?:\s*\})?\s*=?\s*(?:\{\s*(\\[A-Za-z@]+)\s*\}|(\\(?:[A-Za-z@]+|[^A-Za-z@])))"
)
_SIMPLE_PARAMETERS = re.compile(r"\s*(?:#[1-9]\s*)*")
_DELIMITER_SIZE = re.compile(r"\\delimsize(?![A-Za-z@])")
_ONE_COMMAND = re.compile(r"\s*(\\(?:[A-Za-z@]+|[^A-Za-z@]))")
_SPACES = re.compile(r"[ \t]*\n?[ \t]*")
_BLANKS = re.compile(r"[ \t]*")


@dataclass(frozen=True)
class Definition:
    """A parsed definition: where it ends in its source, and whether it only counts for a name that is new.

    An environment is two macros, what it begins with and, `closing`, what it ends with.
    """

    macro: Macro
    end: int
    only_when_new: bool = False
    closing: Macro | None = None


def skip_spaces(source: str, position: int, newlines: bool = True) -> int:
    """The position after blanks and at most one line end."""
    match = (_SPACES if newlines else _BLANKS).match(source, position)
    return match.end() if match else position


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
        return _parse_document_environment(source, position, word.startswith("Provide"))
    named = _NAME.match(source, position)
    if named is None:
        return None
    name, position = named[1] or named[2], named.end()
    if word == "DeclareMathOperator":
        body, end = _group(source, position)
        operator = "\\operatorname*" if starred else "\\operatorname"
        return None if body is None else Definition(Macro(name, (), f"{operator}{{{body}}}"), end)
    if word == "DeclareTextFontCommand":
        body, end = _group(source, position)
        return None if body is None else Definition(macro_of(name, (Parameter(),), f"{{{body} #1}}"), end)
    if word in DELIMITERS:
        return _parse_delimiters(source, position, name, word)
    if word in _DOCUMENT_COMMANDS:
        return _parse_document_command(source, position, name, word.startswith("Provide"))
    if word in _XARGS:
        return _parse_xargs(source, position, name, word.startswith("provide"))
    return _parse_command(source, position, name, word == "providecommand")


def _parse_command(source: str, position: int, name: str, only_when_new: bool) -> Definition | None:
    count = _COUNT.match(source, position)
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
    body, end = _group(source, position)
    if body is None:
        one = _ONE_COMMAND.match(source, position)
        if one is None:
            return None
        body, end = one[1], one.end()
    return Definition(macro_of(name, parameters, body), end, only_when_new)


def _parse_xargs(source: str, position: int, name: str, only_when_new: bool) -> Definition | None:
    count = _COUNT.match(source, position)
    kinds = [Parameter()] * (int(count[1]) if count else 0)
    position = count.end() if count else position
    start = skip_spaces(source, position)
    if count and source.startswith("[", start):
        position = balanced(source, start)
        if position < 0:
            return None
        for option in source[start + 1 : position - 1].split(","):
            number, sign, default = option.strip().partition("=")
            if sign and number.strip().isdecimal() and 0 < int(number) <= len(kinds):
                kinds[int(number) - 1] = Parameter("o", default.strip())
    body, end = _group(source, position)
    return None if body is None else Definition(macro_of(name, tuple(kinds), body), end, only_when_new)


def _parse_def(source: str, position: int) -> Definition | None:
    named = _NAME.match(source, position)
    return None if named is None or named[2] is None else _parse_parameters(source, named.end(), named[2])


def _parse_parameters(source: str, position: int, name: str) -> Definition | None:
    """The definition of `name` whose parameters, as `\\def` takes them, begin at `position`."""
    found = _PARAMETERS.match(source, position)
    if found is None or ("\\" in found[1] and "#" not in found[1]):
        return None
    body, end = _group(source, found.end())
    if body is None:
        return None
    count = found[1].count("#")
    if count <= _MAX_PARAMETERS and _SIMPLE_PARAMETERS.fullmatch(found[1]) is not None:
        return Definition(macro_of(name, (Parameter(),) * count, body), end)
    opening, *rest = _PARAMETER.split(found[1])
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
        named = _GROUP_NAME.match(source, position)
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
    named = _GROUP_NAME.match(source, position)
    begin = None if named is None else _parse_command(source, named.end(), f"begin {named[1]}", only_when_new)
    if named is None or begin is None:
        return None
    closing, end = _group(source, begin.end)
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


def _parse_document_command(source: str, position: int, name: str, only_when_new: bool) -> Definition | None:
    signature, position = _group(source, position)
    if signature is None:
        return None
    body, end = _group(source, position)
    if body is None:
        return None
    parameters = _signature(signature)
    if parameters is None:
        return Definition(Macro(name, (), body, is_complex=True), end, only_when_new)
    return Definition(macro_of(name, parameters, body), end, only_when_new)


def _signature(text: str) -> tuple[Parameter, ...] | None:
    """The parameters of xparse's letters; None for kinds that are not known here."""
    parameters: list[Parameter] = []
    place = 0
    while len(parameters) <= _MAX_PARAMETERS and (found := _SIGNATURE.match(text, place)):
        kind, place = found[1][0], found.end()
        parameters.append(Parameter(kind.lower(), NO_VALUE if found[2] is None else found[2]))
    return None if text[place:].strip() or len(parameters) > _MAX_PARAMETERS else tuple(parameters)


def _parse_document_environment(source: str, position: int, only_when_new: bool) -> Definition | None:
    named = _GROUP_NAME.match(source, position)
    if named is None:
        return None
    signature, position = _group(source, named.end())
    opening, position = _group(source, position)
    closing, end = _group(source, position)
    if signature is None or opening is None or closing is None:
        return None
    parameters = _signature(signature)
    begin = macro_of(f"begin {named[1]}", parameters or (), opening)
    if parameters is None:
        begin = replace(begin, is_complex=True)
    return Definition(begin, end, only_when_new, macro_of(f"end {named[1]}", (), closing))


def _parse_delimiters(source: str, position: int, name: str, word: str) -> Definition | None:
    r"""mathtools' `\abs{x}`, `\abs*{x}` (as high as it must be) and `\abs[\big]{x}`."""
    count = _COUNT.match(source, position) if word != "DeclarePairedDelimiter" else None
    position = count.end() if count else position
    groups: list[str] = []
    for _ in range(DELIMITERS[word]):
        group, position = _argument(source, position)
        if group is None:
            return None
        groups.append(group)
    before, after = (groups.pop(0), groups.pop(2)) if word.endswith("XPP") else ("", "")
    left, right, body = groups[0], groups[1], groups[2] if len(groups) > 2 else "#1"
    number = int(count[1]) if count else 1
    if number + 2 > _MAX_PARAMETERS:
        return None
    before, after, body = (_PARAMETER.sub(lambda m: f"#{int(m[1]) + 2}", part) for part in (before, after, body))
    plain = f"{left}{_DELIMITER_SIZE.sub('', body)}{right}"
    as_high = f"\\left{left}{_DELIMITER_SIZE.sub(lambda _: chr(92) + 'middle', body)}\\right{right}"
    sized = f"\\mathopen{{#2{left}}}{_DELIMITER_SIZE.sub('#2', body)}\\mathclose{{#2{right}}}"
    chosen = f"\\IfBooleanTF{{#1}}{{{as_high}}}{{\\IfNoValueTF{{#2}}{{{plain}}}{{{sized}}}}}"
    parameters = (Parameter("s"), Parameter("o"), *(Parameter() for _ in range(number)))
    return Definition(macro_of(name, parameters, f"{before}{chosen}{after}"), position)


def _argument(source: str, position: int) -> tuple[str | None, int]:
    """An argument of a definition, in braces or one command."""
    group, end = _group(source, position)
    if group is None and (one := _ONE_COMMAND.match(source, position)):
        return one[1], one.end()
    return group, end


def _group(source: str, position: int) -> tuple[str | None, int]:
    """Content of the `{}` group at `position` (blanks skipped) and its end; None when there is none."""
    start = skip_spaces(source, position)
    if not source.startswith("{", start):
        return None, position
    end = balanced(source, start)
    return (source[start + 1 : end - 1], end) if end > 0 else (None, position)

r"""Definitions by commands of packages (xparse, xargs, mathtools) in, the macros that they make out."""

from __future__ import annotations

import re
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
from stages.ingest.arxiv.macro import NO_VALUE, Macro, Parameter, macro_of

DELIMITERS = {"DeclarePairedDelimiter": 2, "DeclarePairedDelimiterX": 3, "DeclarePairedDelimiterXPP": 5}
"""Of mathtools, with the number of their arguments behind the name and the number of parameters."""
_SIGNATURE = re.compile(r"\s*(?:[+!>]\s*)?([mos]|O\s*\{([^{}]*)\})")
_DELIMITER_SIZE = re.compile(r"\\delimsize(?![A-Za-z@])")


def parse_xargs(source: str, position: int, name: str, only_when_new: bool) -> Definition | None:
    count = COUNT.match(source, position)
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
    body, end = group_at(source, position)
    return None if body is None else Definition(macro_of(name, tuple(kinds), body), end, only_when_new)


def parse_document_command(source: str, position: int, name: str, only_when_new: bool) -> Definition | None:
    signature, position = group_at(source, position)
    if signature is None:
        return None
    body, end = group_at(source, position)
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
    while len(parameters) <= MAX_PARAMETERS and (found := _SIGNATURE.match(text, place)):
        kind, place = found[1][0], found.end()
        parameters.append(Parameter(kind.lower(), NO_VALUE if found[2] is None else found[2]))
    return None if text[place:].strip() or len(parameters) > MAX_PARAMETERS else tuple(parameters)


def parse_document_environment(source: str, position: int, only_when_new: bool) -> Definition | None:
    named = GROUP_NAME.match(source, position)
    if named is None:
        return None
    signature, position = group_at(source, named.end())
    opening, position = group_at(source, position)
    closing, end = group_at(source, position)
    if signature is None or opening is None or closing is None:
        return None
    parameters = _signature(signature)
    begin = macro_of(f"begin {named[1]}", parameters or (), opening)
    if parameters is None:
        begin = replace(begin, is_complex=True)
    return Definition(begin, end, only_when_new, macro_of(f"end {named[1]}", (), closing))


def parse_delimiters(source: str, position: int, name: str, word: str) -> Definition | None:
    r"""mathtools' `\abs{x}`, `\abs*{x}` (as high as it must be) and `\abs[\big]{x}`."""
    count = COUNT.match(source, position) if word != "DeclarePairedDelimiter" else None
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
    if number + 2 > MAX_PARAMETERS:
        return None
    before, after, body = (
        DEFINED_PARAMETER.sub(lambda m: f"#{int(m[1]) + 2}", part) for part in (before, after, body)
    )
    plain = f"{left}{_DELIMITER_SIZE.sub('', body)}{right}"
    as_high = f"\\left{left}{_DELIMITER_SIZE.sub(lambda _: chr(92) + 'middle', body)}\\right{right}"
    sized = f"\\mathopen{{#2{left}}}{_DELIMITER_SIZE.sub('#2', body)}\\mathclose{{#2{right}}}"
    chosen = f"\\IfBooleanTF{{#1}}{{{as_high}}}{{\\IfNoValueTF{{#2}}{{{plain}}}{{{sized}}}}}"
    parameters = (Parameter("s"), Parameter("o"), *(Parameter() for _ in range(number)))
    return Definition(macro_of(name, parameters, f"{before}{chosen}{after}"), position)


def _argument(source: str, position: int) -> tuple[str | None, int]:
    """An argument of a definition, in braces or one command."""
    group, end = group_at(source, position)
    if group is None and (one := ONE_COMMAND.match(source, position)):
        return one[1], one.end()
    return group, end

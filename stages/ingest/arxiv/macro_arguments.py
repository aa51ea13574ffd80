r"""The use of a macro in, its arguments out; and a macro's body with arguments in their places, its tests decided."""

from __future__ import annotations

import re
from functools import lru_cache

from stages.ingest.arxiv.definition_parts import skip_spaces
from stages.ingest.arxiv.groups import Source, append_piece, balanced
from stages.ingest.arxiv.macro import NO_VALUE, Macro

MAX_TESTS = 1_000
MAX_DELIMITED_CHARS = 5_000

CONTROL = re.compile(r"\\([A-Za-z@]+|[^A-Za-z@])", re.DOTALL)
PARAMETER = re.compile(r"#([1-9])|##")
_WORD_END = re.compile(r"\\[A-Za-z@]+\Z")
_TEST = re.compile(r"\\If(Value|NoValue|Boolean)(TF|T|F)(?![A-Za-z])")
_ONE_TOKEN = re.compile(rf"[ \t]*\n?[ \t]*({re.escape(NO_VALUE)}|\\[A-Za-z@]+|[^\s{{}}\\])")
TRUE, FALSE = "\\BooleanTrue", "\\BooleanFalse"


def substitute(body: str, arguments: list[str]) -> str:
    """The body of a macro with its arguments in the places of `#1` to `#9`."""
    pieces: list[str] = []
    position = 0
    for match in PARAMETER.finditer(body):
        append_piece(pieces, body[position : match.start()])
        number = int(match[1]) if match[1] else 0
        if number == 0:
            append_piece(pieces, "#")
        elif number <= len(arguments):
            append_piece(pieces, arguments[number - 1])
        position = match.end()
    append_piece(pieces, body[position:])
    return "".join(pieces)


def arguments_of_use(
    source: str, position: int, macro: Macro, given: list[str]
) -> tuple[list[str], int] | None:
    """The arguments of a use, after those `given`, from `position` on, and where they end.

    Fewer than the macro takes where the source ends before; None when something else stands there.
    """
    if macro.look is not None:
        start = skip_spaces(source, position)
        if start >= len(source):
            return [], len(source)
        if not source.startswith(macro.look.character, start):
            return [""], position
        return [macro.look.character], start + 1 if macro.look.is_taken else start
    if macro.opening and not given:
        start = skip_spaces(source, position)
        if start >= len(source):
            return [], len(source)
        if not source.startswith(macro.opening, start):
            return None
        position = start + len(macro.opening)
    if not macro.parameters:
        return [], position + 2 if source.startswith("{}", position) else position
    arguments = list(given)
    for number, parameter in enumerate(macro.parameters[len(given) :], len(given)):
        start = skip_spaces(source, position)
        if start >= len(source) and any(p.kind in "mu" for p in macro.parameters[number:]):
            return arguments, len(source)
        if parameter.kind == "u":
            place = position if number or macro.opening else start
            found = _until(source, place, parameter.end)
            if found is None:
                return None
            argument, position = found
            arguments.append(argument)
        elif parameter.kind == "s":
            starred = source.startswith("*", start)
            arguments.append(TRUE if starred else FALSE)
            position = start + 1 if starred else position
        elif parameter.kind == "o":
            end = balanced(source, start) if source.startswith("[", start) else -1
            arguments.append(source[start + 1 : end - 1] if end > 0 else parameter.default)
            position = end if end > 0 else position
        else:
            argument, position = _mandatory(source, start)
            if position < 0:
                return None
            arguments.append(argument)
    return arguments, position


def _until(source: str, start: int, delimiter: str) -> tuple[str, int] | None:
    """What stands before a delimiter outside groups, in the same paragraph, and where that ends; None where none does."""
    stops, limit, place = _stops(delimiter), start + MAX_DELIMITED_CHARS, start
    while (match := stops.search(source, place, limit)) is not None:
        place = match.end()
        if match["end"]:
            argument = source[start : match.start()]
            is_group = argument.startswith("{") and balanced(argument, 0) == len(argument)
            return argument[1:-1] if is_group else argument, place
        if match["open"]:
            place = balanced(source, match.start())
        if match["close"] or place < 0:
            break
    if isinstance(source, Source):
        source.count_in_vain(min(len(source), limit if place < 0 else place) - start)
    return None


@lru_cache(maxsize=256)
def _stops(delimiter: str) -> re.Pattern[str]:
    """What is looked at on the way to a delimiter: groups, other control words, the end of the paragraph."""
    end = r"\s+".join(map(re.escape, re.split(r"\s+", delimiter)))
    if _WORD_END.search(delimiter):
        end += "(?![A-Za-z@])"
    return re.compile(
        rf"(?P<end>{end})|(?P<open>\{{)|(?P<close>\}}|\n[ \t]*\n)|\\(?:[A-Za-z@]+|.)", re.DOTALL
    )


def _mandatory(source: str, start: int) -> tuple[str, int]:
    """The argument at `start`, a group or one token, and its end; the end is -1 when there is none."""
    if start >= len(source) or source[start] == "}":
        return "", -1
    if source[start] == "{":
        end = balanced(source, start)
        return ("", -1) if end < 0 else (source[start + 1 : end - 1], end)
    match = CONTROL.match(source, start)
    end = match.end() if match else start + 1
    return source[start:end], end


def decide_tests(body: str) -> str:
    """The branches that LaTeX's tests for optional arguments and stars take, each in its test's place."""
    for _ in range(MAX_TESTS):
        if (match := _TEST.search(body)) is None:
            break
        asked = _ONE_TOKEN.match(body, match.end())  # `\\IfBooleanTF#1{..}{..}`
        groups = [] if asked is None else [asked[1]]
        position = match.end() if asked is None else asked.end()
        for _ in range(1 + len(match[2]) - len(groups)):
            start = skip_spaces(body, position)
            end = balanced(body, start) if body.startswith("{", start) else -1
            if end < 0:
                return body
            groups.append(body[start + 1 : end - 1])
            position = end
        value = groups[0].strip()
        holds = value == TRUE if match[1] == "Boolean" else (value == NO_VALUE) == (match[1] == "NoValue")
        branches = {"T": "", "F": ""} | dict(zip(match[2], groups[1:], strict=True))
        pieces = [body[: match.start()]]
        append_piece(pieces, branches["T" if holds else "F"])
        append_piece(pieces, body[position:])
        body = "".join(pieces)
    return body

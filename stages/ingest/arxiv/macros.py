r"""LaTeX without comments in, the same with the author's macros expanded inline out (LLaMA, section 2.1).

Handles `\newcommand` and its relatives with arguments and optional ones, `\def`, `\DeclareMathOperator`,
`\let`, nested macros and macros in arguments. A macro that expands to itself stays where it does; work and
output are bounded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from stages.ingest.arxiv.definitions import (
    DEFINERS,
    NO_VALUE,
    PROTECTED,
    Macro,
    parse_definition,
    skip_spaces,
)
from stages.ingest.arxiv.groups import Source, balanced
from stages.ingest.work import TooMuchWorkError

MAX_DEPTH = 40
MAX_OUTPUT_CHARS = 50_000_000
MAX_GROWTH = 10
GROWTH_ALLOWANCE_CHARS = 200_000
MAX_STEPS = 1_000_000
"""Control words read: in sources, arguments and what macros stand for. The largest of 19 real papers has 12,328."""
MAX_TESTS = 1_000
_MAX_LINE_CHARS = 1_000

_CONTROL = re.compile(r"\\([A-Za-z@]+|[^A-Za-z@])", re.DOTALL)
_WORD_END = re.compile(r"\\[A-Za-z@]+\Z")
_PARAMETER = re.compile(r"#([1-9])|##")
_TAKES_ONE_TOKEN = re.compile(
    r"(?:\\(?:math(?:bf|rm|cal|bb|it|sf|tt|frak|scr|ring)|boldsymbol|bm|pmb"
    r"|text(?:bf|it|rm|sf|tt|sc)?|emph|operatorname"
    r"|(?:wide)?(?:hat|tilde)|bar|vec|dot|ddot|acute|grave|check|breve|overline|underline"
    r"|sqrt|[dt]?frac)|[_^])[ \t]*\Z"
)
_TEST = re.compile(r"\\If(Value|NoValue|Boolean)(TF|T|F)(?![A-Za-z])")
TRUE, FALSE = "\\BooleanTrue", "\\BooleanFalse"
_SPACED = re.compile(r"\\xspace(?![A-Za-z])")
_NO_SPACE_BEFORE = frozenset(".,;:!?'/)]}~-\\ \t\n\"&$%_^")


@dataclass
class Expander:
    """The macros of one paper and what expanding them met; feed it sources in reading order."""

    macros: dict[str, Macro] = field(default_factory=dict)
    recursive: set[str] = field(default_factory=set)
    complex: set[str] = field(default_factory=set)
    stopped: bool = False
    budget_chars: int = 0
    steps: int = 0

    def collect(self, source: str, simple_only: bool = False) -> None:
        """Take the definitions of a source whose text is not wanted: a preamble, or a style (`simple_only`)."""
        source = Source(source)
        position = 0
        while match := _CONTROL.search(source, position):
            self._step()
            position = match.end()
            if match[1] in DEFINERS:
                position = self._define(source, match, simple_only)

    def expand(self, source: str) -> str:
        """`source` with macros expanded and their definitions removed."""
        wanted = MAX_GROWTH * len(source) + GROWTH_ALLOWANCE_CHARS
        self.budget_chars = min(MAX_OUTPUT_CHARS, wanted)
        return self._expand(source, frozenset(), 0)

    def _step(self) -> None:
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise TooMuchWorkError("control words", self.steps, MAX_STEPS)

    def _define(self, source: str, match: re.Match[str], simple_only: bool) -> int:
        definition = parse_definition(source, match, self.macros)
        if definition is None:
            return match.end()
        macro = definition.macro
        refused = macro.name in PROTECTED or (
            simple_only and (macro.is_complex or "@" in macro.name + macro.body)
        )
        exists = definition.only_when_new and macro.name in self.macros
        if not refused and not exists:
            self.macros[macro.name] = macro
        return definition.end

    def _expand(self, source: str, active: frozenset[str], depth: int) -> str:
        source = Source(source)
        pieces: list[str] = []
        position = 0
        while match := _CONTROL.search(source, position):
            self._step()
            name = match[1]
            if name in DEFINERS:
                end = self._define(source, match, simple_only=False)
                if end > match.end():
                    _append(pieces, source[position : match.start()])
                    position = _after_definition(source, match.start(), end)
                    continue
            macro = self.macros.get(name)
            if macro is None:
                _append(pieces, source[position : match.end()])
                position = match.end()
                continue
            _append(pieces, source[position : match.start()])
            expanded, position = self._use(source, match, macro, active, depth)
            if (
                expanded[1:2].isalnum()
                and not expanded.startswith("{")
                and _takes_one_token(pieces, expanded)
            ):
                expanded = "{" + expanded + "}"
            _append(pieces, expanded)
        _append(pieces, source[position:])
        return "".join(pieces)

    def _use(
        self, source: str, match: re.Match[str], macro: Macro, active: frozenset[str], depth: int
    ) -> tuple[str, int]:
        """What one use of a macro becomes, and where the source goes on."""
        if macro.name in active:
            self.recursive.add(macro.name)
            return match[0], match.end()
        if macro.is_complex:
            self.complex.add(macro.name)
            return match[0], match.end()
        if depth >= MAX_DEPTH or self.stopped:
            self.stopped = True
            return match[0], match.end()
        found = _arguments(source, match.end(), macro)
        if found is None:
            return match[0], match.end()
        arguments, end = found
        arguments = [self._expand(argument, active, depth + 1) for argument in arguments]
        size = len(macro.body) + sum(
            len(arguments[int(m[1]) - 1])
            for m in _PARAMETER.finditer(macro.body)
            if m[1] and int(m[1]) <= len(arguments)
        )
        if size > self.budget_chars:
            self.stopped = True
            return match[0], match.end()
        self.budget_chars -= size
        body = _decide(_substitute(macro.body, arguments))
        text = self._expand(body, active | {macro.name}, depth + 1)
        if _SPACED.search(text):
            blank = source[end : end + 1] not in _NO_SPACE_BEFORE and end < len(source)
            text = _SPACED.sub("", text) + (" " if blank else "")
        return text, end


def _append(pieces: list[str], piece: str) -> None:
    """Add a piece; a blank keeps a control word apart from a letter that would become part of its name."""
    if not piece:
        return
    if pieces and piece[0].isalpha() and _WORD_END.search(pieces[-1][-64:]):
        pieces.append(" ")
    pieces.append(piece)


def _takes_one_token(pieces: list[str], expanded: str) -> bool:
    """Whether the command before takes what follows as its argument, so that it needs braces."""
    if not pieces or "\\begin" in expanded or "\\end" in expanded or "&" in expanded:
        return False
    return _TAKES_ONE_TOKEN.search("".join(pieces[-3:])[-64:]) is not None


def _substitute(body: str, arguments: list[str]) -> str:
    pieces: list[str] = []
    position = 0
    for match in _PARAMETER.finditer(body):
        _append(pieces, body[position : match.start()])
        number = int(match[1]) if match[1] else 0
        if number == 0:
            _append(pieces, "#")
        elif number <= len(arguments):
            _append(pieces, arguments[number - 1])
        position = match.end()
    _append(pieces, body[position:])
    return "".join(pieces)


def _arguments(source: str, position: int, macro: Macro) -> tuple[list[str], int] | None:
    """The arguments of a use at `position` and where it ends; None when they are not all there."""
    if not macro.parameters:
        return [], position + 2 if source.startswith("{}", position) else position
    arguments: list[str] = []
    for parameter in macro.parameters:
        start = skip_spaces(source, position)
        if parameter.kind == "s":
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


def _mandatory(source: str, start: int) -> tuple[str, int]:
    """The argument at `start`, a group or one token, and its end; the end is -1 when there is none."""
    if start >= len(source) or source[start] == "}":
        return "", -1
    if source[start] == "{":
        end = balanced(source, start)
        return ("", -1) if end < 0 else (source[start + 1 : end - 1], end)
    match = _CONTROL.match(source, start)
    end = match.end() if match else start + 1
    return source[start:end], end


def _decide(body: str) -> str:
    """The branches that LaTeX's tests for optional arguments and stars take, each in its test's place."""
    for _ in range(MAX_TESTS):
        if (match := _TEST.search(body)) is None:
            break
        groups: list[str] = []
        position = match.end()
        for _ in range(1 + len(match[2])):
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
        _append(pieces, branches["T" if holds else "F"])
        _append(pieces, body[position:])
        body = "".join(pieces)
    return body


def _after_definition(source: str, start: int, end: int) -> int:
    """Where the text goes on: a line that held only the definition goes as a whole."""
    earliest = max(0, start - _MAX_LINE_CHARS)
    line_start = source.rfind("\n", earliest, start) + 1 or earliest
    rest = skip_spaces(source, end, newlines=False)
    if not source[line_start:start].strip() and source.startswith("\n", rest):
        return rest + 1
    return end

r"""LaTeX without comments in, the same with the author's macros expanded inline out (LLaMA, section 2.1).

Handles `\newcommand` and its relatives with arguments and optional ones, `\def`, `\DeclareMathOperator`,
`\let`, nested macros and macros in arguments. What a macro stands for is read on with what follows its use, as TeX
does: a macro at its end takes its arguments from there. A macro that expands to itself stays where it does; work
and output are bounded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from stages.ingest.arxiv.definition_parts import Definition
from stages.ingest.arxiv.definitions import (
    DEFINERS,
    PROTECTED,
    parse_definition,
)
from stages.ingest.arxiv.environments import without_settings
from stages.ingest.arxiv.groups import Source, append_piece
from stages.ingest.arxiv.macro import Macro
from stages.ingest.arxiv.macro_arguments import (
    CONTROL,
    PARAMETER,
    arguments_of_use,
    decide_tests,
    substitute,
)
from stages.ingest.arxiv.math_mode import decide_math_tests
from stages.ingest.arxiv.scopes import LocalMeanings, Saved
from stages.ingest.arxiv.seams import after_definition, spaced, takes_one_token
from stages.ingest.work import TooMuchWorkError

MAX_DEPTH = 40
MAX_OUTPUT_CHARS = 50_000_000
MAX_GROWTH = 10
GROWTH_ALLOWANCE_CHARS = 200_000
MAX_STEPS = 1_000_000
"""Control words read: in sources, arguments and what macros stand for. The largest of 19 real papers has 12,328."""

NAME_OF_USE = {
    "csname": re.compile(r"\s*+([^{}#\n]{1,200}?)\\endcsname(?![A-Za-z@])[ \t]*\n?"),
    "@nameuse": re.compile(r"\s*+\{([^{}#\n]{1,200})\}"),
    "begin": re.compile(r"\s*+\{\s*([^\\{}#\n]{1,200}?)\s*\}"),
    "end": re.compile(r"\s*+\{\s*([^\\{}#\n]{1,200}?)\s*\}"),
}
"""Words that name a macro by what follows them, and how it follows."""
_SPECIAL = DEFINERS | NAME_OF_USE.keys()
_NAMED_IN_BODY = re.compile(r"\\csname\s*+(.{0,200}?)\s*\\endcsname", re.DOTALL)
_GLOBAL = re.compile(
    r"(?:\\expandafter[ \t]*)?\\(?:(?:long|protected|outer)\s*\\)*(?:global|gdef|xdef)(?![A-Za-z@])"
)
_INTERNAL = re.compile(r"\\((?:[A-Za-z]+@|@+[A-Za-z])[A-Za-z@]*)")


@dataclass(frozen=True)
class _Open:
    """A use at the end of a source, whose missing arguments follow behind it; `written` is it as it stands."""

    macro: Macro
    arguments: list[str]
    written: str


@dataclass
class Expander:
    """The macros of one paper and what expanding them met; feed it sources in reading order."""

    macros: dict[str, Macro] = field(default_factory=dict)
    recursive: set[str] = field(default_factory=set)
    complex: set[str] = field(default_factory=set)
    stopped: bool = False
    budget_chars: int = GROWTH_ALLOWANCE_CHARS
    steps: int = 0
    _definers: dict[str, str] = field(default_factory=dict)
    """Control words that stand for those that start definitions: `\\let\\nc\\newcommand`."""
    _open: _Open | None = None
    _has_environments: bool = False
    _begun: dict[str, list[bool]] = field(default_factory=dict)
    """Of environments that are open, whether what they begin with was written."""
    _saved: list[Saved] = field(default_factory=list)
    """What names meant before definitions outside the groups of what was expanded: it counts for the groups around."""

    def collect(self, source: str) -> None:
        """Take the definitions of a source whose text is not wanted: a preamble."""
        source = Source(source)
        position = 0
        while match := CONTROL.search(source, position):
            self.step()
            position = match.end()
            if self.is_definer(match[1]):
                position = self.define(source, match)
            elif macro := self._maker(match[1]):
                _, position = self._use(source, match[0], match.end(), macro, frozenset(), 0)

    def expand(self, source: str) -> str:
        """`source` with macros expanded and their definitions removed."""
        wanted = MAX_GROWTH * len(source) + GROWTH_ALLOWANCE_CHARS
        self.budget_chars = min(MAX_OUTPUT_CHARS, wanted)
        self._saved = []
        return decide_math_tests(self._expand(source, frozenset(), 0))

    def expand_use(self, source: str, match: re.Match[str]) -> tuple[str, int]:
        """What the use of a macro at a control word becomes, and where the source goes on."""
        self.step()
        return self._use(source, match[0], match.end(), self.macros[match[1]], frozenset(), 0)

    def expand_argument(self, argument: str) -> str:
        """What an argument becomes."""
        return self._expand(argument, frozenset(), 1, is_whole=True)

    def _maker(self, name: str) -> Macro | None:
        """The macro of a name, if it is one that defines others."""
        macro = self.macros.get(name)
        return macro if macro is not None and macro.defines and not macro.is_complex else None

    def is_definer(self, name: str) -> bool:
        """Whether a control word starts a definition."""
        return name in DEFINERS or name in self._definers

    def step(self) -> None:
        """Count a control word that is read; a TooMuchWorkError when there are too many."""
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise TooMuchWorkError("control words", self.steps, MAX_STEPS)

    def define(self, source: str, match: re.Match[str], simple_only: bool = False) -> int:
        """Take the definition at a control word; where it ends, which is behind the word when it is none."""
        word = self._definers.get(match[1], match[1])
        definition = parse_definition(source, match, self.macros, word)
        if definition is None:
            return match.end()
        macro = definition.macro
        if definition.closing is not None:
            self._define_environment(definition, definition.closing)
            return definition.end
        refused = macro.name in PROTECTED or (simple_only and macro.is_layout)
        exists = definition.only_when_new and macro.name in self.macros
        if not refused and not exists:
            if _GLOBAL.match(source, match.start()) is None:
                self._save(macro.name)
            self.macros[macro.name] = macro
            body = macro.body.strip()
            target = self._definers.get(body[1:], body[1:])
            if body.startswith("\\") and target in DEFINERS and not macro.parameters:
                self._definers[macro.name] = target
            else:
                self._definers.pop(macro.name, None)
        return definition.end

    def _save(self, name: str) -> None:
        self._saved.append((name, self.macros.get(name), self._definers.get(name)))

    def restore(self, saved: Saved) -> None:
        """Give a name what it meant before."""
        name, macro, definer = saved
        self.macros.pop(name, None)
        self._definers.pop(name, None)
        if macro is not None:
            self.macros[name] = macro
        if definer is not None:
            self._definers[name] = definer

    def _define_environment(self, definition: Definition, closing: Macro) -> None:
        """Take the two macros of an environment that prints text; another's marks stay, as those of LaTeX's own do."""
        opening = definition.macro
        if definition.only_when_new and opening.name in self.macros:
            return
        parts = (without_settings(opening), without_settings(closing))
        self._save(opening.name)
        self._save(closing.name)
        self._has_environments = True
        for part in parts:
            if None not in parts and part is not None:
                self.macros[part.name] = part
        if None in parts:
            self.macros.pop(opening.name, None)
            self.macros.pop(closing.name, None)

    def _named_use(
        self, source: str, match: re.Match[str], active: frozenset[str], depth: int
    ) -> tuple[str, int] | None:
        """What the macro becomes that `\\csname`, `\\@nameuse`, `\\begin` or `\\end` name, and where the source goes on."""
        word = match[1]
        if word in ("begin", "end") and not self._has_environments:
            return None
        found = NAME_OF_USE[word].match(source, match.end())
        if found is None or "\\csname" in found[1]:
            return None
        end, written = found.end(), source[match.start() : found.end()]
        if word in ("begin", "end"):
            macro = self.macros.get(f"{word} {found[1]}")
            if macro is None or (word == "end" and not self._closes(found[1])):
                return None
            used = self._use(source, written, end, macro, active, depth)
            if word == "begin":
                self._begun.setdefault(found[1], []).append(used != (written, end))
            return used
        name = self._expand(found[1], active, depth + 1, is_whole=True) if "\\" in found[1] else found[1]
        if macro := self.macros.get(name):
            return self._use(source, written, end, macro, active, depth)
        return (f"\\{name}", end) if name.isalpha() else None

    def _expand(self, source: str, active: frozenset[str], depth: int, is_whole: bool = False) -> str:
        """`source` expanded; a use that its end cuts off stays in `_open`, unless the source is a `whole` argument."""
        source = Source(source)
        pieces: list[str] = []
        position = place = 0
        macros, definers = self.macros, self._definers
        local, outer, self._saved = LocalMeanings(source), self._saved, []
        while match := CONTROL.search(source, place):
            self.step()
            name, place = match[1], match.end()
            used = None
            if local.waiting and local.waiting[-1][0] <= match.start():
                local.leave(match.start(), self.restore)
            if name in _SPECIAL or name in definers:
                if name in NAME_OF_USE:
                    if (used := self._named_use(source, match, active, depth)) is None:
                        continue
                elif (end := self.define(source, match)) > match.end():
                    if self._saved:
                        self._saved = local.take(match.start(), self._saved)
                    append_piece(pieces, source[position : match.start()])
                    position = place = after_definition(source, match.start(), end)
                    continue
            if used is None:
                macro = macros.get(name)
                if macro is None:
                    continue
                used = self._use(source, match[0], match.end(), macro, active, depth)
            append_piece(pieces, source[position : match.start()])
            expanded, position = used
            if self._saved:
                self._saved = local.take(position, self._saved)
            if self._open is not None and (is_whole or depth == 0):
                expanded, self._open = expanded + self._open.written, None
            if expanded[1:2].isalnum() and not expanded.startswith("{") and takes_one_token(pieces, expanded):
                expanded = "{" + expanded + "}"
            append_piece(pieces, expanded)
            place = position
        local.leave(len(source), self.restore)
        self._saved = outer + local.free
        append_piece(pieces, source[position:])
        return "".join(pieces)

    def _closes(self, name: str) -> bool:
        """Whether the environment that an end belongs to was begun, and what it begins with written."""
        begun = self._begun.get(name)
        return begun.pop() if begun else False

    def _use(
        self, source: str, word: str, end: int, macro: Macro, active: frozenset[str], depth: int
    ) -> tuple[str, int]:
        """What one use of a macro, `word` up to `end`, becomes, and where the source goes on."""
        if macro.name in active:
            self.recursive.add(macro.name)
            return word, end
        if macro.is_complex:
            self.complex.add(macro.name)
            return word, end
        if depth >= MAX_DEPTH or self.stopped:
            self.stopped = True
            return word, end
        text = ""
        waiting: _Open | None = _Open(macro, [], word)
        while waiting is not None:
            found = arguments_of_use(source, end, waiting.macro, waiting.arguments)
            if found is None:
                return text + waiting.written, end
            arguments, after = found
            written = waiting.written + source[end:after]
            if len(arguments) < waiting.macro.num_arguments:
                self._open = _Open(waiting.macro, arguments, written)
                return text, after
            applied = self._apply(waiting.macro, arguments, active, depth)
            if applied is None:
                return text + written, after
            self._open = None
            more = self._expand(applied, active | {waiting.macro.name}, depth + 1)
            if "@" in applied and self._open is None and self._leads_inside(more):
                self.complex.add(waiting.macro.name)
                return text + written, after
            waiting, self._open, end = self._open, None, after
            text += more
        return spaced(text, source, end), end

    def _leads_inside(self, text: str) -> bool:
        """Whether a macro of the paper that only others are to use is left: what leads to it stays as written."""
        return any(name in self.macros for name in _INTERNAL.findall(text))

    def _apply(self, macro: Macro, arguments: list[str], active: frozenset[str], depth: int) -> str | None:
        """The body of a macro with its arguments in their places; None when it is too much."""
        if macro.look is not None:
            return macro.look.found if arguments[0] else macro.look.other
        if not macro.defines:
            arguments = [self._expand(argument, active, depth + 1, is_whole=True) for argument in arguments]
        if "\\csname" in macro.body and not self._knows_names(substitute(macro.body, arguments)):
            self.complex.add(macro.name)
            return None
        size = len(macro.body) + sum(
            len(arguments[int(m[1]) - 1])
            for m in PARAMETER.finditer(macro.body)
            if m[1] and int(m[1]) <= len(arguments)
        )
        if size > self.budget_chars:
            self.stopped = True
            return None
        self.budget_chars -= size
        return decide_tests(substitute(macro.body, arguments))

    def _knows_names(self, body: str) -> bool:
        """Whether all macros are known that a body names in letters."""
        return all(name in self.macros for name in _NAMED_IN_BODY.findall(body))

r"""LaTeX without comments in, what decides its conditions out, in order: tests with branches, settings, definitions."""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import merge
from operator import itemgetter
from typing import NamedTuple

from stages.ingest.arxiv.groups import Source, is_conditional
from stages.ingest.arxiv.meanings import GivenMeaning, Meanings
from stages.ingest.arxiv.toggles import (
    SETTERS,
    Setting,
    SwitchTest,
    choice_at,
    is_setter,
    is_test,
    setting_at,
)

NEW_NAME = re.compile(r"\\newif[ \t]*\n?[ \t]*\\if([A-Za-z@]+)")
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
_ESCAPED = re.compile(r"\\[\\{}]")
_WORDS = rf"newif|{SETTERS}|not(?:toggle|bool)|if[A-Za-z@]*+|or|else|fi|[A-Za-z@]+?(?:true|false)"
_NEW = re.compile(r"[ \t]*\n?[ \t]*\\if([A-Za-z@]+)")
_NAMEABLE = re.compile(r"(?:[={]|\\[A-Za-z@]+)[ \t]*\\(?:iffalse|iftrue|fi)(?![A-Za-z@])")
_ALIAS = re.compile(
    r"\\let[ \t]*\\([A-Za-z@]+)[ \t]*=?[ \t]*\\(iffalse|iftrue|else|fi)(?![A-Za-z@])"
    r"|\\(?:def[ \t]*|(?:re)?newcommand\*?[ \t]*\{?)\\([A-Za-z@]+)\}?[ \t]*\{[ \t]*\\(iffalse|iftrue|fi)[ \t]*\}"
)


@dataclass
class If:
    """A condition: where its word begins and ends, how deep in groups, where its `\\or`s, `\\else` and `\\fi` stand."""

    word: str
    start: int
    end: int
    depth: int
    ors: list[tuple[int, int]] = field(default_factory=list)
    other: tuple[int, int] | None = None
    fi: tuple[int, int] | None = None


class Mark(NamedTuple):
    """What matters at a place: a condition (or the end of one of its branches), a choice, a setting, a definition."""

    start: int
    end: int
    depth: int
    found: If | tuple[str, If] | SwitchTest | tuple[str, SwitchTest] | Setting | GivenMeaning


class Survey:
    """The marks of a source in order; conditions are paired with their ends, one that crosses its group's end has none."""

    def __init__(self, source: str, known: frozenset[str], meanings: Meanings) -> None:
        self._source = Source(source)
        named = list(_ALIAS.finditer(source)) if _NAMEABLE.search(source) else []
        self._aliases = {m[1] or m[3]: m[2] or m[4] for m in named}
        self._alias_places = [m.span() for m in named]
        self._names = {f"if{name}" for name in known} | {f"if{name}" for name in NEW_NAME.findall(source)}
        self._open: list[If] = []
        self._knows_groups = False
        self.sets: dict[str, list[int]] = {}
        self.marks: list[Mark] = []
        self._find(meanings)
        self.marks.sort(key=lambda mark: mark.start)

    def _find(self, meanings: Meanings) -> None:
        words = "|".join([*sorted(map(re.escape, self._aliases)), _WORDS])
        token = re.compile(rf"(?<!\\)(?:\\\\)*+\\({words})(?![A-Za-z@])")
        tokens = ((m.start(1) - 1, m.end(), m[1]) for m in token.finditer(self._source))
        definitions = [(given.start, given.start, given) for given in meanings.definitions()]
        depth = position = 0
        for start, end, found in merge(tokens, definitions, key=itemgetter(0)) if definitions else tokens:
            if start < position:
                continue
            depth = self._depth(position, start, depth)
            position = end
            if isinstance(found, GivenMeaning):
                self.marks.append(Mark(start, start, depth, found))
            elif not any(first < start < last for first, last in self._given_names(start)):
                position = self._word(start, end, self._aliases.get(found, found), depth)

    def _word(self, start: int, end: int, word: str, depth: int) -> int:
        """Take a control word; where the source goes on."""
        if word == "newif":
            if new := _NEW.match(self._source, end):
                end = new.end()
                self._names.add(f"if{new[1]}")
                self._set(start, depth, Setting(new[1], False, end, True))
        elif word in ("or", "else", "fi"):
            self._branch(start, end, word, depth)
        elif is_setter(word):
            if setting := setting_at(self._source, word, end):
                self._set(start, depth, setting)
                self._names |= {f"if{setting.key}"} if setting.is_new else set()
        elif is_test(word):
            if not self._knows_groups:  # tests within tests would be looked through again and again
                self._source.remember(start)
                self._knows_groups = True
            if choice := choice_at(self._source, word, end):
                self.marks.append(Mark(start, end, depth, choice))
                self.marks += [Mark(last, last, depth, ("end", choice)) for _, last in choice.branches]
        elif word in self._names or is_conditional(word):
            self._open.append(If(word, start, end, depth))
            self.marks.append(Mark(start, end, depth, self._open[-1]))
        elif word.endswith(("true", "false")) and f"if{_name_of(word)}" in self._names:
            self._set(start, depth, Setting(_name_of(word), word.endswith("true"), end, False))
        return end

    def _set(self, start: int, depth: int, setting: Setting) -> None:
        if not setting.is_new:
            self.sets.setdefault(setting.key, []).append(start)
        self.marks.append(Mark(start, setting.end, depth, setting))

    def _branch(self, start: int, end: int, word: str, depth: int) -> None:
        """Take what ends a branch of the condition that is open."""
        last = self._open[-1] if self._open and self._open[-1].depth == depth else None
        if (
            last is None
            or (word == "or" and last.word != "ifcase")
            or (word != "fi" and last.other is not None)
        ):
            return
        if word == "fi":
            self._open.pop().fi = (start, end)
        elif word == "or":
            last.ors.append((start, end))
        else:
            last.other = (start, end)
        self.marks.append(Mark(start, end, depth, (word, last)))

    def _depth(self, start: int, end: int, depth: int) -> int:
        """How deep in groups `end` is, where `start` is `depth` deep; what is open in groups that end there never ends."""
        source = self._source
        if not self._open:
            piece = source[start:end]
            marks = piece.count("{") - piece.count("}")
            if "\\{" in piece or "\\}" in piece:
                marks += sum(1 if m[0] == "\\}" else -1 for m in _ESCAPED.finditer(piece) if m[0] != "\\\\")
            return max(0, depth + marks)
        for match in _BRACE.finditer(source, start, end):
            if match[0] == "{":
                depth += 1
            elif match[0] == "}":
                depth = max(0, depth - 1)
                while self._open and self._open[-1].depth > depth:
                    self._open.pop()
        return depth

    def _given_names(self, start: int) -> Iterator[tuple[int, int]]:
        """The alias definition that begins last before `start`."""
        before = bisect(self._alias_places, (start, 0))
        yield from self._alias_places[max(0, before - 1) : before]


def _name_of(word: str) -> str:
    return word[: -len("true")] if word.endswith("true") else word[: -len("false")]

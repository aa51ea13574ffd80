r"""LaTeX without comments in, the same with the branches of conditions that are known decided out.

Known are `\iftrue`, `\iffalse`, `\if` of two characters (`\if0 ... \fi`), `\ifnum` of two numbers, the author's own
of `\newif` while their state is, and other names that `\let` or `\def` give to these. All others stay as they are.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from stages.ingest.arxiv.groups import append_piece, is_conditional
from stages.ingest.arxiv.scan import without_comments

_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
_ESCAPED = re.compile(r"\\[\\{}]")
_WORDS = r"newif|if[A-Za-z@]*+|else|fi|[A-Za-z@]+?(?:true|false)"
_NEW_NAME = re.compile(r"\\newif[ \t]*\n?[ \t]*\\if([A-Za-z@]+)")
_MAY_DECIDE = re.compile(r"\\(?:newif|iftrue|iffalse|ifnum)(?![A-Za-z@])|\\if(?![A-Za-z@])")
_NEW = re.compile(r"[ \t]*\n?[ \t]*\\if([A-Za-z@]+)")
_SKIPPED = re.compile(r"[ \t]*\n?")
"""What TeX passes over behind a control word."""
_PAIR = re.compile(r"[ \t]*(\\[A-Za-z@]+[ \t]*|[^\\{}\s])(\\[A-Za-z@]+[ \t]*|[^\\{}])")
_NUMBERS = re.compile(r"[ \t]*([-+]?\d{1,9})[ \t]*([<=>])[ \t]*([-+]?\d{1,9})(?:[ \t]|\\relax(?![A-Za-z@]))?")
_NAMEABLE = re.compile(r"(?:[={]|\\[A-Za-z@]+)[ \t]*\\(?:iffalse|iftrue|fi)(?![A-Za-z@])")
_ALIAS = re.compile(
    r"\\let[ \t]*\\([A-Za-z@]+)[ \t]*=?[ \t]*\\(iffalse|iftrue|else|fi)(?![A-Za-z@])"
    r"|\\(?:def[ \t]*|(?:re)?newcommand\*?[ \t]*\{?)\\([A-Za-z@]+)\}?[ \t]*\{[ \t]*\\(iffalse|iftrue|fi)[ \t]*\}"
)
_ONE_CHARACTER = re.compile(
    r"\\(?:def[ \t]*|(?:re|provide)?(?:new)?command\*?[ \t]*\{?)[ \t]*\\([A-Za-z@]+)[ \t]*\}?[ \t]*\{([^\\{}\s])\}"
)


@dataclass
class _If:
    """A condition: where its word begins and ends, how deep in groups, where its `\\else` and `\\fi` stand."""

    word: str
    start: int
    end: int
    depth: int
    other: tuple[int, int] | None = None
    fi: tuple[int, int] | None = None


def decide_conditions(source: str, styles: Sequence[str] = ()) -> str:
    """`source` with the branches that are taken, and without those that are not; `styles` come before it."""
    states: dict[str, bool | None] = {}
    for style in styles if "\\if" in source else ():
        names = {name for name in _NEW_NAME.findall(style) if f"\\if{name}" in source}
        if names:
            _Deciding(without_comments(style), states).text()
    states = {name: value for name, value in states.items() if f"\\if{name}" in source}
    if not states and not _MAY_DECIDE.search(source):
        return source
    return _Deciding(source, states).text()


class _Deciding:
    def __init__(self, source: str, states: dict[str, bool | None]) -> None:
        self._source, self._states = source, states
        named = list(_ALIAS.finditer(source)) if _NAMEABLE.search(source) else []
        self._aliases = {m[1] or m[3]: m[2] or m[4] for m in named}
        self._alias_places = [m.span() for m in named]
        self._characters: dict[str, list[tuple[int, str]]] | None = None
        self._ifs: dict[int, _If] = {}
        self._sets: dict[str, list[int]] = {}
        self._marks: list[tuple[int, int, str, int]] = []
        """Start, end, word and depth of all that matters, in order."""
        self._survey()

    def _survey(self) -> None:
        """Find conditions and pair them with their ends; one that crosses the end of its group has none."""
        source = self._source
        names = {f"if{name}" for name in self._states} | {f"if{name}" for name in _NEW_NAME.findall(source)}
        words = "|".join([*sorted(map(re.escape, self._aliases)), _WORDS])
        token = re.compile(rf"(?<!\\)(?:\\\\)*+\\({words})(?![A-Za-z@])")
        depth = position = 0
        open_ones: list[_If] = []
        for match in token.finditer(source):
            start, end, word = match.start(1) - 1, match.end(), self._aliases.get(match[1], match[1])
            if start < position:
                continue
            depth = self._depth(position, start, depth, open_ones)
            position = end
            if any(first < start < last for first, last in self._given_names(start)):
                continue
            if word == "newif":
                if new := _NEW.match(source, end):
                    self._marks.append((start, new.end(), f"newif {new[1]}", depth))
                    position = new.end()
            elif word == "fi":
                if open_ones and open_ones[-1].depth == depth:
                    found = open_ones.pop()
                    found.fi = (start, end)
                    self._marks.append((start, end, "fi", found.start))
            elif word == "else":
                if open_ones and open_ones[-1].depth == depth and open_ones[-1].other is None:
                    open_ones[-1].other = (start, end)
                    self._marks.append((start, end, "else", open_ones[-1].start))
            elif word in names or is_conditional(word):
                open_ones.append(_If(word, start, end, depth))
                self._ifs[start] = open_ones[-1]
                self._marks.append((start, end, "if", start))
            elif word.endswith(("true", "false")) and f"if{_name_of(word)}" in names:
                self._sets.setdefault(_name_of(word), []).append(start)
                self._marks.append((start, end, word, depth))

    def _depth(self, start: int, end: int, depth: int, open_ones: list[_If]) -> int:
        """How deep in groups `end` is, where `start` is `depth` deep; what is open in groups that end there never ends."""
        source = self._source
        if not open_ones:
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
                while open_ones and open_ones[-1].depth > depth:
                    open_ones.pop()
        return depth

    def _given_names(self, start: int) -> Iterator[tuple[int, int]]:
        """The alias definition that begins last before `start`."""
        before = bisect(self._alias_places, (start, 0))
        yield from self._alias_places[max(0, before - 1) : before]

    def text(self) -> str:
        pieces: list[str] = []
        position = 0
        decided: set[int] = set()
        mark = 0
        while mark < len(self._marks):
            start, end, word, more = self._marks[mark]
            mark += 1
            if start < position:
                continue
            if word == "if":
                found = self._ifs[more]
                value = None if found.fi is None else self._value(found)
                if value is None or found.fi is None:
                    continue
                decided.add(found.start)
                if value[0]:
                    position = self._cut(pieces, position, start, value[1])
                else:
                    position = self._cut(pieces, position, start, (found.other or found.fi)[1])
            elif word in ("else", "fi"):
                if more not in decided:
                    continue
                after = self._ifs[more].fi if word == "else" else None
                position = self._cut(pieces, position, start, end if after is None else after[1])
            elif word.startswith("newif "):
                self._states[word[6:]] = False
                position = self._cut(pieces, position, start, end)
            elif more:  # in a group, or in a definition
                self._states[_name_of(word)] = None
            else:
                self._states[_name_of(word)] = word.endswith("true")
                position = self._cut(pieces, position, start, end)
        append_piece(pieces, self._source[position:])
        return "".join(pieces)

    def _cut(self, pieces: list[str], position: int, start: int, end: int) -> int:
        """Add what stands before `start`, and give the place behind `end` and the blanks that TeX passes over there."""
        append_piece(pieces, self._source[position:start])
        skipped = _SKIPPED.match(self._source, end)
        return end if skipped is None else skipped.end()

    def _value(self, found: _If) -> tuple[bool, int] | None:
        """Whether a condition holds and where its branch begins; None when that is not known."""
        word = found.word
        if word in ("iftrue", "iffalse"):
            return word == "iftrue", found.end
        if word == "if":
            return self._of_characters(found)
        if word == "ifnum":
            numbers = _NUMBERS.match(self._source, found.end)
            if numbers is None:
                return None
            left, right = int(numbers[1]), int(numbers[3])
            holds = {"<": left < right, "=": left == right, ">": left > right}[numbers[2]]
            return holds, numbers.end()
        name = word[2:]
        state = self._states.get(name)
        later = self._sets.get(name, [])
        if state is None or (found.depth and bisect(later, found.start) < len(later)):
            return None  # a definition is used later than it is read
        return state, found.end

    def _of_characters(self, found: _If) -> tuple[bool, int] | None:
        """`\\if` of two characters, or of macros that are one each; a command of LaTeX's own is none."""
        pair = _PAIR.match(self._source, found.end)
        if pair is None:
            return None
        both = [self._character(token.strip(" \t") or " ", found.start) for token in (pair[1], pair[2])]
        if both[0] is None or both[1] is None:
            return None
        return both[0] == both[1] and both[0] != "", pair.end() if both[1] else pair.end(1)

    def _character(self, token: str, place: int) -> str | None:
        """The character of a token, "" for a command that is none, None for a macro of more."""
        if not token.startswith("\\"):
            return " " if token.isspace() else token
        if self._characters is None:
            self._characters = {}
            for match in _ONE_CHARACTER.finditer(self._source):
                self._characters.setdefault(match[1], []).append((match.start(), match[2]))
        known = self._characters.get(token[1:], [])
        if before := known[: bisect(known, (place, ""))]:
            return before[-1][1]
        defined = re.compile(rf"(?:def|command\*?|let)[ \t]*\{{?[ \t]*\\{token[1:]}(?![A-Za-z@])")
        return None if defined.search(self._source, 0, place) else ""


def _name_of(word: str) -> str:
    return word[: -len("true")] if word.endswith("true") else word[: -len("false")]

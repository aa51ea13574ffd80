r"""LaTeX without comments in, the same with the branches of conditions that are known decided out.

Known are `\iftrue`, `\iffalse`, `\if` of two characters (`\if0 ... \fi`), `\ifnum`, `\ifodd` and `\ifcase` of numbers, the
author's own of `\newif` while their state is, and other names that `\let` or `\def` give to these; `\ifx` and `\ifdefined`
of macros that the paper defines; the switches of etoolbox and ifthen. All others stay as they are.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Sequence

from stages.ingest.arxiv.condition_marks import NEW_NAME, If, Mark, Survey
from stages.ingest.arxiv.groups import append_piece
from stages.ingest.arxiv.meanings import NAME, UNDEFINED, GivenMeaning, Meanings
from stages.ingest.arxiv.scan import without_comments
from stages.ingest.arxiv.toggles import Setting, SwitchTest

_MAY_DECIDE = re.compile(
    r"\\(?:newif|iftrue|iffalse|ifnum|ifx|ifdefined|ifcase|ifodd|(?:new|provide)(?:toggle|bool|boolean))(?![A-Za-z@])"
    r"|\\if(?![A-Za-z@])"
)
_NEW_SWITCH = re.compile(r"\\(?:new|provide)(?:toggle|bool(?:ean)?)\s*\{\s*([A-Za-z0-9@:_.-]+)\s*\}")
_TESTED = re.compile(r"\\(?:(?:if|not)(?:toggle|bool)|boolean)\s*\{\s*([A-Za-z0-9@:_.-]+)\s*\}")
_IF_WORD = re.compile(r"\\if([A-Za-z@]+)")
_SKIPPED = re.compile(r"[ \t]*\n?")
"""What TeX passes over behind a control word."""
_PAIR = re.compile(r"[ \t]*(\\[A-Za-z@]+[ \t]*|[^\\{}\s])(\\[A-Za-z@]+[ \t]*|[^\\{}])")
_NUMBER = r"[ \t]*([-+]?\d{1,9}|\\[A-Za-z@]+(?:[ \t]*+\n)?)"
_NUMBER_END = r"(?:[ \t\n]|\\relax(?![A-Za-z@]))?"
_NUMBERS = re.compile(rf"{_NUMBER}[ \t]*([<=>]){_NUMBER}{_NUMBER_END}")
_ONE_NUMBER = re.compile(_NUMBER + _NUMBER_END)
_TWO_NAMES = re.compile(rf"[ \t]*{NAME}[ \t]*\n?[ \t]*{NAME}")
_ONE_NAME = re.compile(rf"[ \t]*{NAME}")
_ONE_CHARACTER = re.compile(
    r"\\(?:def[ \t]*|(?:re|provide)?(?:new)?command\*?[ \t]*\{?)[ \t]*\\([A-Za-z@]+)[ \t]*\}?[ \t]*\{([^\\{}\s])\}"
)


def decide_conditions(source: str, styles: Sequence[str] = ()) -> str:
    """`source` with the branches that are taken, and without those that are not; `styles` come before it."""
    states: dict[str, bool | None] = {}
    asked = frozenset(_IF_WORD.findall(source)).union(_TESTED.findall(source))
    for style in styles if asked else ():
        names = [*NEW_NAME.findall(style), *_NEW_SWITCH.findall(style)]
        if not asked.isdisjoint(names):
            _Deciding(without_comments(style), states, ()).text()
    states = {name: value for name, value in states.items() if name.removeprefix("toggle ") in asked}
    if not states and not _MAY_DECIDE.search(source):
        return source
    return _Deciding(source, states, styles).text()


class _Deciding:
    def __init__(self, source: str, states: dict[str, bool | None], styles: Sequence[str]) -> None:
        self._source, self._states = source, states
        self._meanings = Meanings(source, styles)
        survey = Survey(source, frozenset(states), self._meanings)
        self._marks, self._sets = survey.marks, survey.sets
        self._characters: dict[str, list[tuple[int, str]]] | None = None
        self._pieces: list[str] = []
        self._position = self._sure_from = 0
        """What is before is written, or left out; before the other place a condition is open."""
        self._decided: set[int] = set()

    def text(self) -> str:
        for mark in self._marks:
            if mark.start < self._position:
                continue
            found = mark.found
            if isinstance(found, If):
                self._condition(found)
            elif isinstance(found, SwitchTest):
                self._choice(mark, found)
            elif isinstance(found, Setting):
                self._setting(mark, found)
            elif isinstance(found, GivenMeaning):
                self._meanings.take(found, is_sure=not mark.depth and mark.start >= self._sure_from)
            elif isinstance(found[1], SwitchTest):
                if id(found[1]) in self._decided:
                    append_piece(self._pieces, self._source[self._position : mark.start])
                    self._position = found[1].end
            elif found[1].start in self._decided:
                end = mark.end if found[1].fi is None else found[1].fi[1]
                self._cut(mark.start, end)
        append_piece(self._pieces, self._source[self._position :])
        return "".join(self._pieces)

    def _cut(self, start: int, end: int) -> None:
        """Write what stands before `start`, and go on behind `end` and the blanks that TeX passes over there."""
        append_piece(self._pieces, self._source[self._position : start])
        skipped = _SKIPPED.match(self._source, end)
        self._position = end if skipped is None else skipped.end()

    def _condition(self, found: If) -> None:
        branch = None if found.fi is None else self._branch(found)
        if branch is not None:
            self._decided.add(found.start)
            self._cut(found.start, branch)
        elif found.fi is not None:
            self._sure_from = max(self._sure_from, found.fi[0])

    def _choice(self, mark: Mark, found: SwitchTest) -> None:
        state = self._state(found.key, mark)
        if state is None:
            self._sure_from = max(self._sure_from, found.end)
            return
        self._decided.add(id(found))
        append_piece(self._pieces, self._source[self._position : mark.start])
        self._position = found.branches[0 if state != found.is_turned else 1][0]

    def _setting(self, mark: Mark, found: Setting) -> None:
        if found.is_new:
            self._states[found.key] = False
            self._cut(mark.start, mark.end)
        elif found.key not in self._states:
            return
        elif (
            mark.depth or mark.start < self._sure_from
        ):  # in a group, in a definition, in a branch that stays
            self._states[found.key] = None
        else:
            self._states[found.key] = found.value
            self._cut(mark.start, mark.end)

    def _state(self, key: str, found: If | Mark) -> bool | None:
        """The state of a switch; what stands in a definition is used later than it is read."""
        is_later = found.depth and bisect(self._sets.get(key, []), found.start) < len(self._sets.get(key, []))
        return None if is_later else self._states.get(key)

    def _branch(self, found: If) -> int | None:
        """Where the branch begins that a condition takes; None when that is not known."""
        if found.word == "ifcase":
            return self._case(found)
        value = self._value(found)
        if value is None or found.fi is None:
            return None
        return value[1] if value[0] else (found.other or found.fi)[1]

    def _case(self, found: If) -> int | None:
        match = _ONE_NUMBER.match(self._source, found.end)
        number = None if match is None else self._number(match[1], found)
        if match is None or number is None or found.fi is None:
            return None
        if 0 < number <= len(found.ors):
            return found.ors[number - 1][1]
        return (found.other or found.fi)[1] if number else match.end()

    def _value(self, found: If) -> tuple[bool, int] | None:
        """Whether a condition holds and where its branch begins; None when that is not known."""
        word = found.word
        if word in ("iftrue", "iffalse"):
            return word == "iftrue", found.end
        if word == "if":
            return self._of_characters(found)
        if word in ("ifnum", "ifodd"):
            return self._of_numbers(found)
        if word in ("ifx", "ifdefined"):
            return self._of_meanings(found)
        state = self._state(word[2:], found)
        return None if state is None else (state, found.end)

    def _of_numbers(self, found: If) -> tuple[bool, int] | None:
        pattern = _NUMBERS if found.word == "ifnum" else _ONE_NUMBER
        match = pattern.match(self._source, found.end)
        left = None if match is None else self._number(match[1], found)
        if match is None or left is None:
            return None
        if found.word == "ifodd":
            return left % 2 == 1, match.end()
        right = self._number(match[3], found)
        if right is None:
            return None
        return {"<": left < right, "=": left == right, ">": left > right}[match[2]], match.end()

    def _number(self, token: str, found: If) -> int | None:
        token = token.strip()
        if found.depth and token.startswith("\\") and self._meanings.changes_after(token[1:], found.start):
            return None
        return self._meanings.number(token)

    def _of_meanings(self, found: If) -> tuple[bool, int] | None:
        match = (_TWO_NAMES if found.word == "ifx" else _ONE_NAME).match(self._source, found.end)
        if match is None:
            return None
        names = match.groups()
        if found.depth and any(self._meanings.changes_after(name, found.start) for name in names):
            return None
        meanings = [self._meanings.of(name) for name in names]
        if None in meanings:
            return None
        holds = meanings[0] == meanings[1] if found.word == "ifx" else meanings[0] != UNDEFINED
        skipped = _SKIPPED.match(self._source, match.end())
        return holds, match.end() if skipped is None else skipped.end()

    def _of_characters(self, found: If) -> tuple[bool, int] | None:
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

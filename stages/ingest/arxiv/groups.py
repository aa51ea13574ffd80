r"""LaTeX source in, where its groups and its `\iffalse` branches end out, however many of them never do.

What ends nothing is looked for again from the next beginning, so what was learned is remembered; what was looked
through in vain all the same is counted, in characters.
"""

from __future__ import annotations

import re

from stages.ingest.work import TooMuchWorkError

MAX_GROUP_CHARS = 200_000
MAX_VAIN_CHARS = 50_000_000

_CONDITIONAL = re.compile(r"\\\\|\\%|%[^\n]*|\\(if[A-Za-z@]*|else|fi)(?![A-Za-z@])")
_TAKES_ARGUMENTS = re.compile(
    r"iff(?:[A-Z].*)?|ifthen.*|ifthispageodd|ifrmnum|if(?:bool|toggle|blank|str|inlist|undef|cs(?!name)|def(?!ined)"
    r"|num(?=comp|equal|greater|less|odd)|dim(?=comp|equal|greater|less)|ltxcounter|field(?=undef|s|x|bibstring)"
    r"|name(?=undef|s|x)|list(?=undef|s|x)|entry(?=type|subtype|seen|incategory)|cite(?=seen|index)|keyword|singletitle).*"
)
"""Commands of packages (ifthen, etoolbox, biblatex) whose branches are arguments, without a `\\fi`."""
_WORD_END = re.compile(r"\\[A-Za-z@]+\Z")
_GROUP = re.compile(r"\\.|[{}\]]", re.DOTALL)
_MARK = re.compile(r"\\.|[{}\[\]]", re.DOTALL)


def is_conditional(word: str) -> bool:
    r"""Whether a control word begins branches that a `\fi` ends."""
    return word.startswith("if") and _TAKES_ARGUMENTS.fullmatch(word) is None


def append_piece(pieces: list[str], piece: str) -> None:
    """Add a piece; a blank keeps a control word apart from a letter that would become part of its name."""
    if not piece:
        return
    if pieces and piece[0].isalpha() and _WORD_END.search(pieces[-1][-64:]):
        pieces.append(" ")
    pieces.append(piece)


class Branches:
    r"""The `\iffalse` of one source and where their branches end."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._known: dict[int, tuple[int, str]] = {}
        self._vain = Vain()

    def skip(self, start: int) -> tuple[int, str]:
        r"""The end of the `\iffalse` that ends at `start` and what stands for it; an `\else` branch follows as text."""
        known = self._known.get(start)
        return self._look(start) if known is None else known

    def _look(self, start: int) -> tuple[int, str]:
        """Look once, to the end where it must be, and remember what was learned of those inside."""
        known: dict[int, tuple[int, str]] = {}
        open_ones = [start]
        for match in _CONDITIONAL.finditer(self._source, start):
            word = match[1]
            if word is None:
                continue
            if word not in ("fi", "else"):
                if not is_conditional(word):
                    continue
                open_ones.append(match.end())
                continue
            result = (match.end(), "" if word == "fi" else "\\iftrue ")
            known.setdefault(open_ones[-1], result)
            if start in known:
                return result
            if word == "fi":
                open_ones.pop()
        self._vain.add(len(self._source) - start)
        for place in open_ones:
            known.setdefault(place, (place, "\\iffalse"))
        self._known = known
        return known[start]


class Vain:
    """Counts what was looked through in vain."""

    def __init__(self) -> None:
        self._chars = 0

    def add(self, chars: int) -> None:
        """A TooMuchWorkError when it is too much."""
        self._chars += chars
        if self._chars > MAX_VAIN_CHARS:
            raise TooMuchWorkError(
                "characters looked through for an end in vain", self._chars, MAX_VAIN_CHARS
            )


class Source(str):
    """A source that remembers where its groups end, once one of them was found not to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._ends: dict[int, int] | None = None
        self._vain = Vain()

    def known_end(self, start: int) -> int | None:
        """Where the group at `start` ends (-1: nowhere near), None when it is not known."""
        end = None if self._ends is None else self._ends.get(start)
        return end if end is None or end <= start + MAX_GROUP_CHARS else -1

    def count_in_vain(self, chars: int) -> None:
        """Count characters that were looked through for an end that is not there."""
        self._vain.add(chars)

    def remember(self, start: int) -> None:
        """Look once for the ends of all groups from `start` on."""
        self._vain.add(len(self) - start)
        ends: dict[int, int] = {}
        groups, brackets, first_brackets = [-1], list[int](), [0]
        for match in _MARK.finditer(self, start):
            mark, place = match[0], match.start()
            if mark == "{":
                groups.append(place)
                first_brackets.append(len(brackets))
            elif mark == "[":
                brackets.append(place)
            elif mark in "]}":
                end = match.end() if mark == "]" else -1
                while len(brackets) > first_brackets[-1]:
                    ends[brackets.pop()] = end
                if mark == "}" and len(groups) > 1:
                    ends[groups.pop()] = match.end()
                    first_brackets.pop()
        ends.update((place, -1) for place in (*groups, *brackets))
        self._ends = ends


def balanced(source: str, start: int) -> int:
    """The end (after its closing mark) of the `{}` or `[]` group at `start`; -1 when it does not close."""
    remembering = source if isinstance(source, Source) else None
    if remembering is not None and (known := remembering.known_end(start)) is not None:
        return known
    in_brackets = source.startswith("[", start)
    depth = 0
    for match in _GROUP.finditer(source, start, start + MAX_GROUP_CHARS):
        mark = match[0]
        if mark == "{":
            depth += 1
        elif mark == "}":
            depth -= 1
            if depth == 0 and not in_brackets:
                return match.end()
            if depth < 0:
                return -1
        elif mark == "]" and in_brackets and depth == 0:
            return match.end()
    if remembering is not None:
        remembering.remember(start)
    return -1

r"""LaTeX without comments in, where the group ends that a place stands in, out: up to there a definition in it counts.

Groups are braces, `\begingroup` and `\bgroup`, and environments; one that never ends is none. The arguments of
conditions and hooks (`\ifthenelse`, `\AtBeginDocument`), and values of options, are none either: what they define counts
behind them.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Callable, Iterator

from stages.ingest.arxiv.macro import Macro

_NO_GROUP = (
    r"@?[Ii]f[A-Za-z@]*+|not(?:toggle|bool)|undef[A-Za-z@]*+|At(?:Begin|End)[A-Za-z@]*+|AddTo[A-Za-z@]*+"
    r"|g@addto@macro|(?:e|g|x)?(?:app|pre)to"
)
"""Commands whose arguments are read where they stand, not in a group."""
_NAME = r"[ \t]*\{(?P<%s>[^\\{}\n]{1,200})\}"
_MARK = re.compile(
    r"(?P<open>\{)|(?P<close>\})[ \t]*\n?[ \t]*|\\[\\{}]"
    rf"|\\begin{_NAME % 'begin'}|\\end{_NAME % 'end'}"
    rf"|\\(?P<word>b(?:egin)?group|e(?:nd)?group|{_NO_GROUP})(?![A-Za-z@])[ \t]*\n?[ \t]*"
)
_BEGIN = {"begingroup": "endgroup", "bgroup": "egroup"}
_END = {"endgroup", "egroup"}
_MAX_DEPTH = 100
"""Groups that are open which the end of one is looked for among."""


Saved = tuple[str, Macro | None, str | None]
"""A name with what it meant before it was defined anew: its macro, the definer that it stood for."""


class LocalMeanings:
    """What names meant before they were defined anew in groups of one source, to be given back where these end."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._scopes: Scopes | None = None
        self.waiting: list[tuple[int, Saved]] = []
        """By the ends of groups, inner ones last."""
        self.free: list[Saved] = []
        """What was defined outside groups."""

    def take(self, place: int, saved: list[Saved]) -> list[Saved]:
        """Take what definitions at a place replaced; none are left."""
        if self._scopes is None:
            self._scopes = Scopes(self._source)
        end = self._scopes.end(place)
        if end is None:
            self.free += saved
        else:
            self.waiting += [(end, one) for one in saved]
        return []

    def leave(self, place: int, restore: Callable[[Saved], None]) -> None:
        """Give back what groups changed that end before a place."""
        while self.waiting and self.waiting[-1][0] <= place:
            restore(self.waiting.pop()[1])


class Scopes:
    """The groups of one source."""

    def __init__(self, source: str) -> None:
        self._places, self._ends = _innermost(source)

    def end(self, place: int) -> int | None:
        """Where the innermost group around a place ends; None where none is around it."""
        found = bisect(self._places, place) - 1
        return self._ends[found] if found >= 0 else None


def _innermost(source: str) -> tuple[list[int], list[int | None]]:
    """Places where groups begin and end, in order, and from each on the end of the innermost group, if any."""
    groups = sorted(_groups(source))
    places: list[int] = []
    ends: list[int | None] = []
    around: list[int] = []
    for start, end in groups:
        while around and around[-1] <= start:
            places.append(around.pop())
            ends.append(around[-1] if around else None)
        places.append(start)
        ends.append(end)
        around.append(end)
    while around:
        places.append(around.pop())
        ends.append(around[-1] if around else None)
    return places, ends


def _groups(source: str) -> Iterator[tuple[int, int]]:
    """Where each group that ends begins and ends, inner ones first; they nest."""
    waiting: list[tuple[str, int]] = []
    """Of groups that are open what ends them and where they begin; `-}` is an argument that is no group."""
    last_end, is_argument = -1, False
    for match in _MARK.finditer(source):
        kind, place = match.lastgroup, match.start()
        follows = is_argument and place == last_end
        is_argument, last_end = False, match.end()
        if kind == "open":
            is_value = source[place - 1 : place] == "="
            waiting.append(("-}" if follows or is_value else "}", last_end))
        elif kind == "close":
            closed, start = _closed(waiting, ("}", "-}"), ())
            is_argument = closed == "-}"
            if closed == "}":
                yield start, place + 1
        elif kind == "begin":
            waiting.append((match["begin"], last_end))
        elif kind == "end":
            closed, start = _closed(waiting, (match["end"],), ("}", "-}"))
            if closed:
                yield start, last_end
        elif kind == "word" and match["word"] in _BEGIN:
            waiting.append((_BEGIN[match["word"]], last_end))
        elif kind == "word" and match["word"] in _END:
            closed, start = _closed(waiting, (match["word"],), ("}", "-}"))
            if closed:
                yield start, match.end("word")
        else:
            is_argument = kind == "word"


def _closed(
    waiting: list[tuple[str, int]], kinds: tuple[str, ...], walls: tuple[str, ...]
) -> tuple[str, int]:
    """The group that ends here, and those that are open in it go; `("", 0)` where there is none before a wall."""
    place = len(waiting) - 1
    last = max(0, len(waiting) - _MAX_DEPTH)
    while place >= last and waiting[place][0] not in kinds:
        if waiting[place][0] in walls:
            return "", 0
        place -= 1
    if place < last:
        return "", 0
    found = waiting[place]
    del waiting[place:]
    return found

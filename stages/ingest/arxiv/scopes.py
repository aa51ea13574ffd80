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

_MARK = re.compile(
    r"\\(?P<edge>begin|end)[ \t]*\{(?P<name>[^\\{}\n]{1,200})\}|\\(?P<word>[A-Za-z@]+)[ \t]*\n?[ \t]*"
    r"|\\.|(?P<open>\{)|(?P<close>\})[ \t]*\n?[ \t]*",
    re.DOTALL,
)
_BEGIN = {"begingroup": "endgroup", "bgroup": "egroup"}
_END = {"endgroup", "egroup"}
_NO_GROUP = re.compile(
    r"@?[Ii]f.*|not(?:toggle|bool)|undef.*|At(?:Begin|End).*|AddTo.*|g@addto@macro|(?:e|g|x)?(?:app|pre)to"
)
"""Commands whose arguments are read where they stand, not in a group."""
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
        word, after = match["word"], match.end()
        follows = is_argument and match.start() == last_end
        is_argument, last_end = False, after
        if match["open"]:
            is_value = source[match.start() - 1 : match.start()] == "="
            waiting.append(("-}" if follows or is_value else "}", after))
        elif match["close"]:
            kind, start = _closed(waiting, ("}", "-}"), ())
            is_argument = kind == "-}"
            if kind == "}":
                yield start, match.start("close") + 1
        elif match["edge"] == "begin":
            waiting.append((match["name"], after))
        elif match["edge"]:
            kind, start = _closed(waiting, (match["name"],), ("}", "-}"))
            if kind:
                yield start, after
        elif word in _BEGIN:
            waiting.append((_BEGIN[word], after))
        elif word in _END:
            kind, start = _closed(waiting, (word,), ("}", "-}"))
            if kind:
                yield start, match.end("word")
        elif word:
            is_argument = _NO_GROUP.fullmatch(word) is not None


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

"""A glob of paths in, whether a path fits it out, in steps of the path's characters whatever stars the glob has.

Shift-and (Baeza-Yates and Gonnet 1992): a bit for each number of parts that may be behind, all moved at once. A regular
expression of eight stars takes hours for a path of 250 characters.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_PART = re.compile(r"\\(.)|(\*\*/?|\*|\?)|(.)", re.DOTALL)


@dataclass(frozen=True)
class Glob:
    """Bits by part: `literal` of those that are a character, `any_one` of `?`, `stars` of all stars, `deep` of those that
    stand for slashes, too; `end` behind the last."""

    literal: dict[str, int]
    any_one: int
    stars: int
    deep: int
    end: int
    crosses: bool

    def fits(self, path: str) -> bool:
        """Whether the glob stands for the whole path."""
        states = self._past_stars(1)
        for char in path:
            is_slash = char == "/"
            single = self.any_one if self.crosses or not is_slash else 0
            taken = states & (self.literal.get(char, 0) | single)
            states = self._past_stars(taken << 1 | states & (self.deep if is_slash else self.stars))
            if not states:
                return False
        return states & self.end != 0

    def _past_stars(self, states: int) -> int:
        return states | (states & self.stars) << 1  # no two stars stand side by side


def glob_of(pattern: str, folder: str = "", *, crosses: bool) -> Glob:
    """The glob of a pattern in a folder; `crosses` where `*` and `?` stand for slashes, too, else `**` alone does."""
    literal: dict[str, int] = {}
    any_one = stars = deep = 0
    bit, was_star = 1, False
    for escaped, special, plain in [("", "", char) for char in folder] + _PART.findall(pattern):
        if special not in ("", "?"):
            is_deep = crosses or special.startswith("**")
            if was_star:
                bit >>= 1
            stars |= bit
            deep |= bit if is_deep else 0
        elif special:
            any_one |= bit
        else:
            char = escaped or plain
            literal[char] = literal.get(char, 0) | bit
        was_star = special not in ("", "?")
        bit <<= 1
    return Glob(literal, any_one, stars, deep, bit, crosses)

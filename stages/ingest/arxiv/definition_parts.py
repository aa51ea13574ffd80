r"""The parts of which definitions of LaTeX are made: groups, names, counts; and a definition that was read."""

from __future__ import annotations

import re
from dataclasses import dataclass

from stages.ingest.arxiv.groups import balanced
from stages.ingest.arxiv.macro import Macro

MAX_PARAMETERS = 9
COUNT = re.compile(r"\s*\[\s*([0-9])\s*\]")
DEFINED_PARAMETER = re.compile(r"#([1-9])")
GROUP_NAME = re.compile(r"\s*\{\s*([^\\{}#\n]{1,200}?)\s*\}")
ONE_COMMAND = re.compile(r"\s*(\\(?:[A-Za-z@]+|[^A-Za-z@]))")
_SPACES = re.compile(r"[ \t]*\n?[ \t]*")
_BLANKS = re.compile(r"[ \t]*")


@dataclass(frozen=True)
class Definition:
    """A parsed definition: where it ends in its source, and whether it only counts for a name that is new.

    An environment is two macros, what it begins with and, `closing`, what it ends with.
    """

    macro: Macro
    end: int
    only_when_new: bool = False
    closing: Macro | None = None


def skip_spaces(source: str, position: int, newlines: bool = True) -> int:
    """The position after blanks and at most one line end."""
    match = (_SPACES if newlines else _BLANKS).match(source, position)
    return match.end() if match else position


def group_at(source: str, position: int) -> tuple[str | None, int]:
    """Content of the `{}` group at `position` (blanks skipped) and its end; None when there is none."""
    start = skip_spaces(source, position)
    if not source.startswith("{", start):
        return None, position
    end = balanced(source, start)
    return (source[start + 1 : end - 1], end) if end > 0 else (None, position)

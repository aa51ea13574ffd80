"""What a source's recipe says of raw files that are not there yet in, checked values out: sizes, tokens, yields by step."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from stages.core.errors import UserError
from stages.core.mistakes import Mistakes, suggest
from stages.mix.weights import parse_tokens

RAW, RAW_FILES, TOKENS, YIELDS = "raw", "raw_files", "expected_tokens", "yields"
EXPECTED_KEYS = (RAW, RAW_FILES, TOKENS, YIELDS)
"""Keys of a source that only its plan reads."""

OLD_RAW = "expected"
INGEST = "ingest"
"""The step of `yields` that makes text of raw bytes; the others are called as in `steps`, the second of a kind `filter-2`."""

_SIZE = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,15})?) ?([KMGTP]?B)", re.IGNORECASE)
_SIZE_UNITS = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "PB": 10**15}

Bounds = tuple[float, float]
"""The least and the most; one number in a recipe is both."""


@dataclass(frozen=True)
class Expected:
    """Of one source: raw bytes and files that come later, its tokens by its paper, bytes of text out per byte in by step."""

    raw_bytes: int | None = None
    raw_files: int | None = None
    tokens: int | None = None
    yields: Mapping[str, Bounds] = field(default_factory=dict)


def expected_of(options: Mapping[Any, Any], steps: list[str]) -> Expected:
    """What the options of a source say; `steps` are its steps' names, as `yields` may call them."""
    mistakes = Mistakes()
    if OLD_RAW in options:
        with mistakes.below(OLD_RAW):
            mistakes.add(f"is called {RAW} now, the size of the raw files and not of their text; rename it")
    raw_bytes = tokens = None
    with mistakes.below(RAW):
        raw_bytes = None if options.get(RAW) is None else parse_bytes(str(options[RAW]))
    files = options.get(RAW_FILES)
    with mistakes.below(RAW_FILES):
        if files is not None and (not isinstance(files, int) or isinstance(files, bool) or files < 1):
            raise UserError(f"{files!r} is no number of files; write one like 64000")
        if files is not None and RAW not in options:
            raise UserError(f"says how many files {RAW} is; add {RAW}")
    with mistakes.below(TOKENS):
        tokens = None if options.get(TOKENS) is None else parse_tokens(options[TOKENS])
    yields: dict[str, Bounds] = {}
    with mistakes.below(YIELDS):
        yields = _yields(options.get(YIELDS), [INGEST, *steps])
    mistakes.end()
    return Expected(raw_bytes, files, tokens, yields)


def parse_bytes(value: str) -> int:
    """A size such as 783GB or 3.3TB, in bytes (powers of ten)."""
    match = _SIZE.fullmatch(value.strip())
    if match is None:
        raise UserError(f"{value!r} is no size; write one like 783GB or 3.3TB")
    return int(float(match[1]) * _SIZE_UNITS[match[2].upper()])


def numbered(names: list[str]) -> list[str]:
    """Names of steps in order, the second of a name with -2 behind it."""
    return [f"{name}-{n}" if (n := names[: i + 1].count(name)) > 1 else name for i, name in enumerate(names)]


def _yields(given: Any, steps: list[str]) -> dict[str, Bounds]:
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise UserError("must be a mapping of steps to yields, as in `filter: [0.3, 0.5]`")
    mistakes, found = Mistakes(), {}
    for step, value in given.items():
        with mistakes.below(str(step)):
            if step not in steps:
                raise UserError(f"no such step of the source; {suggest(str(step), steps)}")
            found[str(step)] = _bounds(value)
    mistakes.end()
    return found


def _bounds(value: Any) -> Bounds:
    both = value if isinstance(value, list) else [value, value]
    numbers = [one for one in both if isinstance(one, int | float) and not isinstance(one, bool)]
    if len(both) != 2 or len(numbers) != 2 or not 0 < numbers[0] <= numbers[1] < float("inf"):
        raise UserError(
            f"{value!r} is no yield; write bytes of text out per byte in, above 0: 0.4, or bounds as in [0.3, 0.5]"
        )
    return float(numbers[0]), float(numbers[1])

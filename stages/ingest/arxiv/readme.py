"""arXiv's 00README of a submission in, the files that it starts from and those that are no part of it out.

Two generations: lines of `name directive` (`00README.XXX`, since the 1990s), and JSON, YAML or TOML with a list `sources` of
`filename` and `usage` (info.arxiv.org/help/00README.html).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson
import yaml

MAX_README_CHARS = 50_000

_LINE = re.compile(
    r"^[^\S\n]*+(\S++)[^\S\n]++(toplevelfile|toplevel|ignore)[^\S\n]*$", re.MULTILINE | re.IGNORECASE
)
_TOPLEVEL = frozenset({"toplevel", "toplevelfile"})


@dataclass(frozen=True)
class Readme:
    """What a 00README says: the files to start from, in order, and those to leave out."""

    toplevel: tuple[str, ...] = ()
    ignore: frozenset[str] = frozenset()


def is_readme(name: str) -> bool:
    """Whether a file is arXiv's 00README, which lies at the root."""
    return name.upper().startswith("00README") and "/" not in name


def parse_readme(text: str) -> Readme:
    """What a 00README of either generation says; nothing when it says nothing that is known."""
    text = text[:MAX_README_CHARS]
    usages = list(_usages(text)) or [(match[1], match[2]) for match in _LINE.finditer(text)]
    named = [(name.removeprefix("./"), usage.lower()) for name, usage in usages]
    toplevel = [name for name, usage in named if usage in _TOPLEVEL]
    return Readme(tuple(dict.fromkeys(toplevel)), frozenset(n for n, usage in named if usage == "ignore"))


def _toml(text: str) -> Any:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError):  # of thousands of digits, of brackets
        return None


def _usages(text: str) -> Iterator[tuple[str, str]]:
    """File and usage of each source that JSON, YAML or TOML lists."""
    try:
        found: Any = orjson.loads(text)
    except orjson.JSONDecodeError:
        try:
            found = yaml.safe_load(text)
        except (yaml.YAMLError, ValueError, RecursionError):  # a date that is none is a ValueError
            found = _toml(text)
    sources = found.get("sources") if isinstance(found, dict) else None
    for source in sources if isinstance(sources, list) else []:
        if isinstance(source, dict):
            name, usage = source.get("filename"), source.get("usage")
            if isinstance(name, str) and isinstance(usage, str):
                yield name, usage

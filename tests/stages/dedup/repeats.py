"""What stays of documents by comparing every window of units (words, sentences) with every other one."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from stages.core.documents import SOURCES
from stages.kernels.hash.hashing import hash_strings


def rank(name: str) -> tuple[int, int]:
    """The order in which the first of equal windows is chosen."""
    source = name.split("/")[0]
    place = SOURCES.index(source) if source in SOURCES else len(SOURCES)
    return place, int(hash_strings(pa.array([name]))[0]) >> 8


def units_left(
    units: dict[str, list[str]], size: int, keep: str = "first", within: str = "all", min_left: int = 1
) -> dict[str, list[str]]:
    """The units that stay of each document, less documents that lost some and are left with too few."""
    windows = [
        (name, place) for name in sorted(units, key=rank) for place in range(len(units[name]) - size + 1)
    ]
    removed: dict[str, set[int]] = {name: set() for name in units}

    def key(name: str, place: int) -> Any:
        return units[name][place : place + size], name.split("/")[0] if within == "source" else ""

    for name, place in windows:
        same = [other for other in windows if key(*other) == key(name, place)]
        first = same[0]
        apart = [w for w in same if w[0] != first[0] or w[1] >= first[1] + size]
        if (name, place) in (apart if keep == "first" or not apart else same):
            removed[name] |= set(range(place, place + size))
    return {
        name: [unit for i, unit in enumerate(units[name]) if i not in removed[name]]
        for name in units
        if not removed[name] or len(units[name]) - len(removed[name]) >= min_left
    }

"""Hashes of blocked hosts and URL prefixes in, a table out that tells the first one that a URL lies under."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from stages.kernels.compiled import kernel
from stages.kernels.hash.hash_table import find_key, slots_for, spread
from stages.kernels.hash.hashing import xxh64

_SLOTS_PER_KEY = 1.5
"""Fewer than other tables have: lists of millions of hosts are held by every worker."""

_DOT, _ZERO, _NINE = 0x2E, 0x30, 0x39


@kernel(inline="always")
def _slot(key, table):  # type: ignore[no-untyped-def]
    """Where `key` is in the table, or the empty slot where it would be; an empty slot is 0, so the key 0 is kept as 1."""
    key = max(key, np.uint64(1))
    return find_key(table, spread(key), key)


@kernel
def _fill(hashes, table):  # type: ignore[no-untyped-def]
    for key in hashes:
        table[_slot(key, table)] = max(key, np.uint64(1))


def build(hashes: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """The table of `hashes` (uint64): at most two thirds full, 8 bytes a slot."""
    table = np.zeros(slots_for(len(hashes), _SLOTS_PER_KEY), np.uint64)
    _fill(hashes, table)
    return table


@kernel
def first_listed(data, host_end, table, max_prefix_bytes):  # type: ignore[no-untyped-def]
    """What of the URL `data` (host, path and query as uint8) is in the table, or -1.

    Below `host_end` it is where the host begins that is listed: the URL's own, or one above it. Else it is where the
    URL prefix ends that is listed; a prefix ends before `/`, `?`, `&`, `;` or the URL's end, and has no `www.`.
    """
    at = host_end - 1
    while at >= 0 and _ZERO <= data[at] <= _NINE:
        at -= 1
    is_address = at < host_end - 1 and (at < 0 or data[at] == _DOT)  # 10.1.2.3 is not below 2.3
    for start in range(host_end):
        if start == 0 or (data[start - 1] == _DOT and not is_address):
            key = xxh64(data, start, host_end, np.uint64(0))
            if table[_slot(key, table)] != 0:
                return start
    if max_prefix_bytes == 0:
        return -1
    www = host_end > 4 and data[0] == 0x77 and data[1] == 0x77 and data[2] == 0x77 and data[3] == _DOT
    start = 4 if www else 0
    for end in range(host_end + 1, min(len(data), start + max_prefix_bytes) + 1):
        if end == len(data) or data[end] in (0x2F, 0x3F, 0x26, 0x3B):
            key = xxh64(data, start, end, np.uint64(0))
            if table[_slot(key, table)] != 0:
                return end
    return -1

"""A KenLM model file in, what is wrong with its head out: KenLM itself crashes on an ARPA file of impossible numbers."""

from __future__ import annotations

import re
from pathlib import Path

from stages.core.errors import UserError

HEAD_BYTES = 4096
LEAST_LINE_BYTES = 3
"""Of an n-gram in an ARPA file: a probability, a tab, a word, its line end."""

MAX_ORDER = 20
BINARY = b"mmap lm http://kheafield.com/code format version"
_PACKED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ")
_COUNT = re.compile(rb"ngram ([0-9]{1,3})=([0-9]{1,18})")


def check_kenlm_file(path: str) -> None:
    """A UserError in one line when the file cannot be a KenLM binary or an ARPA file that holds what its head says."""
    size = Path(path).stat().st_size
    with Path(path).open("rb") as stream:
        head = stream.read(HEAD_BYTES)
    if head.startswith((BINARY, *_PACKED)):  # KenLM compares a binary's size with its head
        return
    start = head.find(b"\\data\\")
    if start < 0:
        raise UserError(
            f"{path}: not a KenLM model (neither its binary nor an ARPA file with a line \\data\\)"
        )
    counts: list[int] = []
    for line in head[start:].splitlines()[1:]:
        if not line.strip():
            if counts:
                break
            continue
        found = _COUNT.fullmatch(line.strip())
        if found is None or int(found[1]) != len(counts) + 1 or len(counts) == MAX_ORDER:
            raise _wrong(path, f"the line {line[:60]!r} is not the number of its n-grams")
        counts.append(int(found[2]))
    if not counts or not all(counts) or sum(counts) * LEAST_LINE_BYTES > size:
        raise _wrong(path, f"{sum(counts):,} n-grams do not fit into {size:,} bytes")


def _wrong(path: str, reason: str) -> UserError:
    return UserError(f"{path}: not a KenLM model, or not all of one ({reason}); fetch or train it again")

"""N-gram models written by hand, as ARPA files and as KenLM's files of hash tables, whose keys are reckoned here anew."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

Ngrams = Mapping[tuple[str, ...], tuple[float, float]]
"""log10 of its probability, and of its back-off, by n-gram: every one's first and last words but one are there too."""

MASK = (1 << 64) - 1


def murmur64a(data: bytes) -> int:
    """MurmurHash64A with seed 0."""
    m, h = 0xC6A4A7935BD1E995, len(data) * 0xC6A4A7935BD1E995 & MASK
    for at in range(0, len(data) - 7, 8):
        k = int.from_bytes(data[at : at + 8], "little") * m & MASK
        h = (h ^ ((k ^ (k >> 47)) * m & MASK)) * m & MASK
    rest = data[len(data) // 8 * 8 :]
    if rest:
        h = (h ^ int.from_bytes(rest, "little")) * m & MASK
    h = (h ^ (h >> 47)) * m & MASK
    return h ^ (h >> 47)


def write_arpa(path: Path, ngrams: Ngrams) -> None:
    """The model as text."""
    orders = _by_order(ngrams)
    lines = ["\\data\\", *(f"ngram {n}={len(grams)}" for n, grams in enumerate(orders, 1))]
    for n, grams in enumerate(orders, 1):
        lines += ["", f"\\{n}-grams:"]
        for gram in grams:
            prob, backoff = ngrams[gram]
            lines.append(f"{prob!r}\t{' '.join(gram)}" + (f"\t{backoff!r}" if n < len(orders) else ""))
    path.write_text("\n".join([*lines, "", "\\end\\", ""]), encoding="utf-8")


def write_probing(path: Path, ngrams: Ngrams, multiplier: float = 1.5) -> None:
    """The same as `build_binary probing` lays it out, but for the words themselves at its end."""
    orders = _by_order(ngrams)
    words = [gram[0] for gram in orders[0] if gram != ("<unk>",)]
    ids = {"<unk>": 0, **{word: i for i, word in enumerate(words, 1)}}
    followed = {gram[:-1] for gram in ngrams}
    preceded = {gram[1:] for gram in ngrams}

    def weights(gram: tuple[str, ...]) -> bytes:
        prob, backoff = ngrams[gram]
        stored = abs(prob) if gram in preceded else -abs(prob)
        return struct.pack("<ff", stored, (0.0 if gram in followed else -0.0) if backoff == 0 else backoff)

    head = b"mmap lm http://kheafield.com/code format version 5\n\0\0".ljust(56, b"\0")
    head += struct.pack("<3f3IQ", 0.0, 1.0, -0.5, 1, 0xFFFFFFFF, 0, 1)
    head += struct.pack("<BxxxfiBxxxI", len(orders), multiplier, 0, 0, 0)
    head += struct.pack(f"<{len(orders)}Q", *map(len, orders))
    body = struct.pack("<II", 0, len(ids))
    body += _table(
        {murmur64a(word.encode()): struct.pack("<I", ids[word]) for word in words},
        len(orders[0]),
        4,
        multiplier,
    )
    body += b"".join(weights((word,)) for word in ("<unk>", *words)) + bytes(8)
    for grams in orders[1:]:
        width = 4 if grams is orders[-1] else 8
        entries = {_key([ids[word] for word in gram]): weights(gram)[:width] for gram in grams}
        body += _table(entries, len(grams), width, multiplier)
    path.write_bytes(head + bytes(-len(head) % 8) + body)


def _by_order(ngrams: Ngrams) -> list[list[tuple[str, ...]]]:
    return [[gram for gram in ngrams if len(gram) == n] for n in range(1, 1 + max(map(len, ngrams)))]


def _key(ids: Sequence[int]) -> int:
    key = ids[-1]
    for word in reversed(ids[:-1]):
        key = (key * 8978948897894561157 & MASK) ^ ((1 + word) * 17894857484156487943 & MASK)
    return key


def _table(entries: Mapping[int, bytes], count: int, width: int, multiplier: float) -> bytes:
    buckets = [bytes(8 + width)] * max(count + 1, math.floor(multiplier * count))
    for key, value in entries.items():
        at = key % len(buckets)
        while any(buckets[at]):
            at = (at + 1) % len(buckets)
        buckets[at] = struct.pack("<Q", key) + value
    return b"".join(buckets)

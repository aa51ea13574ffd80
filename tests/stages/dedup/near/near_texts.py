"""Texts for near dedup: seeded words, and a text with some of its words changed."""

from __future__ import annotations

import random

WORDS = [
    a + b for a in ("ba", "ko", "lu", "mi", "nes", "tor") for b in ("ra", "den", "sil", "po", "gu", "van")
]


def text_of(seed: int, count: int = 120) -> str:
    return " ".join(random.Random(seed).choices(WORDS, k=count))


def with_changes(text: str, changes: int) -> str:
    words = text.split(" ")
    for place in random.Random(changes).sample(range(len(words)), changes):
        words[place] = f"changed{place}"
    return " ".join(words)

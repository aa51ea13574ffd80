"""Texts in, verdicts of Gopher's quality rules out, with the thresholds of the paper (Rae et al. 2021, A1.1).

What counts as a line and as a word says `stages.kernels.words.spaced_words`. A share of nothing is 0.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import pyarrow as pa
from pydantic import Field

from stages.filter.rule import Share, TextRule, share
from stages.filter.verdict import Verdict, at_least, at_most
from stages.kernels.words.gopher import quality_counts


class GopherQualityRule(TextRule):
    """Gopher's quality rules: length, word length, symbols, bullets, ellipses, letters, stop words."""

    rule: Literal["gopher_quality"] = "gopher_quality"
    min_words: int = Field(50, ge=0, description="words that are no bare symbols, at least")
    max_words: int = Field(100_000, ge=0, description="words that are no bare symbols, at most")
    min_mean_word_length: float = Field(3, ge=0, description="characters, at least")
    max_mean_word_length: float = Field(10, ge=0, description="characters, at most")
    max_hashes_per_word: Share = Field(0.1, description="`#` per word, at most")
    max_ellipses_per_word: Share = Field(0.1, description="ellipses per word, at most")
    max_bullet_lines: Share = Field(0.9, description="share of lines that start with a bullet, at most")
    max_ellipsis_lines: Share = Field(0.3, description="share of lines that end in an ellipsis, at most")
    min_alphabetic_words: Share = Field(0.8, description="share of words with a letter, at least")
    min_stop_words: int = Field(2, ge=0, description="different stop words, at least")
    stop_words: tuple[str, ...] = Field(
        ("the", "be", "to", "of", "and", "that", "have", "with"),
        max_length=64,
        description="stop words, without punctuation, in lower case",
    )
    bullets: str = Field("•-", description="characters that are bullets")

    def verdicts(self, texts: pa.Array) -> list[Verdict]:
        """Ten verdicts."""
        n = quality_counts(texts, self.stop_words, self.bullets)
        words = n["cores"].astype(np.float64)
        length = share(n["core_chars"], n["cores"])
        letters = share(n["letter_words"], n["words"])
        stop_words = n["stop_words"].astype(np.float64)
        return [
            at_least("gopher_quality.words", words, self.min_words),
            at_most("gopher_quality.words", words, self.max_words),
            at_least("gopher_quality.mean_word_length", length, self.min_mean_word_length),
            at_most("gopher_quality.mean_word_length", length, self.max_mean_word_length),
            at_most("gopher_quality.hashes", share(n["hashes"], n["words"]), self.max_hashes_per_word),
            at_most("gopher_quality.ellipses", share(n["ellipses"], n["words"]), self.max_ellipses_per_word),
            at_most(
                "gopher_quality.bullet_lines", share(n["bullet_lines"], n["lines"]), self.max_bullet_lines
            ),
            at_most(
                "gopher_quality.ellipsis_lines",
                share(n["ellipsis_lines"], n["lines"]),
                self.max_ellipsis_lines,
            ),
            at_least("gopher_quality.alphabetic_words", letters, self.min_alphabetic_words),
            at_least("gopher_quality.stop_words", stop_words, self.min_stop_words),
        ]

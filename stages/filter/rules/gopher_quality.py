"""Texts in, verdicts of Gopher's quality rules out, with the thresholds of the paper (Rae et al. 2021, A1.1).

The paper's numbers are for English: other languages have them in proportion, and stop words of their own.
What counts as a line and as a word says `stages.kernels.words.spaced_words`. A share of nothing is 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic import Field

from stages.filter.language_text_rule import LanguageTextRule
from stages.filter.rule import Share, share
from stages.filter.rule_languages import RuleLanguage, english
from stages.filter.verdict import Verdict, at_least, at_most
from stages.kernels.words.gopher import quality_counts


class GopherQualityRule(LanguageTextRule):
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
    stop_words: tuple[str, ...] | None = Field(
        None,
        max_length=64,
        description="stop words, without punctuation, in lower case (default: those of the document's language)",
    )
    bullets: str = Field("•-", description="characters that are bullets")

    def verdicts(self, texts: pa.Array, own: RuleLanguage | None = None) -> list[Verdict]:
        """Ten verdicts."""
        own = own or english()
        stop_words = own.stop_words if self.stop_words is None else self.stop_words
        n = quality_counts(texts, stop_words, self.bullets, own.spaced)
        found = [
            *self._length(n, own),
            at_most(
                "gopher_quality.hashes", share(n["hashes"], n["words"]), self.max_hashes_per_word / own.words
            ),
            at_most(
                "gopher_quality.ellipses",
                share(n["ellipses"], n["words"]),
                self.max_ellipses_per_word / own.words,
            ),
        ]
        for name in ("bullet_lines", "ellipsis_lines"):
            found.append(
                at_most(f"gopher_quality.{name}", share(n[name], n["lines"]), getattr(self, f"max_{name}"))
            )
        letters = share(n["letter_words"], n["words"])
        return [
            *found,
            at_least("gopher_quality.alphabetic_words", letters, self.min_alphabetic_words),
            at_least("gopher_quality.stop_words", n["stop_words"].astype(np.float64), self.min_stop_words),
        ]

    def _length(self, n: Mapping[str, npt.NDArray[np.int64]], own: RuleLanguage) -> list[Verdict]:
        """The verdicts on the number of words and their mean length."""
        words = n["cores"].astype(np.float64)
        length = share(n["core_chars"], n["cores"])
        shortest, longest = (
            bound * own.word_length for bound in (self.min_mean_word_length, self.max_mean_word_length)
        )
        return [
            at_least("gopher_quality.words", words, self.min_words * own.words),
            at_most("gopher_quality.words", words, self.max_words * own.words),
            at_least("gopher_quality.mean_word_length", length, shortest),
            at_most("gopher_quality.mean_word_length", length, longest),
        ]

"""Texts in, verdicts of Gopher's repetition rules out, with the thresholds of the paper (Rae et al. 2021, A1.1).

In a language whose words are not written apart an n-gram has as many characters as n English words have words of it.
What counts as a line and as a word says `stages.kernels.words.spaced_words`. A share of nothing is 0.
"""

from __future__ import annotations

from typing import Literal

import pyarrow as pa
from pydantic import Field

from stages.filter.language_text_rule import LanguageTextRule
from stages.filter.rule import Share, share
from stages.filter.rule_languages import RuleLanguage, english
from stages.filter.verdict import Verdict, at_most
from stages.kernels.words.repetition import DUPLICATE_NGRAMS, MAX_WORDS, TOP_NGRAMS, repetition_counts


class GopherRepetitionRule(LanguageTextRule):
    """Gopher's repetition rules: duplicate paragraphs and lines, frequent short and duplicate long n-grams."""

    rule: Literal["gopher_repetition"] = "gopher_repetition"
    max_duplicate_paragraphs: Share = Field(0.30, description="share of paragraphs, at most")
    max_duplicate_paragraph_chars: Share = Field(0.20, description="share of characters, at most")
    max_duplicate_lines: Share = Field(0.30, description="share of lines, at most")
    max_duplicate_line_chars: Share = Field(0.20, description="share of characters, at most")
    max_top_2_gram: Share = Field(
        0.20, description="share of characters in the most frequent 2-gram, at most"
    )
    max_top_3_gram: Share = Field(0.18, description="the same of 3-grams")
    max_top_4_gram: Share = Field(0.16, description="the same of 4-grams")
    max_duplicate_5_grams: Share = Field(
        0.15, description="share of characters in 5-grams seen before, at most"
    )
    max_duplicate_6_grams: Share = Field(0.14, description="the same of 6-grams")
    max_duplicate_7_grams: Share = Field(0.13, description="the same of 7-grams")
    max_duplicate_8_grams: Share = Field(0.12, description="the same of 8-grams")
    max_duplicate_9_grams: Share = Field(0.11, description="the same of 9-grams")
    max_duplicate_10_grams: Share = Field(0.10, description="the same of 10-grams")
    max_words: int = Field(
        1_000_000, gt=0, le=MAX_WORDS, description="judge n-grams on this many first words of a document"
    )

    def verdicts(self, texts: pa.Array, own: RuleLanguage | None = None) -> list[Verdict]:
        """Thirteen verdicts."""
        step = (own or english()).word_chars
        n = repetition_counts(texts, min(self.max_words * step, MAX_WORDS), step)
        judged = n["judged_chars"]
        verdicts = []
        for unit in ("paragraph", "line"):
            name = f"duplicate_{unit}s"
            lines = share(n[name], n[f"{unit}s"])
            verdicts.append(at_most(f"gopher_repetition.{name}", lines, getattr(self, f"max_{name}")))
            name = f"duplicate_{unit}_chars"
            chars = share(n[name], n["chars"])
            verdicts.append(at_most(f"gopher_repetition.{name}", chars, getattr(self, f"max_{name}")))
        grams = [(f"top_{k}_gram", f"top_{k}_gram_chars") for k in TOP_NGRAMS]
        grams += [(f"duplicate_{k}_grams", f"duplicate_{k}_gram_chars") for k in DUPLICATE_NGRAMS]
        for name, column in grams:
            repeated = share(n[column], judged)
            verdicts.append(at_most(f"gopher_repetition.{name}", repeated, getattr(self, f"max_{name}")))
        return verdicts

"""Texts in, verdicts of FineWeb's rules out, with the thresholds of the paper (Penedo et al. 2024, 3.5).

The paper's numbers are for English: other languages have those of characters and words in proportion, and where no mark
ends a sentence none need end a line.
What counts as a line and as a word says `stages.kernels.words.spaced_words`. A share of nothing is 0.
"""

from __future__ import annotations

from typing import Literal

import pyarrow as pa
from pydantic import Field

from stages.filter.language_text_rule import LanguageTextRule
from stages.filter.rule import Share, share
from stages.filter.rule_languages import RuleLanguage, english
from stages.filter.verdict import Verdict, at_least, at_most
from stages.kernels.lines.line_shape import line_counts
from stages.kernels.unicode.text_flags import CLOSERS, TERMINALS, WIDE_TERMINALS


class FineWebRule(LanguageTextRule):
    """FineWeb's rules: lines that end in punctuation, short lines, characters in duplicate lines, lists."""

    rule: Literal["fineweb"] = "fineweb"
    line_endings: str = Field(
        TERMINALS + WIDE_TERMINALS + CLOSERS.translate({ord(c): None for c in ")]）】》"}),
        description="characters that are punctuation at the end of a line",
    )
    min_ended_lines: Share = Field(0.12, description="share of lines that end in punctuation, at least")
    short_line_chars: int = Field(30, ge=0, description="a line of at most this many characters is short")
    max_short_lines: Share = Field(0.67, description="share of short lines, at most")
    max_duplicate_line_chars: Share = Field(
        0.01, description="share of characters in duplicate lines, at most"
    )
    max_newlines_per_word: Share = Field(0.3, description="line ends per word, at most")

    def verdicts(self, texts: pa.Array, own: RuleLanguage | None = None) -> list[Verdict]:
        """Four verdicts."""
        own = own or english()
        n = line_counts(texts, self.line_endings, round(self.short_line_chars * own.chars))
        ended, newlines = share(n["ended_lines"], n["lines"]), share(n["newlines"], n["words"])
        duplicates = share(n["duplicate_chars"], n["chars"])
        return [
            at_least("fineweb.ended_lines", ended, self.min_ended_lines if own.marks else 0.0),
            at_most("fineweb.short_lines", share(n["short_lines"], n["lines"]), self.max_short_lines),
            at_most("fineweb.duplicate_line_chars", duplicates, self.max_duplicate_line_chars),
            at_most("fineweb.newlines_per_word", newlines, self.max_newlines_per_word / own.words),
        ]

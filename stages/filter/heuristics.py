"""The heuristic rules of the filter: Gopher's quality and repetition (Rae et al. 2021, A1.1), C4 (Raffel et al. 2020,
2.2) and FineWeb (Penedo et al. 2024, 3.5), with the thresholds of the papers.

What counts as a line and as a word says `stages.kernels.spaced_words`. A share of nothing is 0.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from stages.filter.verdict import Edit, Judge, Verdict, at_least, at_most
from stages.kernels.c4_lines import LineTests, c4_lines
from stages.kernels.gopher import quality_counts
from stages.kernels.line_shape import line_counts
from stages.kernels.repetition import DUPLICATE_NGRAMS, MAX_WORDS, TOP_NGRAMS, repetition_counts
from stages.kernels.text_flags import CLOSERS, TERMINALS, WIDE_TERMINALS

Share = Annotated[float, Field(ge=0)]
"""A share; that of the most frequent n-gram can exceed 1, as its occurrences overlap."""

_Counts = npt.NDArray[np.int64]
_Values = npt.NDArray[np.float64]


def _ascii_phrase(phrase: str) -> str:
    if not phrase.strip() or not phrase.isascii():
        raise ValueError(f"{phrase!r}: a phrase is ASCII text")
    return phrase


Phrase = Annotated[str, AfterValidator(_ascii_phrase)]


def _share(part: _Counts, whole: _Counts) -> _Values:
    """part / whole, and 0 where there is nothing."""
    return part / np.maximum(whole, 1)


class HeuristicRule(BaseModel):
    """A rule that needs no model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def dependencies(self) -> list[str]:
        """No file."""
        return []

    def judge(self, trained_model: str | None) -> Judge:
        """A function over batches."""
        return lambda batch: self.verdicts(batch.column("text"))

    def verdicts(self, texts: pa.Array) -> list[Verdict]:
        """The verdicts on texts, in the order in which they drop."""
        raise NotImplementedError


class GopherQualityRule(HeuristicRule):
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
        length = _share(n["core_chars"], n["cores"])
        letters = _share(n["letter_words"], n["words"])
        stop_words = n["stop_words"].astype(np.float64)
        return [
            at_least("gopher_quality.words", words, self.min_words),
            at_most("gopher_quality.words", words, self.max_words),
            at_least("gopher_quality.mean_word_length", length, self.min_mean_word_length),
            at_most("gopher_quality.mean_word_length", length, self.max_mean_word_length),
            at_most("gopher_quality.hashes", _share(n["hashes"], n["words"]), self.max_hashes_per_word),
            at_most("gopher_quality.ellipses", _share(n["ellipses"], n["words"]), self.max_ellipses_per_word),
            at_most(
                "gopher_quality.bullet_lines", _share(n["bullet_lines"], n["lines"]), self.max_bullet_lines
            ),
            at_most(
                "gopher_quality.ellipsis_lines",
                _share(n["ellipsis_lines"], n["lines"]),
                self.max_ellipsis_lines,
            ),
            at_least("gopher_quality.alphabetic_words", letters, self.min_alphabetic_words),
            at_least("gopher_quality.stop_words", stop_words, self.min_stop_words),
        ]


class GopherRepetitionRule(HeuristicRule):
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

    def verdicts(self, texts: pa.Array) -> list[Verdict]:
        """Thirteen verdicts."""
        n = repetition_counts(texts, self.max_words)
        judged = n["judged_chars"]
        verdicts = []
        for unit in ("paragraph", "line"):
            name = f"duplicate_{unit}s"
            share = _share(n[name], n[f"{unit}s"])
            verdicts.append(at_most(f"gopher_repetition.{name}", share, getattr(self, f"max_{name}")))
            name = f"duplicate_{unit}_chars"
            share = _share(n[name], n["chars"])
            verdicts.append(at_most(f"gopher_repetition.{name}", share, getattr(self, f"max_{name}")))
        grams = [(f"top_{k}_gram", f"top_{k}_gram_chars") for k in TOP_NGRAMS]
        grams += [(f"duplicate_{k}_grams", f"duplicate_{k}_gram_chars") for k in DUPLICATE_NGRAMS]
        for name, column in grams:
            share = _share(n[column], judged)
            verdicts.append(at_most(f"gopher_repetition.{name}", share, getattr(self, f"max_{name}")))
        return verdicts


class C4Rule(HeuristicRule):
    """C4's rules: lines without an end mark or with too few words go; pages with code, filler or little left go."""

    rule: Literal["c4"] = "c4"
    remove_lines: bool = Field(True, description="remove the lines that fail; else they only do not count")
    line_endings: str = Field(".?!\"'", description="a line ends in one of these, and not in `...`")
    min_words_per_line: int = Field(3, ge=0, description="words in a line, at least")
    max_word_chars: int = Field(1_000, gt=0, description="characters of a line's longest word, at most")
    remove_citations: bool = Field(True, description="remove [1], [edit] and [citation needed] from lines")
    line_phrases: tuple[Phrase, ...] = Field(
        (
            "javascript",
            "terms of use",
            "privacy policy",
            "cookie policy",
            "uses cookies",
            "use of cookies",
            "use cookies",
        ),
        description="a line that holds one of these is removed",
    )
    document_phrases: tuple[Phrase, ...] = Field(
        ("lorem ipsum",), description="a document whose lines hold one of these is dropped"
    )
    max_curly_brackets: int = Field(0, ge=0, description="`{` in the lines that are kept, at most")
    min_sentences: int = Field(5, ge=0, description="sentences in the lines that are kept, at least")

    def verdicts(self, texts: pa.Array) -> list[Verdict]:
        """Three verdicts; the last one carries the texts without the lines removed."""
        endings = np.array([ord(c) for c in self.line_endings], np.int64)
        tests = LineTests(endings, self.min_words_per_line, self.max_word_chars, self.remove_citations)
        kept, n = c4_lines(texts, tests, self.document_phrases, self.line_phrases)
        values = {name: count.astype(np.float64) for name, count in n.items()}
        edit = Edit("c4.lines", kept, values["removed_lines"]) if self.remove_lines else None
        sentences = values["sentences"]
        return [
            at_most("c4.document_phrases", values["document_phrases"], 0),
            at_most("c4.curly_brackets", values["curly_brackets"], self.max_curly_brackets),
            replace(at_least("c4.sentences", sentences, self.min_sentences), edit=edit),
        ]


class FineWebRule(HeuristicRule):
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

    def verdicts(self, texts: pa.Array) -> list[Verdict]:
        """Four verdicts."""
        n = line_counts(texts, self.line_endings, self.short_line_chars)
        duplicates = _share(n["duplicate_chars"], n["chars"])
        return [
            at_least("fineweb.ended_lines", _share(n["ended_lines"], n["lines"]), self.min_ended_lines),
            at_most("fineweb.short_lines", _share(n["short_lines"], n["lines"]), self.max_short_lines),
            at_most("fineweb.duplicate_line_chars", duplicates, self.max_duplicate_line_chars),
            at_most(
                "fineweb.newlines_per_word", _share(n["newlines"], n["words"]), self.max_newlines_per_word
            ),
        ]

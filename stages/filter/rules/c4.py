"""Texts in, verdicts of C4's rules and the texts without the lines that they remove out (Raffel et al. 2020, 2.2).

The paper's end marks and words in a line are for English: other languages have marks of their own, and words in proportion.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal

import numpy as np
import pyarrow as pa
from pydantic import AfterValidator, Field

from stages.filter.language_text_rule import LanguageTextRule
from stages.filter.rule_languages import RuleLanguage, english
from stages.filter.verdict import Edit, Verdict, at_least, at_most
from stages.kernels.lines.c4_lines import LineTests, c4_lines


def _ascii_phrase(phrase: str) -> str:
    if not phrase.strip() or not phrase.isascii():
        raise ValueError(f"{phrase!r}: a phrase is ASCII text")
    return phrase


Phrase = Annotated[str, AfterValidator(_ascii_phrase)]


class C4Rule(LanguageTextRule):
    """C4's rules: lines without an end mark or with too few words go; pages with code, filler or little left go."""

    rule: Literal["c4"] = "c4"
    remove_lines: bool = Field(True, description="remove the lines that fail; else they only do not count")
    line_endings: str | None = Field(
        None,
        description="a line ends in one of these, and not in `...` (default: the marks of the document's language)",
    )
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

    def verdicts(self, texts: pa.Array, own: RuleLanguage | None = None) -> list[Verdict]:
        """Three verdicts; the last one carries the texts without the lines removed."""
        own = own or english()
        endings = own.marks if self.line_endings is None else self.line_endings
        tests = LineTests(
            endings=np.array([ord(c) for c in endings], np.int64),
            min_words=round(self.min_words_per_line * own.words),
            max_word_chars=self.max_word_chars,
            remove_citations=self.remove_citations,
            spaces_end=not own.marks,
        )
        kept, n = c4_lines(texts, tests, self.document_phrases, self.line_phrases)
        values = {name: count.astype(np.float64) for name, count in n.items()}
        edit = Edit("c4.lines", kept, values["removed_lines"]) if self.remove_lines else None
        sentences = values["sentences"]
        return [
            at_most("c4.document_phrases", values["document_phrases"], 0),
            at_most("c4.curly_brackets", values["curly_brackets"], self.max_curly_brackets),
            replace(at_least("c4.sentences", sentences, self.min_sentences), edit=edit),
        ]

"""The word-list rule: a user's lists of words and phrases in, documents that hold too many of them dropped.

With the default of none allowed it is C4's rule on bad words (Raffel et al. 2020, section 2.2). No list is shipped.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, model_validator

from stages.core import storage
from stages.core.errors import UserError
from stages.core.location import Location
from stages.filter.rule import Rule
from stages.filter.verdict import Judge, Verdict, at_most
from stages.kernels.match.phrase_automaton import (
    Automaton,
    count_listed_phrases,
    fold_phrase,
    phrase_automaton,
)
from stages.models.find import model_sha256

ANY_LANGUAGE = "*"


class WordListRule(Rule):
    """Words and phrases of your own lists: drop documents that hold more of them than allowed (C4: any)."""

    rule: Literal["word_list"] = "word_list"
    words: Location | None = Field(
        None, description="file of words or phrases, one a line, for every document"
    )
    lists: dict[str, Location] = Field(
        default_factory=dict,
        description="such a file by language code; a document without a language is held against all",
    )
    max_count: int | None = Field(
        None, ge=0, description="places that hold one, at most (0 where max_ratio is not given either)"
    )
    max_ratio: float | None = Field(None, ge=0, description="such places per word of the document, at most")
    name: str = Field("word_list", pattern=r"^[a-z][a-z0-9_]*$", description="name of the rule in the ledger")

    @model_validator(mode="after")
    def _has_a_list(self) -> WordListRule:
        if self.words is None and not self.lists:
            raise ValueError("`words` or `lists` must name a file of words")
        return self

    def _files(self) -> Iterator[tuple[str, str]]:
        if self.words is not None:
            yield ANY_LANGUAGE, self.words
        yield from sorted(self.lists.items())

    def dependencies(self) -> list[str]:
        """Language and SHA-256 of every list."""
        found = []
        for language, path in self._files():
            read_word_list(path)
            found.append(f"{language} {model_sha256(path)}")
        return found

    def judge(self, trained_model: str | None) -> Judge:
        """A function over batches; the lists are read once."""
        automata = {language: _automaton(read_word_list(path)) for language, path in self._files()}
        phrases = {language: read_word_list(path) for language, path in self._files()}

        def judge(batch: pa.RecordBatch) -> list[Verdict]:
            texts, languages = batch.column("text"), batch.column("language")
            matches = np.zeros(len(texts), np.int64)
            words = np.zeros(len(texts), np.int64)
            details: npt.NDArray[np.object_] = np.full(len(texts), None, object)
            for language, automaton in automata.items():
                rows = _rows(languages, language)
                if not rows.any():
                    continue
                counts, words[rows], first = count_listed_phrases(texts.filter(pa.array(rows)), automaton)
                matches[rows] += counts
                known = np.flatnonzero(rows)[first >= 0]
                details[known] = [phrases[language][number] for number in first[first >= 0]]
            return self._verdicts(matches, words, pa.array(details, pa.string()))

        return judge

    def _verdicts(
        self, matches: npt.NDArray[np.int64], words: npt.NDArray[np.int64], details: pa.Array
    ) -> list[Verdict]:
        found = []
        max_count = 0 if self.max_count is None and self.max_ratio is None else self.max_count
        if max_count is not None:
            found.append(at_most(f"{self.name}.count", matches.astype(np.float64), max_count))
        if self.max_ratio is not None:
            found.append(at_most(f"{self.name}.ratio", matches / np.maximum(words, 1), self.max_ratio))
        return [Verdict(v.rule, v.passed, v.value, v.threshold, details, side=v.side) for v in found]


def _rows(languages: pa.Array, language: str) -> npt.NDArray[np.bool_]:
    """The rows that a list is for."""
    if language == ANY_LANGUAGE:
        return np.ones(len(languages), bool)
    own = pc.fill_null(pc.equal(languages, language), True)
    return np.asarray(own.to_numpy(zero_copy_only=False), bool)


def read_word_list(path: str) -> tuple[str, ...]:
    """The folded words and phrases of a list, each once, in its order; a UserError for what is no list."""
    if not storage.exists(path) or storage.is_folder(path):
        raise UserError(f"{path}: no such word list; give a text file with a word or phrase a line")
    return _words(path, storage.stamp(path))


@lru_cache(maxsize=32)
def _words(path: str, stamp: tuple[int, int]) -> tuple[str, ...]:
    try:
        text = storage.read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 at byte {error.start}; save the word list as UTF-8") from error
    lines = (line.strip() for line in text.splitlines())
    folded = (fold_phrase(line) for line in lines if line and not line.startswith("#"))
    phrases = tuple(dict.fromkeys(phrase for phrase in folded if phrase))
    if not phrases:
        raise UserError(
            f"{path}: an empty word list; it needs a word or phrase a line (`#` begins a comment)"
        )
    return phrases


@lru_cache(maxsize=32)
def _automaton(phrases: tuple[str, ...]) -> Automaton:
    return phrase_automaton(phrases)

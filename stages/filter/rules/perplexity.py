"""The perplexity rule of the filter: each language's documents into head, middle and tail (CCNet, section 3.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, PrivateAttr, model_validator

from stages.core import storage
from stages.core.errors import UserError
from stages.core.location import Location
from stages.filter.rule import Rule
from stages.filter.verdict import AT_LEAST, AT_MOST, Judge, Verdict, at_least
from stages.models.find import model_sha256, models_folder
from stages.models.perplexity import Sentences, load_language_model
from stages.models.perplexity_files import (
    Cutoffs,
    ModelFiles,
    find_cutoffs,
    find_models,
    has_cutoffs,
    languages_in,
)
from stages.models.trained_language import TrainedLanguage, WantedLanguage

Bucket = Literal["head", "middle", "tail"]
BUCKETS: tuple[Bucket, ...] = ("head", "middle", "tail")
LANGUAGE_MODELS = "lm"
"""Folder of the language models inside the models folder."""

_Values = npt.NDArray[np.float64]


def language_models_folder() -> str:
    """Where the language models are kept: `lm` in the models folder."""
    return storage.join(str(models_folder()), LANGUAGE_MODELS)


class PerplexityRule(Rule):
    """Perplexity under the language's Wikipedia model: keep head and middle, whose text reads like it (CCNet, 3.3)."""

    rule: Literal["perplexity"] = "perplexity"
    keep: tuple[Bucket, ...] = Field(("head", "middle"), description="buckets to keep: head, middle, tail")
    cutoffs: dict[str, tuple[float, float]] = Field(
        default_factory=dict, description="by language, perplexities where middle and tail begin"
    )
    languages: tuple[str, ...] | None = Field(
        None, description="languages to judge (default: all that have a model)"
    )
    language: str | None = Field(None, description="language of the documents that say none")
    without_model: Literal["error", "all"] = Field(
        "error", description="a document of another language: stop, or pass it unjudged into the bucket all"
    )
    sentences: Sentences = Field("lines", description="judge lines, or documents as one line as cc_net does")
    max_chars: int | None = Field(
        None, gt=0, description="judge on this many first characters (default: all)"
    )
    models: Location | None = Field(
        None, description="folder with <language>.sp.model, <language>.arpa.bin, <language>.cutoffs.json"
    )

    train_on: str | None = Field(
        None, description="source of the recipe on whose documents the run trains the models of `languages`"
    )

    _trained: dict[str, TrainedLanguage] = PrivateAttr(default_factory=dict)

    @model_validator(mode="after")
    def _makes_sense(self) -> PerplexityRule:
        if self.train_on is not None and self.models is not None:
            raise ValueError("models names a folder, and train_on trains models in the run; keep one")
        if self.train_on is not None and not self.languages:
            raise ValueError("train_on trains models of the languages that `languages` names; name some")
        if not self.keep:
            raise ValueError("keep must name at least one of head, middle, tail")
        for language, (low, high) in self.cutoffs.items():
            Cutoffs(language=language, cutoffs=(low, high))
        return self

    def named_sources(self) -> tuple[str, ...]:
        """The one that the models are trained on."""
        return () if self.train_on is None else (self.train_on,)

    @property
    def wanted_languages(self) -> tuple[WantedLanguage, ...]:
        """Those of `languages`, where the run trains the models."""
        if self.train_on is None:
            return ()
        return tuple(WantedLanguage(self.train_on, language) for language in self._languages())

    def with_languages(self, trained: Mapping[str, TrainedLanguage]) -> PerplexityRule:
        """The rule with the models that the run has trained."""
        if self.train_on is None:
            return self
        made = self.model_copy()
        made._trained = {one.language: trained[one.key] for one in self.wanted_languages}
        return made

    def annotating(self) -> PerplexityRule:
        """The same rule, which drops nothing and so needs no cut-offs."""
        return self.model_copy(update={"keep": BUCKETS})

    @property
    def _keeps_all(self) -> bool:
        return set(self.keep) == set(BUCKETS)

    @property
    def _folder(self) -> str:
        return self.models or language_models_folder()

    def _languages(self) -> tuple[str, ...]:
        """The languages that are judged, sorted."""
        if self.languages is not None:
            return tuple(sorted(set(self.languages)))
        found = languages_in(self._folder)
        if not found and self.without_model == "error":
            raise UserError(
                f"{self._folder}: no perplexity model there; `altiplano lm train LANGUAGE` trains one, "
                "and the rule's `models` names another folder"
            )
        return tuple(found)

    def _limits(self, language: str) -> tuple[float, float]:
        """Where middle and tail begin; when all is kept and nobody says where, nowhere."""
        if language in self.cutoffs:
            return self.cutoffs[language]
        if language in self._trained:
            return self._trained[language].read_cutoffs().cutoffs
        if self._keeps_all and not has_cutoffs(self._folder, language):
            return (np.inf, np.inf)
        found = find_cutoffs(self._folder, language)
        if found.sentences not in (None, self.sentences):
            raise UserError(
                f"{self._folder}: the cut-offs of {language} were measured on sentences: {found.sentences}, the rule judges "
                f"{self.sentences}; set `sentences: {found.sentences}` or train again"
            )
        return found.cutoffs

    def dependencies(self) -> list[str]:
        """SHA-256 of both models of every language, and its cut-offs; of models that the run trains, nothing yet."""
        if self.train_on is not None:
            return []
        lines = []
        for language in self._languages():
            files = find_models(self._folder, language)
            low, high = self._limits(language)
            hashes = f"{model_sha256(files.pieces)} {model_sha256(files.ngrams)}"
            lines.append(f"{language} {hashes} {low} {high}")
        return lines

    def _files(self, language: str) -> ModelFiles:
        """The models of a language."""
        if language in self._trained:
            return self._trained[language].files
        return find_models(self._folder, language)

    def judge(self, trained_model: str | None) -> Judge:
        """A function over batches; the models of a language are loaded when its first document comes."""
        languages = self._languages()
        return lambda batch: self._verdicts(batch, languages)

    def _verdicts(self, batch: pa.RecordBatch, languages: tuple[str, ...]) -> list[Verdict]:
        named = pc.fill_null(batch.column("language"), self.language or "")
        judged = np.isin(named.to_numpy(zero_copy_only=False), languages)
        if self.without_model == "error" and not judged.all():
            self._refuse(batch, named, int(np.argmin(judged)))
        found = _Judged.none(batch.num_rows)
        for language in pc.unique(named.filter(pa.array(judged))).to_pylist():
            rows = pc.equal(named, language)
            model = load_language_model(self._files(language))
            values = model.perplexities(batch.column("text").filter(rows), self.sentences, self.max_chars)
            at = rows.to_numpy(zero_copy_only=False)
            found.value[at] = values
            found.low[at], found.high[at] = self._limits(language)
        empty = judged & np.isnan(found.value)
        column = pa.array(found.value.astype(np.float32), pa.float32(), mask=np.isnan(found.value))
        has_text = at_least("perplexity.no_text", (~empty).astype(np.float64), 1.0)
        first = replace(has_text, detail=named, columns={"perplexity": column})
        if self._keeps_all:
            everyone = np.ones(batch.num_rows, bool)
            return [first, Verdict("perplexity", everyone, found.value, found.high, named, side=AT_MOST)]
        return [first, *(found.verdict(bucket, named) for bucket in BUCKETS if bucket not in self.keep)]

    def _refuse(self, batch: pa.RecordBatch, named: pa.Array, row: int) -> None:
        document, language = batch.column("id")[row].as_py(), named[row].as_py()
        if language == "":
            raise UserError(
                f"{document}: says no language; put the rule `language` before `perplexity`, or set `language` in it"
            )
        try:
            if self.train_on is None:
                find_models(self._folder, language)
        except UserError as error:
            raise UserError(f"{document}: {error}") from error
        raise UserError(
            f"{document}: its language {language!r} is not among the rule's `languages`; add it, "
            "drop such documents before, or pass them with `without_model: all`"
        )


@dataclass(frozen=True)
class _Judged:
    """Perplexity of each document and its cut-offs, shape (rows,); nan where it has none."""

    value: _Values
    low: _Values
    high: _Values

    @classmethod
    def none(cls, rows: int) -> _Judged:
        return cls(*(np.full(rows, np.nan) for _ in range(3)))

    def verdict(self, bucket: Bucket, languages: pa.Array) -> Verdict:
        """The verdict that a document is not in `bucket`; one without a perplexity is in none."""
        at_most_middle, at_most_head = self.value < self.high, self.value < self.low
        inside, threshold, side = {
            "head": (at_most_head, self.low, AT_LEAST),
            "middle": (at_most_middle & ~at_most_head, self.low, None),
            "tail": (self.value >= self.high, self.high, AT_MOST),
        }[bucket]
        return Verdict(f"perplexity.{bucket}", ~inside, self.value, threshold, languages, side=side)

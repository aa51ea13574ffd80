"""Documents in, their language and the verdict whether it is wanted out: fastText's lid.176 (CCNet, section 3.2)."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from stages.core.errors import UserError
from stages.core.location import Location
from stages.filter.rule import Rule
from stages.filter.verdict import Judge, Verdict, at_least
from stages.models.fasttext.model import FastTextModel, load_fasttext
from stages.models.find import find_language_model, model_sha256
from stages.models.language_id import Languages, identify, min_score_of

LLAMA_LANGUAGES = (
    *("bg", "ca", "cs", "da", "de", "en", "es", "fr", "hr", "hu"),
    *("it", "nl", "pl", "pt", "ro", "ru", "sl", "sr", "sv", "uk"),
)
"""The 20 languages of LLaMA's Wikipedia (section 2.1)."""


def _codes(given: Any) -> Any:
    """`en,de` of the command line as a list."""
    return given.split(",") if isinstance(given, str) else given


class SourceLanguages(BaseModel):
    """What the language rule does differently for one source; what is not given is as for the others."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    keep: Annotated[tuple[str, ...] | None, BeforeValidator(_codes)] = Field(
        None, min_length=1, description="language codes to keep, en,de on the command line"
    )
    min_score: float | None = Field(None, ge=0, le=1, description="its probability, at least")


class LanguageRule(Rule):
    """fastText lid.176: keep documents in a wanted language that the model is sure enough of (CCNet, section 3.2)."""

    rule: Literal["language"] = "language"
    keep: tuple[str, ...] = Field(LLAMA_LANGUAGES, description="language codes to keep")
    min_score: float | None = Field(
        None,
        ge=0,
        le=1,
        description="its probability, at least (default: fitted for each language, else 0.5)",
    )
    per_source: dict[str, SourceLanguages] = Field(
        default_factory=dict, description="other languages or another score for documents of a source"
    )
    max_chars: int = Field(
        10_000, gt=0, description="judge on this many first characters, and on samples of what follows"
    )
    model: Location | None = Field(None, description="a lid.176 file (.ftz or .bin)")

    @model_validator(mode="after")
    def _keeps_something(self) -> LanguageRule:
        if not self.keep:
            raise ValueError("keep must name at least one language")
        return self

    def named_sources(self) -> tuple[str, ...]:
        """Those of `per_source`."""
        return tuple(self.per_source)

    def dependencies(self) -> list[str]:
        """SHA-256 of the language model."""
        return [model_sha256(find_language_model(self.model))]

    def check(self) -> None:
        """A UserError for a language that the model does not know."""
        path = find_language_model(self.model)
        self._check_languages(load_fasttext(path), path)

    def judge(self, trained_model: str | None) -> Judge:
        """A function over batches; the model is loaded once."""
        path = find_language_model(self.model)
        model = load_fasttext(path)
        self._check_languages(model, path)

        def judge(batch: pa.RecordBatch) -> list[Verdict]:
            found = identify(model, batch.column("text"), self.max_chars)
            labels, wanted, thresholds = self._asked(batch.column("source"), found)
            names = pa.array(labels, pa.string())
            columns = {"language": names, "language_score": pa.array(found.score)}
            if found.mixtures:
                columns["metadata"] = _with_mixtures(batch.column("metadata"), found, labels)
            sure = at_least("language_score", found.score, thresholds)
            return [
                replace(sure, detail=names, columns=columns),
                Verdict("language", wanted, found.score, thresholds, names),
            ]

        return judge

    def _asked(
        self, sources: pa.Array, found: Languages
    ) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.bool_], npt.NDArray[np.float64]]:
        """Each row's language, whether its source keeps it, and the score that it must have."""
        count = len(found.name)
        names, wanted, thresholds = found.name.copy(), np.zeros(count, bool), min_score_of(found.name)
        if self.min_score is not None:
            thresholds[:] = self.min_score
        left = np.ones(count, bool)
        for source, own in self.per_source.items():
            rows = pc.equal(sources, source).to_numpy(zero_copy_only=False)
            left &= ~rows
            names[rows], wanted[rows] = _wanted(found, rows, own.keep or self.keep)
            if own.min_score is not None:
                thresholds[rows] = own.min_score
        names[left], wanted[left] = _wanted(found, left, self.keep)
        return names, wanted, thresholds

    def _check_languages(self, model: FastTextModel, path: str) -> None:
        """A UserError for a code that the model never gives: the rule would silently keep nothing of it."""
        known = set(model.labels)
        asked = [*self.keep, *(code for own in self.per_source.values() for code in own.keep or ())]
        if unknown := next((code for code in asked if code not in known), None):
            shown = ", ".join(sorted(known)[:5])
            raise UserError(f"{path}: has no language {unknown!r}; its {len(known)} labels are {shown}, ...")


def _wanted(
    found: Languages, rows: npt.NDArray[np.bool_], keep: tuple[str, ...]
) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.bool_]]:
    """The names of the languages of `rows`, and whether they are in `keep`."""
    names = found.named(rows, keep)
    return names, np.isin(names.astype(str), keep)


def _with_mixtures(metadata: pa.Array, found: Languages, names: npt.NDArray[np.object_]) -> pa.Array:
    """The metadata of documents, with the shares of their languages where they have several."""
    values = metadata.to_pylist()
    for row, shares in found.mixtures.items():
        renamed = {found.name[row]: names[row]}
        mixture = {renamed.get(name, name): share for name, share in shares.items()}
        values[row] = orjson.dumps(orjson.loads(values[row] or "{}") | {"languages": mixture}).decode()
    return pa.array(values, metadata.type)

"""Documents in, verdicts on their texts by the numbers of their languages out: what the heuristic rules share.

The documents of a batch are judged language by language, each by one call of the kernels.
"""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import AfterValidator, Field

from stages.core.errors import UserError
from stages.filter.rule import Rule
from stages.filter.rule_languages import (
    RuleLanguage,
    rule_language,
    rule_languages,
    rule_languages_sha256,
)
from stages.filter.verdict import Edit, Judge, Verdict, at_least

UnknownLanguage = Literal["pass", "drop", "error"]


def _known_language(name: str) -> str:
    if rule_language(name) is None:
        raise ValueError(f"{name!r}: the rules know nothing of it; known: {', '.join(rule_languages())}")
    return name


class LanguageTextRule(Rule):
    """A rule that needs the texts, and of a text's language what `rule_languages.toml` says of it."""

    language: Annotated[str, AfterValidator(_known_language)] = Field(
        "en", description="language of the documents that say none"
    )
    unknown_language: UnknownLanguage = Field(
        "pass",
        description="a document in a language without numbers: pass it unjudged, drop it, or stop (error)",
    )

    def dependencies(self) -> list[str]:
        """SHA-256 of the table of languages."""
        return [f"languages {rule_languages_sha256()}"]

    def judge(self, trained_model: str | None) -> Judge:
        """A function over batches."""
        return self._judge_batch

    @abstractmethod
    def verdicts(self, texts: pa.Array, own: RuleLanguage | None = None) -> list[Verdict]:
        """The verdicts on texts of one language (None: English), in the order in which they drop; the same ones for each."""

    def _judge_batch(self, batch: pa.RecordBatch) -> list[Verdict]:
        texts, languages = batch.column("text"), pc.fill_null(batch.column("language"), self.language)
        groups = _groups(languages)
        unknown = groups.pop(None, None)
        if unknown is None and len(groups) == 1:
            found = self.verdicts(texts, next(iter(groups)))
        else:
            parts = [
                _Part(rows, self.verdicts(texts.filter(pa.array(rows)), own)) for own, rows in groups.items()
            ]
            found = _join(texts, parts, self.verdicts(texts.slice(0, 0)))
        if unknown is not None and self.unknown_language == "error":
            self._refuse(batch, languages, int(np.argmax(unknown)))
        if self.unknown_language == "drop":
            known = np.ones(len(texts), np.float64) if unknown is None else (~unknown).astype(np.float64)
            return [replace(at_least(f"{self.rule}.unknown_language", known, 1.0), detail=languages), *found]
        if unknown is not None:
            passed = Counter(languages.filter(pa.array(unknown)).to_pylist())
            found[0] = replace(found[0], unjudged=dict(sorted(passed.items())))
        return found

    def _refuse(self, batch: pa.RecordBatch, languages: pa.Array, row: int) -> None:
        raise UserError(
            f"{batch.column('id')[row].as_py()}: {self.rule} has no numbers for its language {languages[row].as_py()!r}; "
            "pass such documents unjudged by `unknown_language: pass`, or drop them by `unknown_language: drop`"
        )


@dataclass(frozen=True)
class _Part:
    """The verdicts on some rows of a batch; `rows` bool, shape (rows of the batch,)."""

    rows: npt.NDArray[np.bool_]
    verdicts: Sequence[Verdict]


def _groups(languages: pa.Array) -> dict[RuleLanguage | None, npt.NDArray[np.bool_]]:
    """The rows of each known language, and under None those of the others, where there are any."""
    encoded = languages.dictionary_encode()
    numbers = encoded.indices.to_numpy(zero_copy_only=False)
    groups: dict[RuleLanguage | None, npt.NDArray[np.bool_]] = {}
    for number, name in enumerate(encoded.dictionary.to_pylist()):
        own, rows = rule_language(name), numbers == number
        groups[own] = groups[own] | rows if own in groups else rows
    return groups


def _join(texts: pa.Array, parts: Sequence[_Part], pattern: Sequence[Verdict]) -> list[Verdict]:
    """The verdicts of all parts, row by row; a row of no part passes, with no number as value and threshold.

    `pattern` are the verdicts on no texts: their names, and whether they edit.
    """
    found = []
    for place, like in enumerate(pattern):
        own = [(part.rows, part.verdicts[place]) for part in parts]
        passed = np.ones(len(texts), bool)
        value, threshold = np.full(len(texts), np.nan), np.full(len(texts), np.nan)
        for rows, verdict in own:
            passed[rows], value[rows], threshold[rows] = verdict.passed, verdict.value, verdict.threshold
        edit = None if like.edit is None else _join_edits(texts, like.edit, own)
        found.append(replace(like, passed=passed, value=value, threshold=threshold, edit=edit))
    return found


def _join_edits(texts: pa.Array, like: Edit, own: Sequence[tuple[npt.NDArray[np.bool_], Verdict]]) -> Edit:
    """The new texts of all rows; those of no part stay as they are."""
    value = np.zeros(len(texts))
    left = np.ones(len(texts), bool)
    pieces, places = [], []
    for rows, verdict in own:
        if verdict.edit is None:
            raise TypeError(f"{verdict.rule}: edits texts of one language and none of another")
        left &= ~rows
        value[rows] = verdict.edit.value
        pieces.append(verdict.edit.text)
        places.append(np.flatnonzero(rows))
    pieces.append(texts.filter(pa.array(left)).cast(pa.large_string()))
    places.append(np.flatnonzero(left))
    order = np.argsort(np.concatenate(places), kind="stable")
    return replace(like, text=pa.concat_arrays(pieces).take(pa.array(order)), value=value)

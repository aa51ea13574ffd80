"""A folder of language models in, what it holds for each language out: files, and the cut-offs of the buckets.

The names are CCNet's: `en.sp.model`, `en.arpa.bin`; beside them `en.cutoffs.json` of ours, or CCNet's `cutoff.csv`.
"""

from __future__ import annotations

import csv
import io
import math
import shutil
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError, model_validator

from stages.core import storage
from stages.core.atomic import atomic_output
from stages.core.errors import UserError
from stages.core.manifest import Record
from stages.core.names import below

PIECES_SUFFIX = ".sp.model"
NGRAM_SUFFIXES = (".arpa.bin", ".arpa")
CUTOFFS_SUFFIX = ".cutoffs.json"
CCNET_CUTOFFS = "cutoff.csv"
COPIED_BYTES = 1 << 20
PERCENTILES = (30, 60)
"""Head is below the first, middle below the second, tail the rest (CCNet, 3.3)."""


@dataclass(frozen=True)
class ModelFiles:
    """Paths of a language's SentencePiece and KenLM models."""

    pieces: str
    ngrams: str


class Cutoffs(Record):
    """`<language>.cutoffs.json`: perplexities at two percentiles of a reference set, and what that set was."""

    language: str
    percentiles: tuple[float, float] = PERCENTILES
    cutoffs: tuple[float, float]
    sentences: str | None = None
    reference: str = ""
    documents: int = 0

    @model_validator(mode="after")
    def _ascending(self) -> Cutoffs:
        low, high = self.cutoffs
        if not 0 < low <= high < math.inf:
            raise ValueError(f"cutoffs {low} and {high}: two perplexities, the lower one first")
        return self


def languages_in(folder: str) -> list[str]:
    """Languages with both models in a folder, sorted."""
    names = set(storage.list_names(folder))
    return sorted(
        name.removesuffix(PIECES_SUFFIX)
        for name in names
        if name.endswith(PIECES_SUFFIX)
        and any(name.removesuffix(PIECES_SUFFIX) + suffix in names for suffix in NGRAM_SUFFIXES)
    )


def find_models(folder: str, language: str) -> ModelFiles:
    """The models of a language; a UserError that says how to get them when there are none."""
    if "://" in folder:
        raise UserError(f"{folder}: language models are mapped into memory; give a local folder")
    pieces = below(folder, language + PIECES_SUFFIX)
    for suffix in NGRAM_SUFFIXES:
        ngrams = below(folder, language + suffix)
        if storage.exists(pieces) and storage.exists(ngrams):
            return ModelFiles(pieces, ngrams)
    raise UserError(
        f"{folder}: no perplexity model of language {language!r} ({language}{PIECES_SUFFIX}, {language}{NGRAM_SUFFIXES[0]}); "
        f"`altiplano lm train {language}` trains one, and `without_model: all` passes such documents unjudged"
    )


def has_cutoffs(folder: str, language: str) -> bool:
    """Whether a folder says cut-offs of a language."""
    own, table = (below(folder, name) for name in (language + CUTOFFS_SUFFIX, CCNET_CUTOFFS))
    if storage.exists(own):
        return True
    return storage.exists(table) and language in storage.read_bytes(table).split(b"\n")[
        0
    ].decode().strip().split(",")


def find_cutoffs(folder: str, language: str) -> Cutoffs:
    """The cut-offs of a language beside its models: ours, else CCNet's table."""
    own = below(folder, language + CUTOFFS_SUFFIX)
    if storage.exists(own):
        try:
            return Cutoffs.model_validate_json(storage.read_bytes(own))
        except ValidationError as error:
            raise UserError(f"{own}: damaged: {error.errors()[0]['msg']}") from error
    table = storage.join(folder, CCNET_CUTOFFS)
    if storage.exists(table):
        return _from_table(table, language)
    raise UserError(
        f"{folder}: no cut-offs of language {language!r} ({language}{CUTOFFS_SUFFIX}, or CCNet's {CCNET_CUTOFFS}); "
        f"set the rule's `cutoffs`, as in {{{language}: [340, 520]}}"
    )


def _from_table(path: str, language: str) -> Cutoffs:
    """CCNet's table: a row for each percentile, a column for each language."""
    try:
        rows = list(csv.reader(io.StringIO(storage.read_bytes(path).decode())))
        column = rows[0].index(language)
        by_percentile = {row[0]: float(row[column]) for row in rows[1:] if row}
        low, high = (by_percentile[str(percentile)] for percentile in PERCENTILES)
        return Cutoffs(language=language, cutoffs=(low, high), reference=CCNET_CUTOFFS)
    except (ValueError, IndexError, KeyError, csv.Error) as error:
        raise UserError(
            f"{path}: no cut-offs of language {language!r} at percentiles {PERCENTILES}"
        ) from error


def copy_model(source: str, folder: str) -> str:
    """Copy a model file into a folder under its own name; it appears there whole or not at all. The copy's path."""
    target = below(folder, source.rpartition("/")[2])
    with atomic_output(target) as output:
        copy_bytes(source, output)
    return target


def copy_bytes(source: str, output: Any) -> None:
    """Write the bytes of a file into `output`."""
    with storage.open_input(source) as data:
        shutil.copyfileobj(data, output, COPIED_BYTES)

"""Pages to train on and pages of the validation hosts in, the best of a bounded number of fits out.

What is tried is the user's own options, then draws of a grid (random search: Bergstra and Bengio 2012). The held-out hosts,
whose figures are told, are not looked at.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from pydantic import Field

from quality_classifier.evaluate import roc_auc, too_few_to_say
from quality_classifier.fit import FitOptions, fit_corpus, write_corpus
from quality_classifier.labels import held_out_of
from stages.core.errors import UserError
from stages.core.manifest import Record
from stages.models.fasttext.model import FastTextModel
from stages.models.fasttext.reference import label_scores
from stages.models.trained_quality import TriedFit

DIMENSIONS = (8, 16, 32, 64)
WORD_NGRAMS = (1, 2, 3)
BUCKETS = (50_000, 200_000, 1_000_000)
TIMES_AS_MANY_PASSES = (1, 2, 4)
LEARNING_RATES = (0.1, 0.25, 0.5, 1.0)
MAX_SEARCH = 100


class SearchOptions(Record):
    """How many fits are tried."""

    search: int = Field(
        0,
        ge=0,
        le=MAX_SEARCH,
        description="fits to try, at most: these options, then draws of a grid; the best on the validation hosts is kept",
    )


@dataclass(frozen=True)
class FoundFit:
    """The chosen model's file, all tries in their order, and why nothing was chosen between where that is so."""

    model: Path
    tries: tuple[TriedFit, ...]
    why_not: str | None = None


def fits_to_try(options: FitOptions, count: int, seed: int) -> list[FitOptions]:
    """The options themselves, then at most `count` - 1 others of the grid around them, drawn by `seed`."""
    own = FitOptions(**{name: getattr(options, name) for name in FitOptions.model_fields})
    grid = [
        own.model_copy(
            update={
                "dimensions": dimensions,
                "word_ngrams": ngrams,
                "buckets": buckets,
                "epochs": own.epochs * passes,
                "min_updates": own.min_updates * passes,
                "learning_rate": rate,
            }
        )
        for dimensions, ngrams, buckets, passes, rate in itertools.product(
            DIMENSIONS, WORD_NGRAMS, BUCKETS, TIMES_AS_MANY_PASSES, LEARNING_RATES
        )
    ]
    others = [one for one in grid if one != own]
    drawn = np.random.default_rng(seed).permutation(len(others))[: max(0, count - 1)]
    return [own, *(others[place] for place in drawn)]


def search_fits(
    train: pa.Table,
    validation: pa.Table,
    labels: Sequence[str],
    options: FitOptions,
    count: int,
    seed: int,
    scratch: Path,
) -> FoundFit:
    """The fit with the best mean AUC on the validation pages, of equal ones the first; files go into `scratch`."""
    corpus = scratch / "pages.txt"
    write_corpus(train, corpus)
    why_not = None
    if count > 1:
        why_not = next((why for label in labels if (why := _too_few(validation, label)) is not None), None)
    if count <= 1 or why_not is not None:
        fit_corpus(corpus, train.num_rows, scratch / "model.bin", options, seed)
        return FoundFit(scratch / "model.bin", (), why_not)
    tries: list[TriedFit] = []
    best: tuple[float, Path] | None = None
    for number, tried in enumerate(fits_to_try(options, count, seed)):
        model = scratch / f"model-{number}.bin"
        auc = _validated(corpus, train.num_rows, validation, labels, tried, seed, model)
        tries.append(TriedFit(options=tried.model_dump(), auc=None if auc is None else round(auc, 4)))
        if auc is None or (best is not None and auc <= best[0]):
            model.unlink(missing_ok=True)
            continue
        if best is not None:
            best[1].unlink()
        best = auc, model
    if best is None:
        raise UserError("quality_classifier: fastText could train none of the tries; lower learning_rate")
    chosen = int(best[1].stem.rpartition("-")[2])
    marked = [one.model_copy(update={"chosen": number == chosen}) for number, one in enumerate(tries)]
    return FoundFit(best[1], tuple(marked))


def _too_few(validation: pa.Table, label: str) -> str | None:
    pages = held_out_of(validation, label)
    return too_few_to_say(pages.positive, pages.host_numbers)


def _validated(
    corpus: Path,
    num_pages: int,
    validation: pa.Table,
    labels: Sequence[str],
    options: FitOptions,
    seed: int,
    model: Path,
) -> float | None:
    """The mean AUC over the labels on the validation pages; None of options by which fastText cannot train."""
    try:
        fit_corpus(corpus, num_pages, model, options, seed)
    except UserError:
        return None
    loaded = FastTextModel(str(model))
    found = []
    for label in labels:
        pages = held_out_of(validation, label)
        found.append(roc_auc(pages.positive, label_scores(loaded, pages.texts, label)))
    return float(np.mean(found))


def search_line(found: FoundFit) -> str | None:
    """What the search says of itself in one line; None where none was asked for."""
    if found.why_not is not None:
        return f"no search on the validation hosts, {found.why_not}"
    if not found.tries:
        return None
    (chosen,) = [one for one in found.tries if one.chosen]
    differs = {name: value for name, value in chosen.options.items() if value != found.tries[0].options[name]}
    said = ", ".join(f"{name} {value:g}" for name, value in differs.items()) or "the options as given"
    return f"best of {len(found.tries)} fits on the validation hosts: {said}"

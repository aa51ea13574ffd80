"""A bounded search: the best of so many fits on the validation hosts, never by the held-out ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from quality_classifier.fit import FitOptions
from quality_classifier.search import FoundFit, fits_to_try, search_fits, search_line
from quality_classifier.select import SELECTED_SCHEMA
from stages.core.errors import UserError
from stages.models.trained_quality import TriedFit

SMALL = FitOptions(min_updates=200, dimensions=2, buckets=10, epochs=1)


def pages(part: str, count: int, hosts: int, seed: int) -> pa.Table:
    """Labelled pages of made-up words: those of a class share some, and no host is of two classes."""
    rng, rows = np.random.default_rng(seed), []
    for number in range(count):
        good = number % 2 == 0
        words = rng.choice(
            [f"{'g' if good else 'b'}{i}" for i in range(30)] + [f"c{i}" for i in range(90)], 20
        )
        rows.append(
            {
                "id": f"{part}{number}",
                "order": number,
                "label": "reference" if good else "random",
                "host": f"{part}{number % hosts}{good}",
                "language": "en",
                "chars": 100,
                "text": " ".join(words),
                "part": part,
            }
        )
    return pa.Table.from_pylist(rows, SELECTED_SCHEMA)


def test_the_first_try_is_the_users_and_the_others_are_drawn_once_each() -> None:
    tries = fits_to_try(SMALL, 10, seed=1)
    assert tries[0] == SMALL
    assert len(tries) == 10 == len({one.model_dump_json() for one in tries})
    assert fits_to_try(SMALL, 10, seed=1) == tries != fits_to_try(SMALL, 10, seed=2)
    assert {one.min_updates // 200 for one in tries} <= {1, 2, 4}
    own = FitOptions()
    assert fits_to_try(own, 100, seed=1).count(own) == 1


def test_the_best_on_the_validation_pages_is_kept_and_all_are_told(tmp_path: Path) -> None:
    train, validation = pages("train", 120, 20, 1), pages("validation", 240, 40, 2)
    found = search_fits(train, validation, ("reference",), SMALL, 3, 0, tmp_path)
    aucs = [one.auc for one in found.tries]
    assert None not in aucs
    (chosen,) = [number for number, one in enumerate(found.tries) if one.chosen]
    assert aucs[chosen] == max(one for one in aucs if one is not None)
    assert sorted(tmp_path.glob("*.bin")) == [found.model]
    line = search_line(found)
    assert line is not None
    assert line.startswith("best of 3 fits on the validation hosts: ")


def test_too_few_validation_pages_choose_nothing(tmp_path: Path) -> None:
    found = search_fits(
        pages("train", 120, 20, 1), pages("v", 20, 4, 2), ("reference",), SMALL, 3, 0, tmp_path
    )
    assert (found.tries, found.model.name) == ((), "model.bin")
    line = search_line(found)
    assert line is not None
    assert line.startswith("no search on the validation hosts, too few to say: 20 held-out pages of 4 hosts")


def test_a_try_that_cannot_train_is_told_and_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from quality_classifier import search

    fit = search.fit_corpus

    def failing(corpus: Path, num_pages: int, model: Path, options: FitOptions, seed: int) -> None:
        if options.dimensions != 2:
            raise UserError("fastText could not train")
        fit(corpus, num_pages, model, options, seed)

    monkeypatch.setattr(search, "fit_corpus", failing)
    train, validation = pages("train", 120, 20, 1), pages("validation", 240, 40, 2)
    found = search_fits(train, validation, ("reference",), SMALL, 3, 0, tmp_path)
    assert [one.auc is None for one in found.tries] == [False, True, True]
    assert [one.chosen for one in found.tries] == [True, False, False]
    assert search_line(found) == "best of 3 fits on the validation hosts: the options as given"


def test_what_the_chosen_fit_changes_is_said() -> None:
    tries = (
        TriedFit(options={"dimensions": 2.0}, auc=0.7),
        TriedFit(options={"dimensions": 8.0}, auc=0.8, chosen=True),
    )
    assert search_line(FoundFit(Path("m"), tries)) == "best of 2 fits on the validation hosts: dimensions 8"

"""What the training of a quality classifier says of itself: read by the rule that uses its model, or does without it."""

from __future__ import annotations

from typing import Literal

from stages.core.manifest import MODEL, Manifest, Record

WhenTooFew = Literal["error", "skip", "rules"]
"""What takes the place of a model that too few pages would make: a mistake, nothing, or heuristics."""

Instead = Literal["skip", "rules"]


class TriedFit(Record):
    """A fit of a search: what fastText was told, and the AUC on the validation hosts (None: it could not train so)."""

    options: dict[str, float]
    auc: float | None
    chosen: bool = False


class TrainedQuality(Record):
    """Pages and hosts of the smallest class that a model was trained on, its figures on held-out pages, and in words what
    they say; without a model (`instead`), why there is none, and what the rule does. `tries` are those of a search."""

    train_pages: int
    train_hosts: int
    held_out: dict[str, float]
    worth: str
    instead: Instead | None
    tries: tuple[TriedFit, ...] = ()


def judging_model(training: Manifest) -> tuple[str | None, Instead | None]:
    """The model that a training left, or what it says to do without one."""
    if models := training.uris(MODEL):
        return models[0], None
    (facts,) = training.facts_of(TrainedQuality)
    return None, facts.instead

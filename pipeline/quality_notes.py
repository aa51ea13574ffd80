"""The finished stages of a run in, what its owner should know of the quality model that it trained out."""

from __future__ import annotations

from collections.abc import Mapping

from quality_classifier.train import TrainQuality
from stages.core.manifest import Manifest
from stages.core.stage import is_made_by
from stages.models.trained_quality import TrainedQuality

_INSTEAD = {
    "rules": "Gopher's rules took its place",
    "skip": "the reference rule kept every page",
}


def quality_notes(manifests: Mapping[str, Manifest]) -> list[str]:
    """What each quality model is worth, or what took its place; a model is never used without a word."""
    notes = []
    for name, manifest in manifests.items():
        if is_made_by(manifest, TrainQuality):
            for facts in manifest.facts_of(TrainedQuality):
                what = "" if facts.instead is None else f"; {_INSTEAD[facts.instead]} (when_too_few)"
                notes.append(f"{name}: the quality classifier: {facts.worth}{what}")
    return notes

"""A training's config and data in, what its checkpoints are checkpoints of out."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson

from stages.core.location import content_of
from stages.mix.schedule import Mixture
from stages.train.config import TrainConfig

_RESOLVED = ("model", "steps", "peak_rate", "document_mask")


def training_identity(
    config: TrainConfig, mixture: Mixture, num_steps: int, vocab_size: int
) -> dict[str, Any]:
    """Flat, so that a difference can be named; how the training runs is no part of it."""
    described = {name: value for name, value in content_of(config).items() if name not in _RESOLVED}
    sizes = {f"model.{key}": value for key, value in config.sizes.model_dump(mode="json").items()}
    encoded = orjson.dumps(mixture.model_dump(mode="json"), option=orjson.OPT_SORT_KEYS)
    return {
        **described,
        **sizes,
        "steps": num_steps,
        "peak_rate": config.peak,
        "document_mask": config.masks_documents,
        "vocab_size": vocab_size,
        "tokenizer": mixture.tokenizer_sha256,
        "mixture": hashlib.sha256(encoded).hexdigest()[:16],
    }

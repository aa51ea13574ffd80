"""A checkpoint and rows of token ids in, how likely its model takes each token for out, in nats."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from stages.core.arrays import Int64Array
from stages.train.checkpoint import read_weights
from stages.train.checkpoint_index import read_checkpoint_index
from stages.train.export import model_of
from stages.train.model import Llama

BATCH_TOKENS = 4096
"""Positions that go through the model at a time."""


def load_model(checkpoint: str) -> Llama:
    """The model of a checkpoint, in float32 on the CPU."""
    config, vocab_size = model_of(checkpoint, read_checkpoint_index(checkpoint))
    model = Llama(config, vocab_size)
    model.load_state_dict(read_weights(checkpoint))
    return model.eval()


@torch.no_grad()
def token_nats(model: Llama, rows: Sequence[Int64Array]) -> list[npt.NDArray[np.float64]]:
    """For each row of n ids the n - 1 values of -log p of its tokens but the first, each after those before it."""
    found: list[npt.NDArray[np.float64]] = [np.empty(0)] * len(rows)
    for batch in _batches(rows):
        width = max(len(rows[number]) for number in batch)
        ids = torch.zeros(len(batch), width, dtype=torch.int64)
        for place, number in enumerate(batch):
            ids[place, : len(rows[number])] = torch.from_numpy(rows[number])
        logits = model(ids[:, :-1]).float()
        nats = functional.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten(), reduction="none")
        by_row = nats.view(len(batch), width - 1).double().numpy()
        for place, number in enumerate(batch):
            found[number] = by_row[place, : len(rows[number]) - 1].copy()
    return found


def windows(ids: Int64Array, length: int) -> list[Int64Array]:
    """A text as rows of at most `length` + 1 ids that share their ends, so that each token but the first is a target once."""
    return [ids[start : start + length + 1] for start in range(0, len(ids) - 1, length)]


def _batches(rows: Sequence[Int64Array]) -> Iterator[list[int]]:
    """Numbers of rows of about one length, so that little is padded."""
    batch: list[int] = []
    for number in sorted(range(len(rows)), key=lambda number: len(rows[number])):
        if batch and (len(batch) + 1) * len(rows[number]) > BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(number)
    if batch:
        yield batch

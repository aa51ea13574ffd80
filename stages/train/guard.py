"""A step's loss and gradient in, whether training must stop out: at what is no number, and at a spike of the gradient.

PaLM (section 5.1) went back to a checkpoint before a spike and left out the batches around it; the error says how to.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from stages.core import storage
from stages.core.atomic import write_bytes
from stages.core.errors import UserError
from stages.train.config import TrainConfig

HISTORY_STEPS = 100
FEWEST_STEPS = 20
"""With fewer steps after the warm-up the median says little, and nothing is a spike."""


def fault(loss: float, norm: float, log: Sequence[Mapping[str, Any]], config: TrainConfig) -> str | None:
    """What is wrong with a step, after the steps of the log; None when nothing is."""
    if not math.isfinite(loss):
        return f"the loss is {loss}"
    if not math.isfinite(norm):
        return f"the gradient's norm is {norm}"
    if config.spike_factor is None:
        return None
    recent = log[config.warmup_steps :][-HISTORY_STEPS:]
    norms = [row["grad_norm"] for row in recent if "grad_norm" in row]
    if len(norms) < FEWEST_STEPS:
        return None
    median = statistics.median(norms)
    if norm <= config.spike_factor * median:
        return None
    times = f"over {config.spike_factor:g} times the median of the steps before ({median:.4g})"
    return f"the gradient's norm is {norm:.4g}, {times}"


def write_batch(folder: str, step: int, wrong: str, documents: Mapping[str, Sequence[str]]) -> None:
    """Write what was wrong at `step` (from 1), and the ids of its batch's documents by source, to `batch-<step>.json`."""
    found = {"step": step, "fault": wrong, "documents": documents}
    write_bytes(_place(folder, step), orjson.dumps(found, option=orjson.OPT_INDENT_2) + b"\n")


def stopped(
    folder: str, step: int, wrong: str, documents: Mapping[str, Sequence[str]], checkpoint: str | None
) -> UserError:
    """The error: the step, its documents, what to go back to and how."""
    ids = [name for names in documents.values() for name in names]
    back = f"from {checkpoint}" if checkpoint else "from the start, as there is no checkpoint yet"
    return UserError(
        f"step {step}: {wrong}; the ids of its {len(ids)} documents are in {_place(folder, step)}"
        f" (first: {', '.join(ids[:3])}); the same command with --skip-batches {step} goes on {back} without that batch"
    )


def _place(folder: str, step: int) -> str:
    return storage.join(folder, f"batch-{step:08d}.json")

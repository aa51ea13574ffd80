"""What stops a training: no number, or a gradient far above those before; and what does not."""

from __future__ import annotations

import math
from typing import Any

import pytest

from stages.train.config import TrainConfig
from stages.train.guard import fault

CONFIG = TrainConfig(warmup_steps=3, spike_factor=10.0)
LOG: list[dict[str, Any]] = [{"grad_norm": 900.0}] * 3 + [{"grad_norm": 2.0}] * 20


@pytest.mark.parametrize(
    ("loss", "norm", "log", "expected"),
    [
        (2.0, 2.0, LOG, None),
        (2.0, 20.0, LOG, None),
        (2.0, 20.1, LOG, "the gradient's norm is 20.1, over 10 times the median of the steps before (2)"),
        (2.0, 20.1, LOG[:-1], None),
        (2.0, 20.1, [*LOG[:-1], {"skipped": True}], None),
        (math.nan, 1.0, [], "the loss is nan"),
        (math.inf, 1.0, [], "the loss is inf"),
        (2.0, math.nan, [], "the gradient's norm is nan"),
    ],
)
def test_faults(loss: float, norm: float, log: list[dict[str, Any]], expected: str | None) -> None:
    assert fault(loss, norm, log, CONFIG) == expected


def test_without_a_factor_only_what_is_no_number_stops() -> None:
    config = CONFIG.model_copy(update={"spike_factor": None})
    assert fault(2.0, 1e9, LOG, config) is None
    assert fault(math.nan, 1.0, LOG, config) == "the loss is nan"

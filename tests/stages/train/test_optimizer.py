"""The rate of each step, and which weights decay."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from stages.train.config import ModelConfig, TrainConfig  # noqa: E402
from stages.train.model import Llama  # noqa: E402
from stages.train.optimizer import learning_rate, make_optimizer  # noqa: E402


def test_linear_warm_up_then_cosine_to_a_tenth() -> None:
    config = TrainConfig(peak_rate=1.0, warmup_steps=4)
    rates = [learning_rate(step, 9, config) for step in range(9)]
    assert rates == pytest.approx([0.25, 0.5, 0.75, 1.0, 1.0, 0.868198, 0.55, 0.231802, 0.1], abs=1e-6)


def test_wsd_is_level_and_then_goes_straight_down() -> None:
    config = TrainConfig(peak_rate=1.0, warmup_steps=2, rate_schedule="wsd", decay_fraction=0.4)
    rates = [learning_rate(step, 10, config) for step in range(10)]
    assert rates == pytest.approx([0.5, 1, 1, 1, 1, 1, 0.775, 0.55, 0.325, 0.1])


def test_no_warm_up_and_one_step() -> None:
    config = TrainConfig(peak_rate=1.0, warmup_steps=0)
    assert [learning_rate(step, 2, config) for step in (0, 1)] == pytest.approx([1.0, 0.1])
    assert learning_rate(0, 1, config) == 1.0


def test_norms_do_not_decay() -> None:
    model = Llama(ModelConfig(dim=8, num_layers=1, num_heads=2, multiple_of=8), 10)
    decayed, kept = make_optimizer(model, TrainConfig(), torch.device("cpu")).param_groups
    assert (decayed["weight_decay"], len(decayed["params"])) == (0.1, 9)
    assert (kept["weight_decay"], len(kept["params"])) == (0.0, 3)
    assert decayed["betas"] == (0.9, 0.95)

"""What TensorBoard and trackio are told of a training: every figure by its name, once, and from where it goes on."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from stages.core.errors import UserError  # noqa: E402
from stages.core.manifest import Manifest  # noqa: E402
from stages.train import trackers  # noqa: E402
from stages.train.config import ModelConfig, TrainConfig  # noqa: E402
from stages.train.log import StepInfo  # noqa: E402
from stages.train.train import train  # noqa: E402

INFO = StepInfo(
    step=3,
    num_steps=9,
    loss=2.0,
    bits_per_byte=1.0,
    rate=0.1,
    grad_norm=0.5,
    tokens=300,
    tokens_per_second=50.0,
    mfu=0.25,
    memory_bytes=2_000_000_000,
    held_out={"c4": {"loss": 2.5, "bits_per_byte": 1.5}},
    sample="It \x1bis",
)
FIGURES = {
    "loss": 2.0,
    "bits_per_byte": 1.0,
    "lr": 0.1,
    "grad_norm": 0.5,
    "tokens": 300,
    "tokens_per_second": 50.0,
    "memory_bytes": 2_000_000_000,
    "mfu": 0.25,
    "held_out/c4/loss": 2.5,
    "held_out/c4/bits_per_byte": 1.5,
}


def test_figures_and_the_line_of_a_step() -> None:
    assert INFO.figures() == FIGURES
    assert INFO.line() == (
        "step 3/9 | loss 2.0000 | lr 1.00e-01 | norm 0.500 | 50 tokens/s | MFU 25.0% | 2.00 GB"
        " | held-out c4 2.5000\n  It \\x1bis"
    )
    assert set(INFO.log_row()) == {
        "step",
        "loss",
        "bits_per_byte",
        "lr",
        "grad_norm",
        "tokens",
        "held_out",
        "sample",
    }


def test_tensorboard_gets_every_figure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[Any, ...]] = []

    class Writer:
        def __init__(self, folder: str, purge_step: int) -> None:
            told.append((folder, purge_step))

        def add_scalar(self, name: str, value: float, step: int) -> None:
            told.append((name, value, step))

        def add_text(self, name: str, value: str, step: int) -> None:
            told.append((name, value, step))

        def close(self) -> None:
            told.append(())

    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", SimpleNamespace(SummaryWriter=Writer))
    monkeypatch.setattr(trackers, "find_spec", lambda name: True)
    (tracker,) = trackers.open_trackers(["tensorboard"], str(tmp_path), 2, {})
    tracker.tell(INFO)
    tracker.end()
    expected = [(name, value, 3) for name, value in FIGURES.items()]
    assert told == [(f"{tmp_path}/tensorboard", 3), *expected, ("sample", INFO.sample, 3), ()]


def test_trackio_gets_every_figure_of_a_training(
    pack: Manifest, mix: Manifest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Any] = []
    fake = SimpleNamespace(
        init=lambda **given: told.append(given["name"]),
        log=lambda values, step: told.append((step, sorted(values))),
        finish=lambda: told.append("end"),
    )
    monkeypatch.setitem(sys.modules, "trackio", fake)
    monkeypatch.setattr(trackers, "find_spec", lambda name: True)
    config = TrainConfig(
        model=ModelConfig(dim=16, num_layers=1, num_heads=2, multiple_of=16),
        steps=2,
        batch_sequences=4,
        warmup_steps=0,
        threads=1,
        device="cpu",
        trackers=("trackio",),
    )
    train(config, pack.folder, mix.folder, str(tmp_path))
    names = sorted(set(FIGURES) - {"mfu", "held_out/c4/loss", "held_out/c4/bits_per_byte"})
    assert told == ["-".join(str(tmp_path).split("/")[-3:]), (1, names), (2, names), "end"]
    train(config, pack.folder, mix.folder, str(tmp_path))
    assert len(told) == 4  # a finished training tells nothing


def test_a_package_that_is_not_there_and_a_store_are_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trackers, "find_spec", lambda name: None)
    with pytest.raises(UserError, match="trackers: trackio is not installed: pip install trackio"):
        trackers.open_trackers(["trackio"], "out", 0, {})
    monkeypatch.setattr(trackers, "find_spec", lambda name: True)
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", SimpleNamespace(SummaryWriter=None))
    monkeypatch.setattr(trackers.storage, "is_local", lambda uri: False)
    with pytest.raises(
        UserError, match="trackers tensorboard: writes to a folder of this machine, not to s3://"
    ):
        trackers.open_trackers(["tensorboard"], "s3://bucket/run", 0, {})

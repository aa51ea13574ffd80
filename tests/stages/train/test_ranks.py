"""Several processes train on the same batches as one: by DDP and FSDP2 the losses of one, but for the order of sums."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest

torch = pytest.importorskip("torch")

from stages.core.errors import UserError  # noqa: E402
from stages.core.manifest import Manifest  # noqa: E402
from stages.train.checkpoint import read_weights  # noqa: E402
from stages.train.checkpoint_index import checkpoint_name  # noqa: E402
from stages.train.config import ModelConfig, TrainConfig  # noqa: E402
from stages.train.ranks import torch_ranks  # noqa: E402
from stages.train.safetensors import read_safetensors  # noqa: E402
from stages.train.train import train  # noqa: E402

pytestmark = pytest.mark.slow

CONFIG = TrainConfig(
    model=ModelConfig(dim=32, num_layers=2, num_heads=4, num_kv_heads=2, multiple_of=16),
    steps=4,
    batch_sequences=12,
    micro_batch_sequences=2,
    warmup_steps=2,
    peak_rate=0.01,
    checkpoint_steps=2,
    threads=1,
    device="cpu",
    loss_positions=20,
    document_mask=True,
    held_out_sequences=5,
    held_out_steps=2,
    z_loss=1e-4,
)
ROOT = Path(__file__).resolve().parents[3]
FSDP = {"parallel": "fsdp", "recompute": "full"}
TENSOR = {"parallel": "fsdp", "tensor_parallel": 2}
SUMS = 1e-6
"""By so much of a loss of some nats the order of float32 sums made losses differ here."""


def rows(folder: Path) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in (folder / "log.jsonl").read_bytes().splitlines()]


def losses(folder: Path) -> list[float]:
    """Of all steps, and of the held-out sequences of each source after every second one."""
    held_out = [found["loss"] for row in rows(folder) for found in row.get("held_out", {}).values()]
    assert len(held_out) == 2 * 2
    return [row["loss"] for row in rows(folder)] + held_out


@dataclass(frozen=True)
class Training:
    """One of the trainings of a launch: its folder and config, where it stops, and the rank that dies in it."""

    folder: Path
    config: TrainConfig
    stop: int | None = None
    dies: int | None = None
    silent: float | None = None

    def plan(self) -> dict[str, Any]:
        return {
            "folder": str(self.folder),
            "config": self.config.model_dump(mode="json"),
            "stop": self.stop,
            "dies": self.dies,
            "silent": self.silent,
        }


@dataclass(frozen=True)
class Ended:
    """What a process printed, line by line, and how it ended."""

    lines: list[str]
    errors: str
    code: int


def run_ranks(number: int, trainings: list[Training], pack: Manifest, mix: Manifest) -> list[Ended]:
    """The trainings one after another in `number` CPU processes, without torchrun, as on `number` machines."""
    plan = trainings[0].folder.with_name(f"plan-{number}.json")
    ports = free_ports(len(trainings))
    content = {"pack": pack.folder, "mix": mix.folder, "ports": ports}
    plan.write_bytes(orjson.dumps(content | {"trainings": [one.plan() for one in trainings]}))
    places = {"WORLD_SIZE": str(number), "MASTER_ADDR": "127.0.0.1", "OMP_NUM_THREADS": "1"}
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.stages.train.rank_process", str(plan)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **places, "RANK": str(rank), "PYTHONPATH": str(ROOT)},
        )
        for rank in range(number)
    ]
    ended = []
    for one in running:
        output, errors = one.communicate(timeout=180)
        ended.append(Ended(output.splitlines(), errors, one.returncode))
    return ended


def free_ports(number: int) -> list[int]:
    """Ports that nobody listens on, each another."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(number)]
        return [one.getsockname()[1] for one in sockets]


@pytest.fixture
def one(pack: Manifest, mix: Manifest, tmp_path: Path) -> Path:
    """The folder of a training in this process."""
    folder = tmp_path / "one"
    folder.mkdir()
    train(CONFIG, pack.folder, mix.folder, str(folder))
    return folder


def assert_same_training(found: Path, expected: Path) -> None:
    """Losses to what the order of sums makes of them, weights to a tenth of a step of AdamW."""
    assert losses(found) == pytest.approx(losses(expected), rel=SUMS)
    ours, theirs = (read_weights(str(at / checkpoint_name(4))) for at in (expected, found))
    assert list(ours) == list(theirs)
    for name, weight in ours.items():
        torch.testing.assert_close(theirs[name], weight, rtol=1e-3, atol=1e-3)


def test_two_processes_train_as_one_and_go_on_from_each_others_checkpoints(
    one: Path, pack: Manifest, mix: Manifest, tmp_path: Path
) -> None:
    """DDP, FSDP2, tensor parallel; 1 -> 2 -> 1 processes, DDP -> FSDP2 -> DDP; each tells what is wrong; a death ends all."""
    fsdp = CONFIG.model_copy(update=FSDP)
    at = {
        name: tmp_path / name for name in ("ddp", "fsdp", "tensor", "there", "back", "cut", "uneven", "dead")
    }
    for name, config in (("there", CONFIG), ("back", fsdp), ("cut", CONFIG)):
        at[name].mkdir()
        train(config, pack.folder, mix.folder, str(at[name]), stop_step=2)
    index = at["cut"] / checkpoint_name(2) / "checkpoint.json"
    index.write_bytes(index.read_bytes()[:-9])
    trainings = [
        Training(at["ddp"], CONFIG),
        Training(at["fsdp"], fsdp),
        Training(at["tensor"], CONFIG.model_copy(update=TENSOR)),
        Training(at["there"], fsdp),
        Training(at["back"], CONFIG, stop=3),
        Training(at["cut"], fsdp),
        Training(at["uneven"], CONFIG.model_copy(update={"batch_sequences": 13})),
        Training(at["dead"], CONFIG, dies=1, silent=1.0),
    ]
    started = time.monotonic()
    first, second = run_ranks(2, trainings, pack, mix)
    for name in ("ddp", "fsdp", "tensor", "there"):
        assert_same_training(at[name], one)
    files = sorted(path.name for path in (at["fsdp"] / checkpoint_name(4)).iterdir())
    assert files[-2:] == ["state-00000-of-00002.safetensors", "state-00001-of-00002.safetensors"]
    train(fsdp, pack.folder, mix.folder, str(at["back"]))
    assert_same_training(at["back"], one)
    # all processes say what is wrong, and go on to the next training
    wrong = [f"UserError: {at['cut'] / checkpoint_name(2)}: no whole checkpoint"]
    wrong.append("UserError: batch_sequences 13 must be a multiple of the 2 ranks")
    for lines in (first.lines, second.lines):
        told = [line for line in lines if line.startswith("UserError")]
        assert [line.startswith(start) for line, start in zip(told, wrong, strict=True)] == [True, True]
    # the second process was killed; the first one ends by itself and says who is gone
    assert second.code == 9
    assert first.code == 1
    assert "error: rank 1 of 2 on " in first.errors
    assert time.monotonic() - started < 120


def test_four_processes_train_as_one(one: Path, pack: Manifest, mix: Manifest, tmp_path: Path) -> None:
    """By FSDP2, and two by two with tensor parallelism; and one process goes on from what they left."""
    at = {tmp_path / "four": FSDP, tmp_path / "two-by-two": TENSOR}
    run_ranks(4, [Training(folder, CONFIG.model_copy(update=how)) for folder, how in at.items()], pack, mix)
    for folder in at:
        assert_same_training(folder, one)
        shutil.rmtree(folder / checkpoint_name(4))
        train(CONFIG, pack.folder, mix.folder, str(folder))
        assert losses(folder) == pytest.approx(losses(one), rel=SUMS)


def test_fsdp_in_one_process_is_the_same_training(
    one: Path, pack: Manifest, mix: Manifest, tmp_path: Path
) -> None:
    """Also when it goes on from a checkpoint of a whole model, and with weights kept in the host's memory."""
    train(CONFIG, pack.folder, mix.folder, str(tmp_path), stop_step=2)
    train(CONFIG.model_copy(update=FSDP), pack.folder, mix.folder, str(tmp_path))
    assert losses(tmp_path) == pytest.approx(losses(one), rel=SUMS)


def test_tensor_parallelism_needs_as_many_processes() -> None:
    config = CONFIG.model_copy(update=TENSOR)
    with pytest.raises(UserError, match="tensor_parallel 2 must divide the 1 processes"), torch_ranks(config):
        pass


def test_bfloat16_weights_with_float32_masters_train_alike(
    one: Path, pack: Manifest, mix: Manifest, tmp_path: Path
) -> None:
    config = CONFIG.model_copy(update={**FSDP, "precision": "bfloat16"})
    train(config, pack.folder, mix.folder, str(tmp_path))
    assert losses(tmp_path) != pytest.approx(losses(one), rel=SUMS)
    assert losses(tmp_path) == pytest.approx(losses(one), rel=0.01)
    kept = read_safetensors(str(tmp_path / checkpoint_name(4) / "state-00000-of-00001.safetensors"))
    assert {tensor.dtype for tensor in kept.values()} == {torch.float32}
    assert len(kept) == 3 * len(read_weights(str(tmp_path / checkpoint_name(4))))


@pytest.mark.parametrize(
    "changed", [{"precision": "autocast"}, {"recompute": "selective"}, {"loss_positions": 7}]
)
def test_how_it_runs_changes_the_losses_by_rounding_alone(
    changed: dict[str, Any], one: Path, pack: Manifest, mix: Manifest, tmp_path: Path
) -> None:
    train(CONFIG.model_copy(update=changed), pack.folder, mix.folder, str(tmp_path))
    allowed = 0.01 if "precision" in changed else SUMS
    assert losses(tmp_path) == pytest.approx(losses(one), rel=allowed)

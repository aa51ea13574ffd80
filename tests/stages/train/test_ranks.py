"""Several processes train on the same batches as one: by DDP and FSDP2 the losses of one, but for the order of sums."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest

torch = pytest.importorskip("torch")

from stages.core.manifest import Manifest  # noqa: E402
from stages.train.checkpoint import checkpoint_name, read_checkpoint  # noqa: E402
from stages.train.config import ModelConfig, TrainConfig  # noqa: E402
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
FSDP = {"parallel": "fsdp", "recompute": "full"}
SUMS = 1e-6
"""By so much of a loss of some nats the order of float32 sums made losses differ here."""


def rows(folder: Path) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in (folder / "log.jsonl").read_bytes().splitlines()]


def losses(folder: Path) -> list[float]:
    """Of all steps, and of the held-out sequences of each source after every second one."""
    held_out = [found["loss"] for row in rows(folder) for found in row.get("held_out", {}).values()]
    assert len(held_out) == 2 * 2
    return [row["loss"] for row in rows(folder)] + held_out


def run_ranks(number: int, config: TrainConfig, pack: Manifest, mix: Manifest, folder: Path) -> str:
    """torchrun with `number` CPU processes; what they print."""
    path = folder.with_suffix(".yaml")
    path.write_bytes(orjson.dumps(config.model_dump(mode="json")))
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={number}"]
    done = subprocess.run(
        [*launch, "-m", "stages.train", str(path), pack.folder, mix.folder, str(folder)],
        capture_output=True,
        text=True,
        timeout=180,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).resolve().parents[3])},
    )
    assert done.returncode == 0, done.stderr[:4000]
    return done.stdout


@pytest.fixture
def one(pack: Manifest, mix: Manifest, tmp_path: Path) -> Path:
    """The folder of a training in this process."""
    folder = tmp_path / "one"
    folder.mkdir()
    train(CONFIG, pack.folder, mix.folder, str(folder))
    return folder


@pytest.mark.parametrize(
    ("number", "changed"), [(2, {}), (2, FSDP), (4, FSDP)], ids=["ddp-2", "fsdp-2", "fsdp-4"]
)
def test_several_processes_give_the_losses_of_one(
    number: int, changed: dict[str, Any], one: Path, pack: Manifest, mix: Manifest, tmp_path: Path
) -> None:
    """And one process goes on from a checkpoint that they left."""
    folder = tmp_path / "many"
    printed = run_ranks(number, CONFIG.model_copy(update=changed), pack, mix, folder)
    assert len(printed.splitlines()) == 4
    assert losses(folder) == pytest.approx(losses(one), rel=SUMS)
    ours, theirs = (read_checkpoint(str(at / checkpoint_name(4)))["model"] for at in (one, folder))
    assert list(ours) == list(theirs)
    for name, weight in ours.items():
        torch.testing.assert_close(theirs[name], weight, rtol=1e-3, atol=1e-3)  # a tenth of a step of AdamW
    (folder / checkpoint_name(4)).unlink()
    train(CONFIG, pack.folder, mix.folder, str(folder))
    assert losses(folder) == pytest.approx(losses(one), rel=SUMS)


def test_fsdp_in_one_process_is_the_same_training(
    one: Path, pack: Manifest, mix: Manifest, tmp_path: Path
) -> None:
    """Also when it goes on from a checkpoint of a whole model, and with weights kept in the host's memory."""
    train(CONFIG, pack.folder, mix.folder, str(tmp_path), stop_step=2)
    train(CONFIG.model_copy(update=FSDP), pack.folder, mix.folder, str(tmp_path))
    assert losses(tmp_path) == pytest.approx(losses(one), rel=SUMS)


def test_bfloat16_weights_with_float32_masters_train_alike(
    one: Path, pack: Manifest, mix: Manifest, tmp_path: Path
) -> None:
    config = CONFIG.model_copy(update={**FSDP, "precision": "bfloat16"})
    train(config, pack.folder, mix.folder, str(tmp_path))
    assert losses(tmp_path) != pytest.approx(losses(one), rel=SUMS)
    assert losses(tmp_path) == pytest.approx(losses(one), rel=0.01)
    state = read_checkpoint(str(tmp_path / checkpoint_name(4)))
    kept = [*state["model"].values(), *(part["exp_avg"] for part in state["optimizer"]["state"].values())]
    assert {tensor.dtype for tensor in kept} == {torch.float32}


@pytest.mark.parametrize(
    "changed", [{"precision": "autocast"}, {"recompute": "selective"}, {"loss_positions": 7}]
)
def test_how_it_runs_changes_the_losses_by_rounding_alone(
    changed: dict[str, Any], one: Path, pack: Manifest, mix: Manifest, tmp_path: Path
) -> None:
    train(CONFIG.model_copy(update=changed), pack.folder, mix.folder, str(tmp_path))
    allowed = 0.01 if "precision" in changed else SUMS
    assert losses(tmp_path) == pytest.approx(losses(one), rel=allowed)

"""Checkpoints: written while training goes on, whole or none, and one line for what is cut, damaged, old or another's."""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

torch = pytest.importorskip("torch")

from stages.core.errors import UserError  # noqa: E402
from stages.core.manifest import Manifest  # noqa: E402
from stages.core.sealed import sealed  # noqa: E402
from stages.train import checkpoint as module  # noqa: E402
from stages.train import sharded  # noqa: E402
from stages.train.checkpoint import CheckpointWriter, load_checkpoint, read_weights  # noqa: E402
from stages.train.checkpoint_index import (  # noqa: E402
    INDEX_NAME,
    checkpoint_name,
    list_checkpoints,
    read_checkpoint_index,
)
from stages.train.config import ModelConfig, TrainConfig  # noqa: E402
from stages.train.export import export_hugging_face, hugging_face_config  # noqa: E402
from stages.train.model import Llama  # noqa: E402
from stages.train.optimizer import make_optimizer  # noqa: E402
from stages.train.ranks import ALONE  # noqa: E402
from stages.train.stage import Train  # noqa: E402
from stages.train.train import train  # noqa: E402

SIZES = ModelConfig(dim=16, num_layers=1, num_heads=2, multiple_of=16)
CONFIG = TrainConfig(
    model=SIZES,
    steps=6,
    batch_sequences=4,
    warmup_steps=1,
    peak_rate=0.01,
    checkpoint_steps=2,
    keep_checkpoints=3,
    threads=1,
    device="cpu",
)
STATE = "state-00000-of-00001.safetensors"


def made(seed: int) -> tuple[Llama, torch.optim.Optimizer]:
    model = Llama(SIZES, 20)
    model.initialize(seed)
    return model, make_optimizer(model, CONFIG, torch.device("cpu"))


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """The checkpoint of a model of seed 1 after two updates of made-up gradients."""
    model, optimizer = made(1)
    for step in (1.0, 2.0):
        for weight in model.parameters():
            weight.grad = torch.full_like(weight, step)
        optimizer.step()
    described = orjson.dumps(hugging_face_config(SIZES, 20, 16, "float32", 1, 2))
    writer = CheckpointWriter(str(tmp_path), model, optimizer, ALONE, described)
    identity = {f"model.{key}": value for key, value in SIZES.model_dump(mode="json").items()}
    writer.begin(2, identity | {"vocab_size": 20})
    for weight in model.parameters():
        weight.data.zero_()  # what is written is the state as it was
    writer.wait()
    return tmp_path / checkpoint_name(2)


def test_weights_moments_and_updates_come_back(written: Path) -> None:
    model, optimizer = made(2)
    index = load_checkpoint(str(written), model, optimizer, ALONE)
    assert (index.step, index.optimizer_steps) == (2, 2)
    state = optimizer.state[model.lm_head.weight]
    assert int(state["step"]) == 2
    # means of gradients 1 and 2: 0.9 * 0.1 + 0.1 * 2, and of their squares 0.95 * 0.05 + 0.05 * 4
    torch.testing.assert_close(state["exp_avg"], torch.full((20, 16), 0.29))
    torch.testing.assert_close(state["exp_avg_sq"], torch.full((20, 16), 0.2475))
    weights = read_weights(str(written))
    assert set(weights) == {name for name, _ in model.named_parameters()}
    assert all(torch.equal(weights[name], weight) for name, weight in model.named_parameters())
    assert all(weight.any() for weight in weights.values())


def test_its_files_are_weights_and_json_and_nothing_that_runs_code(written: Path) -> None:
    """torch's own writer would leave pickles."""
    assert sorted(path.name for path in written.iterdir()) == [
        INDEX_NAME,
        "config.json",
        "model.safetensors",
        STATE,
    ]
    index = read_checkpoint_index(str(written))
    assert index.tensors["exp_avg.norm.weight"].model_dump() == {
        "shape": (16,),
        "parts": ({"file": STATE, "offsets": (0,), "shape": (16,)},),
    }
    assert len(index.tensors) == 3 * len(list(made(1)[0].parameters()))


def reseal(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    content = orjson.loads(path.read_bytes())
    del content["sha256"]
    change(content)
    path.write_bytes(sealed(content))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda at: (at / INDEX_NAME).unlink(), r"no checkpoint of `altiplano train` \(it has no"),
        (lambda at: (at / INDEX_NAME).write_bytes(b""), "no whole checkpoint .*is damaged"),
        (lambda at: (at / INDEX_NAME).write_bytes(b"[]"), "no whole checkpoint .*is damaged"),
        (
            lambda at: (at / INDEX_NAME).write_bytes((at / INDEX_NAME).read_bytes().replace(b"20", b"21")),
            "no whole checkpoint .*is damaged",
        ),
        (lambda at: reseal(at / INDEX_NAME, lambda found: found.pop("tensors")), "is damaged"),
        (lambda at: (at / STATE).unlink(), f"no whole checkpoint .{STATE} is missing"),
        (
            lambda at: (at / STATE).write_bytes((at / STATE).read_bytes()[:-1]),
            r"has 51,783 bytes, 51,784 were written",
        ),
        (lambda at: (at / STATE).write_bytes(bytes((at / STATE).stat().st_size)), "no safetensors file"),
        (
            lambda at: reseal(at / INDEX_NAME, lambda found: found["tensors"].pop("exp_avg.norm.weight")),
            r"another model: exp_avg.norm.weight has the shape \[\] there",
        ),
        (
            lambda at: reseal(at / INDEX_NAME, lambda found: found["files"][0].update(name="../x")),
            "is no name of a file below it",
        ),
    ],
)
def test_damage_is_one_line(written: Path, damage: Callable[[Path], object], message: str) -> None:
    damage(written)
    with pytest.raises(UserError, match=message) as caught:
        load_checkpoint(str(written), *made(2), ALONE)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"hello", bytes(100), b"\xff" * 64])
def test_weights_that_are_none_are_one_line(written: Path, content: bytes) -> None:
    """Also where their size is what was written."""
    (written / "model.safetensors").write_bytes(content)
    with pytest.raises(UserError, match="no whole checkpoint .model.safetensors has"):
        export_hugging_face(str(written), str(written / "out"), 16)
    reseal(
        written / INDEX_NAME,
        lambda found: [
            file.update(bytes=len(content)) for file in found["files"] if file["name"] == "model.safetensors"
        ],
    )
    with pytest.raises(UserError, match=r"model\.safetensors: no safetensors file, or not all of one"):
        export_hugging_face(str(written), str(written / "out"), 16)


def test_one_file_as_earlier_versions_wrote_it_is_refused(
    pack: Manifest, mix: Manifest, tmp_path: Path
) -> None:
    torch.save({"model": {}}, tmp_path / "checkpoint-00000004.pt")
    with pytest.raises(UserError, match=r"checkpoint-00000004\.pt: a checkpoint of an earlier version, one"):
        train(CONFIG, pack.folder, mix.folder, str(tmp_path))


def test_training_goes_on_while_a_checkpoint_is_written(
    pack: Manifest, mix: Manifest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That of step 2 waits for the end of step 3; that of step 4 is begun when it is whole."""
    third = threading.Event()
    write = module.write_checkpoint_index

    def slow(uri: str, index: module.CheckpointIndex) -> None:
        assert third.wait(30)
        write(uri, index)

    seen: list[list[int]] = []

    def stepped(info: Any) -> None:
        seen.append(list_checkpoints(str(tmp_path)) if info.step <= 3 else [])
        if info.step == 3:
            third.set()

    monkeypatch.setattr(module, "write_checkpoint_index", slow)
    train(CONFIG, pack.folder, mix.folder, str(tmp_path), on_step=stepped)
    assert seen[:3] == [[], [], []]
    assert list_checkpoints(str(tmp_path)) == [2, 4, 6]


def test_no_space_left_names_the_place_and_leaves_the_last_good_checkpoint(
    pack: Manifest, mix: Manifest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, calls = sharded.write_safetensors, []

    def full(*given: Any) -> Any:
        calls.append(given)
        if len(calls) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(*given)

    monkeypatch.setattr(sharded, "write_safetensors", full)
    with pytest.raises(OSError, match="No space left on device") as caught:
        train(CONFIG, pack.folder, mix.folder, str(tmp_path))
    assert caught.value.errno == errno.ENOSPC
    assert caught.value.filename == str(tmp_path / checkpoint_name(4))
    assert list_checkpoints(str(tmp_path)) == [2]
    assert read_checkpoint_index(str(tmp_path / checkpoint_name(2))).step == 2
    monkeypatch.setattr(sharded, "write_safetensors", write)
    assert train(CONFIG, pack.folder, mix.folder, str(tmp_path)).steps == 6


def test_a_warm_restart_takes_weights_and_moments_and_says_where_from(
    pack: Manifest, mix: Manifest, tmp_path: Path
) -> None:
    """Another seed is another order of the data: a new training, that began with the old one's last state."""
    folders = [tmp_path / name for name in ("first", "second", "third")]
    train(CONFIG, pack.folder, mix.folder, str(folders[0]))
    start = str(folders[0] / checkpoint_name(6))
    annealed = CONFIG.model_copy(
        update={"start": start, "seed": 2, "warmup_steps": 0, "peak_rate": 1e-12, "steps": 2}
    )
    done = train(annealed, pack.folder, mix.folder, str(folders[1]))
    assert [one.step for one in done.lineage] == [6]
    assert done.lineage[0].identity["seed"] == 1
    before, after = read_weights(start), read_weights(str(folders[1] / checkpoint_name(2)))
    assert all(torch.allclose(before[name], after[name], atol=1e-9) for name in before)
    assert read_checkpoint_index(str(folders[1] / checkpoint_name(2))).optimizer_steps == 8
    assert train(annealed, pack.folder, mix.folder, str(folders[1])) == done
    again = annealed.model_copy(update={"start": str(folders[1] / checkpoint_name(2)), "seed": 3})
    third = train(again, pack.folder, mix.folder, str(folders[2]))
    assert [(one.step, one.identity["seed"]) for one in third.lineage] == [(6, 1), (2, 2)]
    with pytest.raises(UserError, match="another run: it began with other weights"):
        train(again.model_copy(update={"start": start}), pack.folder, mix.folder, str(folders[2]))
    other = Train(**again.model_dump()).fingerprint([])
    assert other != Train(**again.model_copy(update={"start": start}).model_dump()).fingerprint([])
    reseal(Path(start) / INDEX_NAME, lambda found: found["identity"].update(tokenizer="cd" * 32))
    with pytest.raises(UserError, match="trained on tokens of another tokenizer; tokenize with that one"):
        train(annealed, pack.folder, mix.folder, str(tmp_path / "other"))
    wider = CONFIG.model_copy(update={"model": SIZES.model_copy(update={"dim": 32}), "start": start})
    with pytest.raises(UserError, match="a checkpoint of another model: .* give `model` the same sizes"):
        train(wider, pack.folder, mix.folder, str(tmp_path / "wider"))

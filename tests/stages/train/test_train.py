"""The loop: the loss falls, a resumed run is the same bit for bit, a wrong folder or config is one line."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

torch = pytest.importorskip("torch")

from stages.core import storage  # noqa: E402
from stages.core.errors import UserError  # noqa: E402
from stages.core.manifest import Manifest  # noqa: E402
from stages.core.stage import Task  # noqa: E402
from stages.mix.schedule import Schedule, read_mixture  # noqa: E402
from stages.tokenize.read import PackedTokens  # noqa: E402
from stages.train.__main__ import main, read_config  # noqa: E402
from stages.train.checkpoint import read_weights  # noqa: E402
from stages.train.checkpoint_index import checkpoint_name, list_checkpoints  # noqa: E402
from stages.train.config import ModelConfig, TrainConfig  # noqa: E402
from stages.train.log import StepInfo, read_log  # noqa: E402
from stages.train.stage import Train, TrainParams  # noqa: E402
from stages.train.train import train  # noqa: E402

pytestmark = pytest.mark.slow

SIZES = ModelConfig(dim=32, num_layers=2, num_heads=4, num_kv_heads=2, multiple_of=16)
CONFIG = TrainConfig(
    model=SIZES,
    steps=12,
    batch_sequences=6,
    micro_batch_sequences=4,
    warmup_steps=2,
    peak_rate=0.01,
    checkpoint_steps=4,
    threads=1,
    device="cpu",
)


def contents(folder: Path) -> dict[str, bytes]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@pytest.mark.parametrize("document_mask", [False, True])
def test_a_resumed_run_equals_an_uninterrupted_one(
    pack: Manifest, mix: Manifest, tmp_path: Path, document_mask: bool
) -> None:
    """Stopped after step 5, and again with a log ahead of its checkpoint: same files, same bytes."""
    config = CONFIG.model_copy(update={"document_mask": document_mask})
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    whole.mkdir(), parts.mkdir()
    expected = train(config, pack.folder, mix.folder, str(whole))
    train(config, pack.folder, mix.folder, str(parts), stop_step=5)
    train(config, pack.folder, mix.folder, str(parts), stop_step=9)
    shutil.rmtree(parts / checkpoint_name(9))
    train(config, pack.folder, mix.folder, str(parts), stop_step=8)
    torch.manual_seed(123)
    found = train(config, pack.folder, mix.folder, str(parts))
    assert found == expected
    assert contents(whole) == contents(parts)
    assert list_checkpoints(str(whole)) == [8, 12]
    one, two = (read_weights(str(folder / checkpoint_name(12))) for folder in (whole, parts))
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_a_finished_run_does_nothing_again(pack: Manifest, mix: Manifest, tmp_path: Path) -> None:
    first = train(CONFIG, pack.folder, mix.folder, str(tmp_path))
    steps: list[StepInfo] = []
    assert train(CONFIG, pack.folder, mix.folder, str(tmp_path), on_step=steps.append) == first
    assert steps == []


def test_a_half_written_checkpoint_is_none(pack: Manifest, mix: Manifest, tmp_path: Path) -> None:
    """One without its index, as a killed training leaves it; another's parts are gone when it is written again."""
    left = tmp_path / checkpoint_name(4)
    left.mkdir()
    (left / "state-00003-of-00004.safetensors").write_bytes(b"half")
    assert list_checkpoints(str(tmp_path)) == []
    train(CONFIG, pack.folder, mix.folder, str(tmp_path), stop_step=5)
    assert sorted(path.name for path in left.iterdir()) == [
        "checkpoint.json",
        "config.json",
        "model.safetensors",
        "state-00000-of-00001.safetensors",
    ]


def test_a_damaged_checkpoint_is_named(pack: Manifest, mix: Manifest, tmp_path: Path) -> None:
    train(CONFIG, pack.folder, mix.folder, str(tmp_path), stop_step=4)
    path = tmp_path / checkpoint_name(4) / "state-00000-of-00001.safetensors"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(
        UserError, match=r"checkpoint-00000004: no whole checkpoint \(state-.* has 1,000 bytes"
    ):
        train(CONFIG, pack.folder, mix.folder, str(tmp_path))


def test_a_checkpoint_of_another_config_or_mixture_is_refused(
    pack: Manifest, mix: Manifest, tmp_path: Path
) -> None:
    train(CONFIG, pack.folder, mix.folder, str(tmp_path), stop_step=4)
    with pytest.raises(UserError, match="another run: seed is 1 there and 2 here"):
        train(CONFIG.model_copy(update={"seed": 2}), pack.folder, mix.folder, str(tmp_path))
    wider = CONFIG.model_copy(update={"model": SIZES.model_copy(update={"dim": 64})})
    with pytest.raises(UserError, match=r"model\.dim is 32 there and 64 here"):
        train(wider, pack.folder, mix.folder, str(tmp_path))
    mixture = Path(mix.folder) / "model" / "mixture.json"
    mixture.write_text(mixture.read_text().replace('"epochs": 2.0', '"epochs": 2.01'))
    with pytest.raises(UserError, match="another run: mixture is"):
        train(CONFIG, pack.folder, mix.folder, str(tmp_path))


def test_a_checkpoint_without_its_log_is_refused(pack: Manifest, mix: Manifest, tmp_path: Path) -> None:
    train(CONFIG, pack.folder, mix.folder, str(tmp_path), stop_step=4)
    (tmp_path / "log.jsonl").unlink()
    with pytest.raises(UserError, match=r"log\.jsonl: 0 rows, but there is a checkpoint of step 4"):
        train(CONFIG, pack.folder, mix.folder, str(tmp_path))


def test_micro_batches_do_not_change_the_mathematics(pack: Manifest, mix: Manifest, tmp_path: Path) -> None:
    losses = []
    for size in (6, 1, 4):
        folder = tmp_path / str(size)
        folder.mkdir()
        config = CONFIG.model_copy(update={"micro_batch_sequences": size})
        losses.append(train(config, pack.folder, mix.folder, str(folder)).final_loss)
    assert losses == pytest.approx([losses[0]] * 3, rel=1e-4)


def test_more_steps_than_data_and_too_long_a_warm_up_are_refused(
    pack: Manifest, mix: Manifest, tmp_path: Path
) -> None:
    for changed, message in [
        ({"steps": 10_000}, "steps 10000 need 60000 sequences, but the mixture draws"),
        ({"batch_sequences": 100_000, "steps": None}, "fewer than one batch of 100000"),
        ({"warmup_steps": 2000, "steps": None}, "warmup_steps 2000 must be below the"),
    ]:
        with pytest.raises(UserError, match=message):
            train(CONFIG.model_copy(update=changed), pack.folder, mix.folder, str(tmp_path))


def test_the_stage_trains_all_of_the_mixture_and_the_loss_falls(
    pack: Manifest, mix: Manifest, run_stage: Callable[..., Manifest]
) -> None:
    """Without `steps` the data decides; torch's own settings are as before afterwards."""
    before = torch.get_num_threads()
    stage = Train(
        model=SIZES, batch_sequences=4, warmup_steps=5, peak_rate=0.01, threads=before + 1, device="cpu"
    )
    done = run_stage(stage, [pack, mix])
    assert torch.get_num_threads() == before
    rows = [
        orjson.loads(line) for line in (Path(done.folder) / "model" / "log.jsonl").read_bytes().splitlines()
    ]
    facts = done.facts[0]
    steps = facts["steps"]
    assert [row["step"] for row in rows] == list(range(1, steps + 1))
    assert list(rows[0]) == ["step", "loss", "bits_per_byte", "lr", "grad_norm", "tokens"]
    assert facts["tokens"] == steps * 4 * 16 == rows[-1]["tokens"]
    assert facts["parameters"] == SIZES.num_parameters(40)
    assert (facts["first_loss"], facts["final_loss"]) == (rows[0]["loss"], rows[-1]["loss"])
    assert facts["first_loss"] == pytest.approx(3.69, abs=0.2)
    assert facts["final_loss"] < 2.2
    assert [(file.name, file.kind, file.rows) for file in done.files] == [
        ("model/log.jsonl", "table", steps),
        *(
            (f"model/{checkpoint_name(steps)}/{name}", "model", steps)
            for name in (
                "state-00000-of-00001.safetensors",
                "model.safetensors",
                "config.json",
                "checkpoint.json",
            )
        ),
    ]


def test_the_stage_without_torch_says_what_to_install(
    pack: Manifest, mix: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stages.train.stage.find_spec", lambda name: None)
    [task] = Train(model="tiny").plan([pack, mix])
    assert task == Task("00000", (), TrainParams(pack=pack.folder, mix=mix.folder, fit=None))
    with pytest.raises(UserError, match=r"training needs torch: pip install '\.\[train\]'"):
        Train(model="tiny").run(task)
    with pytest.raises(UserError, match="train needs the pack and the mix stage; it was given 1"):
        Train(model="tiny").plan([pack])


def test_held_out_loss_by_source_falls_too_and_bits_per_byte_go_with_it(
    pack: Manifest, mix: Manifest, tmp_path: Path
) -> None:
    """A text of one byte a document: the bits of all of a document's tokens are that byte's."""
    config = CONFIG.model_copy(update={"held_out_sequences": 4, "held_out_steps": 5})
    train(config, pack.folder, mix.folder, str(tmp_path))
    rows = read_log(str(tmp_path), 12)
    measured = {row["step"]: row["held_out"] for row in rows if "held_out" in row}
    assert list(measured) == [5, 10, 12]
    tokens = PackedTokens.open(pack.folder)
    for source in ("books", "c4"):
        assert measured[12][source]["loss"] < measured[5][source]["loss"] < 3.7
        found = measured[5][source]
        share = tokens.num_tokens(source) / tokens.num_documents(source)
        assert found["bits_per_byte"] == pytest.approx(found["loss"] / math.log(2) * share)


def test_a_spike_stops_before_it_is_taken_and_names_documents_and_the_way_on(
    pack: Manifest, mix: Manifest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At step 7: the checkpoint of step 4 is as it was, and without that batch the training goes on."""
    ahead = CONFIG.model_copy(update={"skip_batches": (7,)})
    calls = []

    def seventh(*given: object) -> str | None:
        calls.append(given)
        return "the loss is nan" if len(calls) == 7 else None

    monkeypatch.setattr("stages.train.train.fault", seventh)
    with pytest.raises(UserError) as caught:
        train(CONFIG, pack.folder, mix.folder, str(tmp_path))
    said = orjson.loads((tmp_path / "batch-00000007.json").read_bytes())
    schedule, tokens = Schedule(read_mixture(mix.folder), 1), PackedTokens.open(pack.folder)
    expected = {
        name
        for source, _, n in schedule.batch(6, 6).rows()
        for name in tokens.documents_of(source, n * 16, n * 16 + 17)[0]
    }
    ids = [name for names in said["documents"].values() for name in names]
    assert (said["step"], said["fault"], set(ids)) == (7, "the loss is nan", expected)
    assert str(caught.value) == (
        f"step 7: the loss is nan; the ids of its {len(ids)} documents are in {tmp_path}/batch-00000007.json"
        f" (first: {', '.join(ids[:3])}); the same command with --skip-batches 7 goes on from"
        " checkpoint-00000004 without that batch"
    )
    assert list_checkpoints(str(tmp_path)) == [4]
    done = train(ahead, pack.folder, mix.folder, str(tmp_path))
    assert (done.steps, done.tokens) == (12, 11 * 6 * 16)
    assert read_log(str(tmp_path), 12)[6] == {"step": 7, "skipped": True, "tokens": 6 * 6 * 16}
    with pytest.raises(UserError, match=r"another run: skip_batches is \[7\] there and \[\] here"):
        train(CONFIG, pack.folder, mix.folder, str(tmp_path))


def test_the_checkpoint_of_every_so_many_steps_is_kept_besides(
    pack: Manifest, mix: Manifest, tmp_path: Path
) -> None:
    config = CONFIG.model_copy(update={"checkpoint_steps": 2, "keep_checkpoints": 1, "keep_steps": 4})
    train(config, pack.folder, mix.folder, str(tmp_path), stop_step=10)
    assert list_checkpoints(str(tmp_path)) == [4, 8, 10]


def test_the_command_line(
    pack: Manifest, mix: Manifest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "train.yaml"
    path.write_bytes(orjson.dumps(CONFIG.model_dump(mode="json") | {"steps": 3, "warmup_steps": 1}))
    assert main([str(path), pack.folder, mix.folder, str(tmp_path / "out")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[2].startswith("step 3/3 | loss 3.")
    path.write_text("modle: 7B")
    assert main([str(path), pack.folder, mix.folder, str(tmp_path / "out")]) == 2
    assert capsys.readouterr().err == f"error: {path}: modle: Extra inputs are not permitted\n"
    with pytest.raises(UserError, match="no such file"):
        read_config(str(tmp_path / "none.yaml"))


def test_a_text_is_written_where_the_held_out_loss_is_due(
    mix: Manifest, pack: Manifest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same one again after a stop; at most so many tokens, up to the end of a document."""
    monkeypatch.setattr("stages.train.samples.load_tokenizer", lambda uri: Numbers())
    monkeypatch.setattr("stages.train.samples.sha256_file", lambda uri: "ab" * 32)
    config = CONFIG.model_copy(update={"sample_tokens": 6, "held_out_steps": 5})
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    whole.mkdir(), parts.mkdir()
    train(config, pack.folder, mix.folder, str(whole), tokenizer="x.model")
    train(config, pack.folder, mix.folder, str(parts), tokenizer="x.model", stop_step=6)
    train(config, pack.folder, mix.folder, str(parts), tokenizer="x.model")
    rows = read_log(str(whole), 12)
    assert rows == read_log(str(parts), 12)
    texts = {row["step"]: row["sample"].split() for row in rows if "sample" in row}
    assert list(texts) == [5, 10, 12]
    assert all(len(numbers) <= 6 and "2" not in numbers for numbers in texts.values())
    with pytest.raises(UserError, match="sample_tokens: needs the tokens' tokenizer; give its file"):
        train(config, pack.folder, mix.folder, str(whole))
    monkeypatch.setattr("stages.train.samples.sha256_file", lambda uri: "cd" * 32)
    with pytest.raises(
        UserError, match=r"x\.model: another tokenizer \(cdcdcdcdcdcd\) than that of the tokens"
    ):
        train(config, pack.folder, mix.folder, str(whole), tokenizer="x.model")


class Numbers:
    """Tokens as their numbers."""

    def decode(self, ids: Any) -> str:
        return " ".join(map(str, ids.tolist()))


def test_shards_of_a_store_are_read_through_the_cache(
    pack: Manifest, mix: Manifest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder is another kind of place for the while; each block is asked for once, whatever the steps."""
    opened = storage.open_input
    monkeypatch.setattr(storage, "is_local", lambda uri: uri != pack.folder)
    monkeypatch.setattr(
        storage,
        "open_input",
        lambda uri: storage.open_arrow(uri) if uri.startswith(pack.folder) else opened(uri),
    )
    (tmp_path / "out").mkdir()
    config = CONFIG.model_copy(update={"cache": str(tmp_path / "cache")})
    cached = train(config, pack.folder, mix.folder, str(tmp_path / "out"))
    kept = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert len(kept) >= 3
    monkeypatch.undo()
    (tmp_path / "plain").mkdir()
    plain = train(CONFIG, pack.folder, mix.folder, str(tmp_path / "plain"))
    assert (cached.final_loss, cached.tokens) == (plain.final_loss, plain.tokens)


def test_deterministic_kernels_are_asked_for_and_only_for_the_while(
    pack: Manifest, mix: Manifest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []
    config = CONFIG.model_copy(update={"deterministic": True, "steps": 3})
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":16:8")
    train(
        config,
        pack.folder,
        mix.folder,
        str(tmp_path),
        on_step=lambda info: seen.append(torch.are_deterministic_algorithms_enabled()),
    )
    assert seen == [True] * 3
    assert not torch.are_deterministic_algorithms_enabled()

"""A Hugging Face Llama to go on from: the weights that were exported, and one line for another model."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

torch = pytest.importorskip("torch")

from stages.core.errors import UserError  # noqa: E402
from stages.core.manifest import Manifest  # noqa: E402
from stages.train.checkpoint import CheckpointWriter, read_weights  # noqa: E402
from stages.train.checkpoint_index import checkpoint_name  # noqa: E402
from stages.train.config import ModelConfig, TrainConfig  # noqa: E402
from stages.train.export import export_hugging_face  # noqa: E402
from stages.train.model import Llama  # noqa: E402
from stages.train.optimizer import make_optimizer  # noqa: E402
from stages.train.ranks import ALONE  # noqa: E402
from stages.train.stage import Train  # noqa: E402
from stages.train.start import start_weights  # noqa: E402
from stages.train.train import train  # noqa: E402

SIZES = ModelConfig(dim=32, num_layers=2, num_heads=4, num_kv_heads=2, multiple_of=16)


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    """A model of its first weights by seed 7, in several files."""
    model = Llama(SIZES, 40)
    model.initialize(7)
    optimizer = make_optimizer(model, TrainConfig(), torch.device("cpu"))
    identity = {f"model.{key}": value for key, value in SIZES.model_dump(mode="json").items()}
    writer = CheckpointWriter(str(tmp_path), model, optimizer, ALONE, b"{}")
    writer.begin(1, identity | {"vocab_size": 40})
    writer.wait()
    names = export_hugging_face(
        str(tmp_path / checkpoint_name(1)), str(tmp_path / "hf"), 16, "float32", max_file_bytes=30_000
    )
    assert len(names) > 4
    return tmp_path / "hf"


def named(folder: Path, sizes: ModelConfig = SIZES) -> dict[str, torch.Tensor]:
    names = [name for name, _ in Llama(SIZES, 40).named_parameters()]
    return dict(start_weights(str(folder), sizes, 40, names))


def edit(folder: Path, **changed: object) -> None:
    path = folder / "config.json"
    path.write_bytes(orjson.dumps(orjson.loads(path.read_bytes()) | changed))


def test_what_was_exported_comes_back(exported: Path) -> None:
    expected = dict(Llama(SIZES, 40).first_weights(7))
    found = named(exported)
    assert list(found) == list(expected)
    assert all(torch.equal(found[name], expected[name]) for name in expected)


def test_tied_embeddings_are_the_head_too(exported: Path) -> None:
    edit(exported, tie_word_embeddings=True)
    found = named(exported)
    assert torch.equal(found["lm_head.weight"], found["embed_tokens.weight"])


def test_another_model_is_named(exported: Path) -> None:
    with pytest.raises(UserError, match="hidden_size is 32, but the model to train has 64"):
        named(exported, SIZES.model_copy(update={"dim": 64}))
    edit(exported, rope_scaling={"type": "llama3"})
    with pytest.raises(UserError, match="its rotary embeddings are scaled"):
        named(exported)


def test_a_file_cut_short_or_of_another_kind_is_one_line(exported: Path) -> None:
    path = sorted(exported.glob("*.safetensors"))[-1]
    whole = path.read_bytes()
    for content, message in [
        (whole[:-4], "cut short"),
        (whole[:50], "no safetensors file, or not all of one"),
        (b"", "no safetensors file, or not all of one"),
        (b"hello, this is text", "no safetensors file, or not all of one"),
    ]:
        path.write_bytes(content)
        with pytest.raises(UserError, match=message):
            named(exported)


def test_a_training_goes_on_from_it(exported: Path, pack: Manifest, mix: Manifest, tmp_path: Path) -> None:
    """With a rate of almost nothing the weights after a step are those that it began with."""
    config = TrainConfig(
        model=SIZES,
        start=str(exported),
        steps=1,
        batch_sequences=4,
        warmup_steps=0,
        peak_rate=1e-12,
        threads=1,
        device="cpu",
    )
    (tmp_path / "out").mkdir()
    train(config, pack.folder, mix.folder, str(tmp_path / "out"))
    state = read_weights(str(tmp_path / "out" / checkpoint_name(1)))
    for name, value in Llama(SIZES, 40).first_weights(7):
        torch.testing.assert_close(state[name], value, rtol=0, atol=1e-9)
    before = Train(**config.model_dump()).fingerprint([])
    edit(exported, torch_dtype="bfloat16")
    assert Train(**config.model_dump()).fingerprint([]) != before

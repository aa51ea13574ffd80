"""Export to Hugging Face's layout: names, shapes and bytes by the documented formats, and the same logits."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pytest

torch = pytest.importorskip("torch")

from stages.core.errors import UserError  # noqa: E402
from stages.core.stage import Manifest  # noqa: E402
from stages.train.checkpoint import read_weights  # noqa: E402
from stages.train.checkpoint_index import checkpoint_name  # noqa: E402
from stages.train.config import ModelConfig, TrainConfig  # noqa: E402
from stages.train.export import export_hugging_face  # noqa: E402
from stages.train.model import Llama  # noqa: E402
from stages.train.train import train  # noqa: E402

SIZES = ModelConfig(dim=32, num_layers=2, num_heads=4, num_kv_heads=2, multiple_of=16)
Weights = dict[str, npt.NDArray[Any]]


@pytest.fixture
def checkpoint(pack: Manifest, mix: Manifest, tmp_path: Path) -> str:
    config = TrainConfig(model=SIZES, steps=3, batch_sequences=4, warmup_steps=1, threads=1, device="cpu")
    train(config, pack.folder, mix.folder, str(tmp_path))
    return str(tmp_path / checkpoint_name(3))


def read_safetensors(path: Path) -> Weights:
    """By the format's own page: u64 header length, JSON header, data."""
    data = path.read_bytes()
    length = struct.unpack("<Q", data[:8])[0]
    assert length % 8 == 0
    header = orjson.loads(data[8 : 8 + length])
    assert header.pop("__metadata__") == {"format": "pt"}
    weights = {}
    for name, entry in header.items():
        start, stop = (8 + length + offset for offset in entry["data_offsets"])
        kind = {"F32": "<f4", "BF16": "<u2"}[entry["dtype"]]
        weights[name] = np.frombuffer(data[start:stop], kind).reshape(entry["shape"])
    assert stop == len(data)
    return weights


def test_names_and_shapes_are_hugging_faces(checkpoint: str, tmp_path: Path) -> None:
    names = export_hugging_face(checkpoint, str(tmp_path / "hf"), 16)
    assert names == ["config.json", "model.safetensors"]
    layer = {
        "input_layernorm.weight": (32,),
        "mlp.down_proj.weight": (32, 96),
        "mlp.gate_proj.weight": (96, 32),
        "mlp.up_proj.weight": (96, 32),
        "post_attention_layernorm.weight": (32,),
        "self_attn.k_proj.weight": (16, 32),
        "self_attn.o_proj.weight": (32, 32),
        "self_attn.q_proj.weight": (32, 32),
        "self_attn.v_proj.weight": (16, 32),
    }
    expected = {f"model.layers.{n}.{name}": shape for n in (0, 1) for name, shape in layer.items()}
    expected |= {
        "lm_head.weight": (40, 32),
        "model.embed_tokens.weight": (40, 32),
        "model.norm.weight": (32,),
    }
    found = {n: w.shape for n, w in read_safetensors(tmp_path / "hf" / "model.safetensors").items()}
    assert found == expected
    assert orjson.loads((tmp_path / "hf" / "config.json").read_bytes()) == {
        "architectures": ["LlamaForCausalLM"],
        "attention_bias": False,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "head_dim": 8,
        "hidden_act": "silu",
        "hidden_size": 32,
        "intermediate_size": 96,
        "max_position_embeddings": 16,
        "mlp_bias": False,
        "model_type": "llama",
        "num_attention_heads": 4,
        "num_hidden_layers": 2,
        "num_key_value_heads": 2,
        "rms_norm_eps": 1e-5,
        "rope_theta": 10_000.0,
        "tie_word_embeddings": False,
        "torch_dtype": "bfloat16",
        "vocab_size": 40,
    }


def test_bfloat16_is_the_upper_half_of_float32(checkpoint: str, tmp_path: Path) -> None:
    export_hugging_face(checkpoint, str(tmp_path / "hf"), 16)
    found = read_safetensors(tmp_path / "hf" / "model.safetensors")["lm_head.weight"]
    weight = read_weights(checkpoint)["lm_head.weight"]
    assert torch.equal(torch.from_numpy(found.copy()).view(torch.bfloat16), weight.bfloat16())


def test_several_files_and_their_index(checkpoint: str, tmp_path: Path) -> None:
    folder = tmp_path / "hf"
    names = export_hugging_face(checkpoint, str(folder), 16, dtype="float32", max_file_bytes=30_000)
    assert names == [
        "config.json",
        *(f"model-0000{n}-of-00004.safetensors" for n in (1, 2, 3, 4)),
        "model.safetensors.index.json",
    ]
    index = orjson.loads((folder / names[-1]).read_bytes())
    parts = {name: read_safetensors(folder / name) for name in names[1:-1]}
    assert index["weight_map"] == {key: name for name, part in parts.items() for key in part}
    assert index["metadata"]["total_size"] == sum(w.nbytes for part in parts.values() for w in part.values())
    state = read_weights(checkpoint)
    for name, file in index["weight_map"].items():
        assert np.array_equal(parts[file][name], state[name.removeprefix("model.")].numpy())


def hugging_face_logits(w: Weights, ids: list[int], heads: int, kv_heads: int) -> npt.NDArray[np.float32]:
    """Llama's forward pass as Hugging Face documents it, in plain NumPy."""

    def norm(x: npt.NDArray[Any], weight: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return weight * x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-5)

    def split(x: npt.NDArray[Any], count: int) -> npt.NDArray[Any]:
        return x.reshape(len(ids), count, -1).swapaxes(0, 1)

    x = w["model.embed_tokens.weight"][ids]
    width = x.shape[1] // heads
    angles = np.arange(len(ids))[:, None] / 10_000 ** (np.arange(0, width, 2) / width)
    cosine, sine = (f(np.concatenate([angles, angles], 1)) for f in (np.cos, np.sin))

    def rope(x: npt.NDArray[Any]) -> npt.NDArray[Any]:
        half = width // 2
        return x * cosine + np.concatenate([-x[..., half:], x[..., :half]], -1) * sine

    for n in range(2):
        p = f"model.layers.{n}."
        h = norm(x, w[p + "input_layernorm.weight"])
        query = rope(split(h @ w[p + "self_attn.q_proj.weight"].T, heads))
        key = rope(split(h @ w[p + "self_attn.k_proj.weight"].T, kv_heads)).repeat(heads // kv_heads, 0)
        value = split(h @ w[p + "self_attn.v_proj.weight"].T, kv_heads).repeat(heads // kv_heads, 0)
        scores = query @ key.swapaxes(1, 2) / np.sqrt(width)
        scores = np.where(np.tri(len(ids), dtype=bool), scores, -np.inf)
        weights = np.exp(scores - scores.max(-1, keepdims=True))
        mixed = (weights / weights.sum(-1, keepdims=True)) @ value
        x = x + mixed.swapaxes(0, 1).reshape(len(ids), -1) @ w[p + "self_attn.o_proj.weight"].T
        h = norm(x, w[p + "post_attention_layernorm.weight"])
        gate = h @ w[p + "mlp.gate_proj.weight"].T
        up = h @ w[p + "mlp.up_proj.weight"].T
        x = x + (gate / (1 + np.exp(-gate)) * up) @ w[p + "mlp.down_proj.weight"].T
    logits: npt.NDArray[np.float32] = norm(x, w["model.norm.weight"]) @ w["lm_head.weight"].T
    return logits


def test_the_documented_forward_pass_gives_our_logits(checkpoint: str, tmp_path: Path) -> None:
    export_hugging_face(checkpoint, str(tmp_path / "hf"), 16, dtype="float32")
    weights = read_safetensors(tmp_path / "hf" / "model.safetensors")
    model = Llama(SIZES, 40)
    model.load_state_dict(read_weights(checkpoint))
    ids = [1, 5, 6, 7, 8, 9, 2, 1, 30]
    with torch.no_grad():
        ours = model(torch.tensor([ids]))[0].numpy()
    assert np.allclose(hugging_face_logits(weights, ids, 4, 2), ours, atol=1e-5)


def test_an_unknown_dtype_is_refused(checkpoint: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="dtype 'int4' is none of float32, bfloat16, float16"):
        export_hugging_face(checkpoint, str(tmp_path / "hf"), 16, dtype="int4")


def test_transformers_generates_our_greedy_tokens(checkpoint: str, tmp_path: Path) -> None:
    transformers: Any = pytest.importorskip("transformers")
    export_hugging_face(checkpoint, str(tmp_path / "hf"), 64, dtype="float32", eos_id=39)
    theirs = transformers.AutoModelForCausalLM.from_pretrained(str(tmp_path / "hf"), dtype=torch.float32)
    model = Llama(SIZES, 40)
    model.load_state_dict(read_weights(checkpoint))
    ids = torch.tensor([[1, 5, 6, 7]])
    found = theirs.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=12, do_sample=False)
    with torch.no_grad():
        for _ in range(found.shape[1] - 4):
            ids = torch.cat([ids, model(ids)[:, -1].argmax(-1, keepdim=True)], dim=1)
    assert found.shape[1] > 4
    assert torch.equal(found, ids)

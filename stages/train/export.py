"""A checkpoint in, a folder in Hugging Face's Llama layout out: config.json and model*.safetensors.

Weights are read and written one after another, so memory holds no copy of the model.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from pydantic import ValidationError

from stages.core import storage
from stages.core.atomic import write_bytes
from stages.core.errors import UserError
from stages.train.checkpoint_index import CheckpointIndex, read_checkpoint_index
from stages.train.config import ModelConfig
from stages.train.safetensors import DTYPES, StoredTensor, read_safetensors, write_safetensors

MAX_FILE_BYTES = 5 << 30


def export_hugging_face(
    checkpoint: str,
    folder: str,
    sequence_length: int,
    dtype: str = "bfloat16",
    bos_id: int = 1,
    eos_id: int = 2,
    max_file_bytes: int = MAX_FILE_BYTES,
) -> list[str]:
    """Write the model of `checkpoint` to `folder` for Hugging Face's Llama; the names of the files."""
    if dtype not in DTYPES:
        raise UserError(f"dtype {dtype!r} is none of {', '.join(DTYPES)}")
    config, vocab_size = model_of(checkpoint, read_checkpoint_index(checkpoint))
    weights = read_safetensors(storage.join(checkpoint, "model.safetensors"))
    storage.make_folder(folder)
    described = hugging_face_config(config, vocab_size, sequence_length, dtype, bos_id, eos_id)
    write_bytes(storage.join(folder, "config.json"), as_json(described))
    return ["config.json", *_write_weights(folder, weights, dtype, max_file_bytes)]


def model_of(checkpoint: str, index: CheckpointIndex) -> tuple[ModelConfig, int]:
    """Sizes of a checkpoint's model, and entries of its vocabulary."""
    prefix = "model."
    sizes = {key[len(prefix) :]: value for key, value in index.identity.items() if key.startswith(prefix)}
    vocab_size = index.identity.get("vocab_size")
    try:
        config = ModelConfig.model_validate(sizes)
    except ValidationError as error:
        raise UserError(
            f"{checkpoint}: damaged (the sizes of its model: {error.errors()[0]['msg']})"
        ) from error
    if not isinstance(vocab_size, int):
        raise UserError(f"{checkpoint}: damaged (it does not say how large its vocabulary is)")
    return config, vocab_size


def hugging_face_name(name: str) -> str:
    """The name of one of our weights in Hugging Face's `LlamaForCausalLM`."""
    return name if name.startswith("lm_head.") else f"model.{name}"


def hugging_face_config(
    config: ModelConfig, vocab_size: int, sequence_length: int, dtype: str, bos_id: int, eos_id: int
) -> dict[str, Any]:
    """The content of config.json."""
    return {
        "architectures": ["LlamaForCausalLM"],
        "attention_bias": False,
        "bos_token_id": bos_id,
        "eos_token_id": eos_id,
        "head_dim": config.head_dim,
        "hidden_act": "silu",
        "hidden_size": config.dim,
        "intermediate_size": config.hidden_dim,
        "max_position_embeddings": sequence_length,
        "mlp_bias": False,
        "model_type": "llama",
        "num_attention_heads": config.num_heads,
        "num_hidden_layers": config.num_layers,
        "num_key_value_heads": config.kv_heads,
        "rms_norm_eps": config.norm_epsilon,
        "rope_theta": config.rope_theta,
        "tie_word_embeddings": False,
        "torch_dtype": dtype,
        "vocab_size": vocab_size,
    }


def _write_weights(
    folder: str, weights: Mapping[str, StoredTensor], dtype: str, max_file_bytes: int
) -> list[str]:
    """One file, or several and their index when they are more than `max_file_bytes`."""
    groups: list[dict[str, StoredTensor]] = [{}]
    filled = 0
    width = DTYPES[dtype][0].itemsize
    for name, tensor in weights.items():
        num_bytes = tensor.num_weights * width
        if groups[-1] and filled + num_bytes > max_file_bytes:
            groups.append({})
            filled = 0
        groups[-1][name] = tensor
        filled += num_bytes
    if len(groups) == 1:
        _write_group(storage.join(folder, "model.safetensors"), groups[0], dtype)
        return ["model.safetensors"]
    names = [f"model-{i + 1:05d}-of-{len(groups):05d}.safetensors" for i in range(len(groups))]
    for name, group in zip(names, groups, strict=True):
        _write_group(storage.join(folder, name), group, dtype)
    index = {
        "metadata": {"total_size": sum(tensor.num_weights for tensor in weights.values()) * width},
        "weight_map": {key: name for name, group in zip(names, groups, strict=True) for key in group},
    }
    write_bytes(storage.join(folder, "model.safetensors.index.json"), as_json(index))
    return [*names, "model.safetensors.index.json"]


def _write_group(uri: str, group: Mapping[str, StoredTensor], dtype: str) -> None:
    shapes = [(name, tensor.shape) for name, tensor in group.items()]
    write_safetensors(uri, shapes, (tensor.read() for tensor in group.values()), dtype)


def as_json(value: dict[str, Any]) -> bytes:
    """A file of JSON for people and programs."""
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n"

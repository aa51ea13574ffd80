"""A checkpoint in, a folder in Hugging Face's Llama layout out: config.json and model*.safetensors.

Weights are written one after another in the safetensors format (8 bytes of header length, a JSON header of
names, types, shapes and offsets, then the data), so memory holds no second copy of the model.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

import orjson
import torch
from pydantic import ValidationError
from torch import Tensor

from stages.core import storage
from stages.core.atomic import atomic_output, write_bytes
from stages.core.errors import UserError
from stages.train.checkpoint import read_checkpoint
from stages.train.config import ModelConfig

MAX_FILE_BYTES = 5 << 30
DTYPES: dict[str, tuple[torch.dtype, str]] = {
    "float32": (torch.float32, "F32"),
    "bfloat16": (torch.bfloat16, "BF16"),
    "float16": (torch.float16, "F16"),
}


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
    state = read_checkpoint(checkpoint)
    identity = orjson.loads(state["identity"])
    prefix = "model."
    sizes = {key[len(prefix) :]: value for key, value in identity.items() if key.startswith(prefix)}
    vocab_size = identity.get("vocab_size")
    try:
        config = ModelConfig.model_validate(sizes)
    except ValidationError as error:
        raise UserError(
            f"{checkpoint}: damaged (the sizes of its model: {error.errors()[0]['msg']})"
        ) from error
    if not isinstance(vocab_size, int):
        raise UserError(f"{checkpoint}: damaged (it does not say how large its vocabulary is)")
    described = hugging_face_config(config, vocab_size, sequence_length, dtype, bos_id, eos_id)
    storage.make_folder(folder)
    write_bytes(storage.join(folder, "config.json"), _json(described))
    weights = {hugging_face_name(name): tensor for name, tensor in state["model"].items()}
    return ["config.json", *_write_weights(folder, weights, dtype, max_file_bytes)]


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


def _write_weights(folder: str, weights: Mapping[str, Tensor], dtype: str, max_file_bytes: int) -> list[str]:
    """One file, or several and their index when they are more than `max_file_bytes`."""
    groups: list[dict[str, Tensor]] = [{}]
    filled = 0
    width = DTYPES[dtype][0].itemsize
    for name, tensor in weights.items():
        num_bytes = tensor.numel() * width
        if groups[-1] and filled + num_bytes > max_file_bytes:
            groups.append({})
            filled = 0
        groups[-1][name] = tensor
        filled += num_bytes
    if len(groups) == 1:
        write_safetensors(storage.join(folder, "model.safetensors"), groups[0], dtype)
        return ["model.safetensors"]
    names = [f"model-{i + 1:05d}-of-{len(groups):05d}.safetensors" for i in range(len(groups))]
    for name, group in zip(names, groups, strict=True):
        write_safetensors(storage.join(folder, name), group, dtype)
    index = {
        "metadata": {"total_size": sum(tensor.numel() for tensor in weights.values()) * width},
        "weight_map": {key: name for name, group in zip(names, groups, strict=True) for key in group},
    }
    write_bytes(storage.join(folder, "model.safetensors.index.json"), _json(index))
    return [*names, "model.safetensors.index.json"]


def write_safetensors(uri: str, weights: Mapping[str, Tensor], dtype: str) -> None:
    """Write tensors, cast to `dtype`, as one safetensors file, atomically."""
    kind, code = DTYPES[dtype]
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    offset = 0
    for name, tensor in weights.items():
        end = offset + tensor.numel() * kind.itemsize
        header[name] = {"dtype": code, "shape": list(tensor.shape), "data_offsets": [offset, end]}
        offset = end
    encoded = orjson.dumps(header)
    encoded += b" " * (-len(encoded) % 8)
    with atomic_output(uri) as output:
        output.write(struct.pack("<Q", len(encoded)))
        output.write(encoded)
        for tensor in weights.values():
            flat = tensor.detach().to("cpu", kind).contiguous().view(-1)
            output.write(flat.view(torch.uint8).numpy())


def _json(value: dict[str, Any]) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n"

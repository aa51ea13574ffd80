"""A folder in Hugging Face's Llama layout in, first weights of a training out: the other way of `export.py`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from torch import Tensor

from stages.core.errors import UserError
from stages.train.config import ModelConfig
from stages.train.export import hugging_face_config, hugging_face_name
from stages.train.safetensors import StoredTensor, read_safetensors
from stages.train.start_files import read_json, start_files

COMPARED = (
    "model_type",
    "hidden_size",
    "intermediate_size",
    "num_hidden_layers",
    "num_attention_heads",
    "num_key_value_heads",
    "rms_norm_eps",
    "rope_theta",
    "vocab_size",
)


def start_weights(
    folder: str, sizes: ModelConfig, vocab_size: int, names: list[str]
) -> Iterator[tuple[str, Tensor]]:
    """Name and value, float32, of each of our weights; a UserError when the folder is of another model."""
    config, *files = start_files(folder)
    described = read_json(config)
    _check_same(config, described, sizes, vocab_size)
    stored: dict[str, StoredTensor] = {}
    for file in files:
        stored |= read_safetensors(file)
    for name in names:
        wanted = hugging_face_name(name)
        if wanted == "lm_head.weight" and described.get("tie_word_embeddings"):
            wanted = hugging_face_name("embed_tokens.weight")
        if wanted not in stored:
            raise UserError(f"{folder}: holds no weight {wanted}; it is no whole Llama")
        yield name, stored[wanted].read().float()


def _check_same(uri: str, found: dict[str, Any], sizes: ModelConfig, vocab_size: int) -> None:
    rope = found.get("rope_parameters") or {}
    found = {
        "num_key_value_heads": found.get("num_attention_heads"),
        "rope_theta": rope.get("rope_theta"),
        **found,
    }
    if found.get("rope_scaling") or rope.get("rope_type", "default") != "default":
        raise UserError(f"{uri}: its rotary embeddings are scaled, which this trainer does not do")
    wanted = hugging_face_config(sizes, vocab_size, 1, "float32", 1, 2)
    for key in COMPARED:
        if found.get(key) != wanted[key]:
            raise UserError(
                f"{uri}: {key} is {found.get(key)!r}, but the model to train has {wanted[key]!r}; give `model` the same"
                " sizes, and tokenize with its tokenizer"
            )

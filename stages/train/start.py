"""A folder in Hugging Face's Llama layout in, first weights of a training out: the other way of `export.py`.

Files of safetensors are read one tensor at a time: 8 bytes of header length, a JSON header of names, types, shapes and
offsets, then the data.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

import orjson
import torch
from torch import Tensor

from stages.core import storage
from stages.core.errors import UserError
from stages.train.config import ModelConfig
from stages.train.export import DTYPES, hugging_face_config, hugging_face_name
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
KINDS = {code: kind for kind, code in DTYPES.values()}


def start_weights(
    folder: str, sizes: ModelConfig, vocab_size: int, names: list[str]
) -> Iterator[tuple[str, Tensor]]:
    """Name and value, float32, of each of our weights; a UserError when the folder is of another model."""
    config, *files = start_files(folder)
    described = read_json(config)
    _check_same(config, described, sizes, vocab_size)
    places: dict[str, tuple[str, dict[str, Any]]] = {}
    for file in files:
        places |= {name: (file, entry) for name, entry in _header(file).items()}
    for name in names:
        wanted = hugging_face_name(name)
        if wanted == "lm_head.weight" and described.get("tie_word_embeddings"):
            wanted = hugging_face_name("embed_tokens.weight")
        if wanted not in places:
            raise UserError(f"{folder}: holds no weight {wanted}; it is no whole Llama")
        yield name, _read(*places[wanted])


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


def _header(uri: str) -> dict[str, Any]:
    """The tensors of a file, offsets counted from its beginning."""
    size = storage.size_bytes(uri)
    with storage.open_input(uri) as stream:
        first = stream.read(8)
        length = struct.unpack("<Q", first)[0] if len(first) == 8 else size
        encoded = stream.read(length) if length <= size - 8 else b""
    try:
        header = orjson.loads(encoded)
        header.pop("__metadata__", None)
        for entry in header.values():
            entry["data_offsets"] = [8 + length + offset for offset in entry["data_offsets"]]
            if entry["data_offsets"][1] > size:
                raise UserError(
                    f"{uri}: cut short; {size} bytes are there, {entry['data_offsets'][1]} expected"
                )
    except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError) as error:
        raise UserError(f"{uri}: no safetensors file, or not all of one") from error
    return dict(header)


def _read(uri: str, entry: dict[str, Any]) -> Tensor:
    kind = KINDS.get(entry["dtype"])
    if kind is None:
        raise UserError(f"{uri}: weights of type {entry['dtype']}; known are {', '.join(KINDS)}")
    start, stop = entry["data_offsets"]
    with storage.open_input(uri) as stream:
        stream.seek(start)
        data = bytearray(stream.read(stop - start))
    return torch.frombuffer(data, dtype=kind).reshape(entry["shape"]).float()

"""A folder in Hugging Face's Llama layout in, the files of its model out; without torch, so that a stage can plan by it."""

from __future__ import annotations

from typing import Any

import orjson

from stages.core import storage
from stages.core.errors import UserError
from stages.core.names import below

INDEX_NAME, SINGLE_NAME = "model.safetensors.index.json", "model.safetensors"


def start_files(folder: str) -> list[str]:
    """The files that a start is read from, config.json first."""
    index = storage.join(folder, INDEX_NAME)
    names = {SINGLE_NAME}
    if storage.exists(index):
        places = read_json(index).get("weight_map")
        if not isinstance(places, dict):
            raise UserError(f"{index}: does not say which file holds which weight")
        names = {str(name) for name in places.values()}
    return [below(folder, name) for name in ("config.json", *sorted(names))]


def read_json(uri: str) -> dict[str, Any]:
    """The JSON object in a file; a UserError when there is none."""
    storage.size_bytes(uri)  # a UserError when it is not there
    try:
        value = orjson.loads(storage.read_bytes(uri))
    except orjson.JSONDecodeError as error:
        raise UserError(f"{uri}: no JSON ({error})") from error
    if not isinstance(value, dict):
        raise UserError(f"{uri}: no JSON object")
    return value

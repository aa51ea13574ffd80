"""What a user calls a dataset in (files, a folder that `datasets` saved, a name on the Hub), its files out."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import orjson

from stages.core import storage
from stages.core.errors import UserError
from stages.core.mistakes import shown_value, suggest
from stages.core.names import below
from stages.core.storage import FoundFile

_HUB_NAME = re.compile(r"(?:hf://datasets/)?([A-Za-z0-9][\w.-]*/[\w.-]+?)(?:@([^/]+))?/?")

DEFAULT_SPLIT = "train"
ALL_SPLITS = "all"

SAVED_DATASET, SAVED_SPLITS, SAVED_INFO = "state.json", "dataset_dict.json", "dataset_info.json"
"""Files that `datasets` writes beside the Arrow files of a saved dataset, and of one with splits."""


def dataset_files(
    pattern: str, subset: str | None, split: str | None, revision: str | None
) -> list[FoundFile]:
    """The files of one input, sorted by name; a UserError when there are none, or the Hub cannot be asked."""
    name = hub_name(pattern)
    if name is not None:
        return _hub_files(pattern, name[0], subset, split, name[1] or revision)
    if not any(char in pattern for char in "*?[") and storage.is_folder(pattern):
        if storage.exists(storage.join(pattern, SAVED_SPLITS)):
            return _saved_splits(pattern, split)
        if storage.exists(storage.join(pattern, SAVED_DATASET)):
            return _saved_files(pattern, "")
    return storage.find_files(pattern)


def hub_name(pattern: str) -> tuple[str, str | None] | None:
    """Name on the Hub, and revision, that a pattern is: `user/name`, `hf://datasets/user/name@v1`; None of a path."""
    match = _HUB_NAME.fullmatch(pattern)
    if match is None or (not pattern.startswith("hf://") and storage.exists(pattern)):
        return None
    return match[1], match[2]


def _saved_splits(folder: str, split: str | None) -> list[FoundFile]:
    splits = _read_json(storage.join(folder, SAVED_SPLITS)).get("splits")
    names = [name for name in splits if isinstance(name, str)] if isinstance(splits, list) else []
    return [
        file
        for name in _chosen(folder, names, split)
        for file in _saved_files(below(folder, name), f"{name}/")
    ]


def _saved_files(folder: str, prefix: str) -> list[FoundFile]:
    """The Arrow files that a saved dataset lists, named below `prefix`."""
    listed = _read_json(storage.join(folder, SAVED_DATASET)).get("_data_files")
    entries = listed if isinstance(listed, list) else []
    names = [str(file.get("filename")) for file in entries if isinstance(file, dict)]
    if not names:
        raise UserError(f"{folder}: {SAVED_DATASET} lists no files; save the dataset again")
    files = []
    for name in sorted(names):
        uri = below(folder, name)
        if not storage.exists(uri):
            raise UserError(f"{uri}: is not there, and {SAVED_DATASET} lists it; save the dataset again")
        files.append(FoundFile(uri, prefix + name, storage.size_bytes(uri)))
    return files


def _read_json(uri: str) -> dict[str, Any]:
    if not storage.exists(uri):
        raise UserError(f"{uri}: is not there, and a saved dataset needs it; save the dataset again")
    try:
        value = orjson.loads(storage.read_bytes(uri))
    except orjson.JSONDecodeError as error:
        raise UserError(f"{uri}: no JSON ({error}); save the dataset again") from error
    if not isinstance(value, dict):
        raise UserError(f"{uri}: no JSON object; save the dataset again")
    return value


def _chosen(place: str, splits: Iterable[str], split: str | None) -> list[str]:
    """The splits that are read: the one that is asked for, `all`, or else the only one, or `train`."""
    there = list(splits)
    if split == ALL_SPLITS and there:
        return there
    wanted = split or (there[0] if len(there) == 1 else DEFAULT_SPLIT)
    if wanted not in there:
        raise UserError(f"{place}: no split {shown_value(wanted)}; {suggest(wanted, [*there, ALL_SPLITS])}")
    return [wanted]


def _hub_files(
    place: str, name: str, subset: str | None, split: str | None, revision: str | None
) -> list[FoundFile]:
    """The files of a dataset on the Hub as `datasets` finds them, at the commit that the revision is now."""
    from datasets import load_dataset_builder  # heavy, and local runs do not need it
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HTTPError  # type: ignore[attr-defined]  # of the HTTP library that it uses

    try:
        commit = HfApi().dataset_info(name, revision=revision).sha
        builder = load_dataset_builder(name, subset, revision=commit)
    except (OSError, HTTPError) as error:
        reason = " ".join(str(error).split())[:300]
        raise UserError(
            f"{place}: no file or folder here, and the Hub does not give a dataset of this name ({reason})"
        ) from error
    except (ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split("Example of usage")[0].split())[:400]
        raise UserError(f"{place}: {reason}; say which by `subset`") from error
    found = builder.config.data_files
    if not found:
        raise UserError(f"{place}: the Hub has no data files of it that can be read without its own program")
    by_split = {str(part): [str(uri) for uri in files] for part, files in found.items()}
    files = []
    for part in _chosen(place, by_split, split):
        for uri in by_split[part]:
            files.append(FoundFile(uri, uri.partition(f"@{commit}/")[2] or uri, storage.size_bytes(uri)))
    return sorted(files, key=lambda file: file.name)

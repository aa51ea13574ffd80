"""A folder of checkpoints in, which are whole and what lies in each out; without torch, so that a stage can plan by it.

A checkpoint is a folder: `state-*.safetensors`, what each process held of weights and of the optimizer's moments;
`model.safetensors` and `config.json`, the weights alone in Hugging Face's layout; and, written last, `checkpoint.json`.
Where that file is not, there is no checkpoint.
"""

from __future__ import annotations

import re
from typing import Any

from pydantic import Field, ValidationError

from stages.core import storage
from stages.core.atomic import write_bytes
from stages.core.errors import UserError
from stages.core.manifest import MODEL, FileInfo, Record
from stages.core.names import below
from stages.core.sealed import sealed, unsealed

INDEX_NAME = "checkpoint.json"
_NAME = re.compile(r"checkpoint-([0-9]{8})")
_OLD_NAME = re.compile(r"checkpoint-[0-9]{8}\.pt")


class StatePart(Record):
    """A part of a tensor: the file that holds it, where it begins on each axis, and its shape."""

    file: str
    offsets: tuple[int, ...]
    shape: tuple[int, ...]


class StateTensor(Record):
    """A tensor of the whole training, whatever processes hold of it."""

    shape: tuple[int, ...]
    parts: tuple[StatePart, ...]


class StateFile(Record):
    """A file of a checkpoint."""

    name: str
    bytes: int = Field(ge=0)
    sha256: str


class Ancestor(Record):
    """A training that this one went on from: the step of its checkpoint, and what it was a training of."""

    step: int
    identity: dict[str, Any]


class CheckpointIndex(Record):
    """What checkpoint.json holds. `optimizer_steps` are updates taken, moments being those after them."""

    step: int = Field(gt=0)
    optimizer_steps: int = Field(ge=0)
    identity: dict[str, Any]
    lineage: tuple[Ancestor, ...] = ()
    tensors: dict[str, StateTensor]
    files: tuple[StateFile, ...]


def checkpoint_name(step: int) -> str:
    """Name of the folder of the checkpoint after `step` steps."""
    return f"checkpoint-{step:08d}"


def list_checkpoints(folder: str) -> list[int]:
    """Steps of the whole checkpoints in `folder`, ascending; a UserError where those of an earlier version lie."""
    names = storage.list_names(folder)
    old = next((name for name in names if _OLD_NAME.fullmatch(name)), None)
    if old is not None:
        raise UserError(
            f"{storage.join(folder, old)}: a checkpoint of an earlier version, one file, which this one does not read;"
            " train into another folder, or go on with the version that wrote it"
        )
    found = [(int(match[1]), name) for name in names if (match := _NAME.fullmatch(name))]
    return sorted(step for step, name in found if is_checkpoint(storage.join(folder, name)))


def is_checkpoint(uri: str) -> bool:
    """Whether a folder is a whole checkpoint."""
    return storage.exists(storage.join(uri, INDEX_NAME))


def write_checkpoint_index(uri: str, index: CheckpointIndex) -> None:
    """Make a checkpoint of a folder whose files are all written."""
    write_bytes(storage.join(uri, INDEX_NAME), sealed(index.model_dump(mode="json")))


def read_checkpoint_index(uri: str) -> CheckpointIndex:
    """What lies in a checkpoint, all files of which are there and whole by their sizes; else a UserError."""
    place = storage.join(uri, INDEX_NAME)
    if not storage.exists(place):
        raise UserError(f"{uri}: no checkpoint of `altiplano train` (it has no {INDEX_NAME})")
    try:
        index = CheckpointIndex.model_validate(unsealed(storage.read_bytes(place), place))
    except (UserError, ValidationError) as error:
        raise _not_whole(uri, f"{INDEX_NAME} is damaged") from error
    for file in index.files:
        there = below(uri, file.name)
        found = storage.size_bytes(there) if storage.exists(there) else None
        if found is None:
            raise _not_whole(uri, f"{file.name} is missing")
        if found != file.bytes:
            raise _not_whole(uri, f"{file.name} has {found:,} bytes, {file.bytes:,} were written")
    return index


def _not_whole(uri: str, reason: str) -> UserError:
    return UserError(f"{uri}: no whole checkpoint ({reason}); delete it to go on from the one before")


def checkpoint_files(folder: str, step: int) -> list[FileInfo]:
    """The files of a checkpoint as a manifest has them; the index is the last one."""
    name = checkpoint_name(step)
    uri = storage.join(folder, name)
    place = storage.join(uri, INDEX_NAME)
    index = StateFile(name=INDEX_NAME, bytes=storage.size_bytes(place), sha256=storage.sha256_file(place))
    return [
        FileInfo(
            name=f"{name}/{file.name}",
            kind=MODEL,
            rows=step,
            bytes=file.bytes,
            sha256=file.sha256,
        )
        for file in (*read_checkpoint_index(uri).files, index)
    ]


def delete_old_checkpoints(folder: str, keep: int, keep_steps: int | None = None) -> None:
    """Delete all but the last `keep` checkpoints and that of every `keep_steps` steps, and what was never finished."""
    whole = list_checkpoints(folder)
    kept = {step for step in whole if keep_steps is not None and step % keep_steps == 0} | set(whole[-keep:])
    for name in storage.list_names(folder):
        match = _NAME.fullmatch(name)
        if match and int(match[1]) not in kept and int(match[1]) <= max(whole, default=0):
            uri = storage.join(folder, name)
            if is_checkpoint(uri):  # first of all, so that no half of it is ever taken for one
                storage.delete_file(storage.join(uri, INDEX_NAME))
            storage.delete_folder(uri)

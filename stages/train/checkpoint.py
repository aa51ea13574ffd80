"""Model, optimizer and step in, one whole file out, and back: a checkpoint is there only when all of it is.

There is no random state to keep: after its first weights nothing in training is random, and the order of the
data is a function of the step.
"""

from __future__ import annotations

import re
import sys
from typing import IO, Any, cast

import orjson
import torch
from torch import nn

from stages.core import storage
from stages.core.atomic import atomic_output
from stages.core.errors import ReadFaultError, UserError
from stages.core.manifest import MODEL, FileInfo

_NAME = re.compile(r"checkpoint-([0-9]{8})\.pt")


def checkpoint_name(step: int) -> str:
    """Name of the checkpoint after `step` steps."""
    return f"checkpoint-{step:08d}.pt"


def list_checkpoints(folder: str) -> list[int]:
    """Steps of the whole checkpoints in `folder`, ascending."""
    found = [_NAME.fullmatch(name) for name in storage.list_names(folder)]
    return sorted(int(match[1]) for match in found if match)


def save_checkpoint(
    folder: str, step: int, model: nn.Module, optimizer: torch.optim.Optimizer, identity: dict[str, Any]
) -> FileInfo:
    """Write the checkpoint after `step` steps, atomically. `identity` says what it is a checkpoint of."""
    state = {
        "step": step,
        "identity": orjson.dumps(identity, option=orjson.OPT_SORT_KEYS).decode(),
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
    }
    name = checkpoint_name(step)
    with atomic_output(storage.join(folder, name)) as output:
        torch.save(_canonical(state), cast("IO[bytes]", output))
    return FileInfo(name=name, kind=MODEL, rows=step, bytes=output.num_bytes, sha256=output.sha256)


def _canonical(value: Any) -> Any:
    """The same plain values with no object shared but equal strings.

    Pickle writes a shared object once and points back to it, so a state that was loaded and one that was
    never stored would otherwise differ in bytes.
    """
    if isinstance(value, dict):
        return {_canonical(key): _canonical(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)([_canonical(item) for item in value])
    return sys.intern(value) if isinstance(value, str) else value


def read_checkpoint(uri: str, device: torch.device | str = "cpu") -> dict[str, Any]:
    """The state in a checkpoint; only tensors and plain values are loaded, never code."""
    try:
        with storage.open_whole(uri, storage.size_bytes(uri)) as stream:
            state = torch.load(stream, map_location=device, weights_only=True)
    except (MemoryError, UserError, ReadFaultError):
        raise
    except Exception as error:  # what wrong bytes make of a zip file and of a pickle is not to be listed
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        raise UserError(
            f"{uri}: no whole checkpoint ({reason}); delete it to go on from the one before"
        ) from error
    return _checked_state(uri, state)


def _checked_state(uri: str, state: Any) -> dict[str, Any]:
    """The state, when it is one of ours: what else `torch.save` wrote is no checkpoint."""
    model = state.get("model") if isinstance(state, dict) else None
    is_ours = isinstance(model, dict) and all(isinstance(value, torch.Tensor) for value in model.values())
    if not is_ours or not isinstance(state.get("optimizer"), dict):
        raise UserError(f"{uri}: not a checkpoint of `altiplano train` (no model and optimizer in it)")
    try:
        identity = orjson.loads(state["identity"])
    except (KeyError, TypeError, orjson.JSONDecodeError):
        identity = None
    if not isinstance(identity, dict):
        raise UserError(f"{uri}: not a checkpoint of `altiplano train` (it does not say of what it is one)")
    return cast("dict[str, Any]", state)


def load_checkpoint(
    folder: str,
    step: int,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    identity: dict[str, Any],
) -> None:
    """Put the checkpoint after `step` steps into `model` and `optimizer`; refuse one of another run."""
    uri = storage.join(folder, checkpoint_name(step))
    state = read_checkpoint(uri)
    _check_identity(uri, orjson.loads(state["identity"]), identity)
    try:
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
    except (RuntimeError, ValueError, KeyError, TypeError, AttributeError) as error:
        reason = " ".join(str(error).split())[:120]
        raise UserError(f"{uri}: damaged ({reason}); delete it to go on from the one before") from error


def _check_identity(uri: str, found: dict[str, Any], expected: dict[str, Any]) -> None:
    for key in sorted(found.keys() | expected.keys()):
        if found.get(key) != expected.get(key):
            raise UserError(
                f"{uri}: checkpoint of another run: {key} is {_shown(found.get(key))} there and"
                f" {_shown(expected.get(key))} here; use another folder, or the old {key.split('.')[0]}"
            )


def _shown(value: Any) -> str:
    text = orjson.dumps(value).decode()
    return text if len(text) <= 60 else text[:57] + "..."


def delete_old_checkpoints(folder: str, keep: int) -> None:
    """Delete all but the last `keep` checkpoints."""
    for step in list_checkpoints(folder)[:-keep]:
        storage.delete_file(storage.join(folder, checkpoint_name(step)))

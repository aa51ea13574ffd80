"""Model, optimizer and step in, one whole file out, and back: a checkpoint is there only when all of it is.

The file is the same however the weights are shared out: the first process puts each together and writes it, so a run goes on
with another number of processes, and needs host memory there of 12 bytes a weight.

There is no random state to keep: after its first weights nothing in training is random, and the order of the
data is a function of the step.
"""

from __future__ import annotations

import re
import sys
from typing import IO, Any, cast

import orjson
import torch
from torch import Tensor, nn
from torch.distributed.tensor import DTensor

from stages.core import storage
from stages.core.atomic import atomic_output
from stages.core.errors import ReadFaultError, UserError
from stages.core.manifest import MODEL, FileInfo
from stages.train.ranks import ALONE, Place, shared_out
from stages.train.sharding import assign, handed_out, whole

_NAME = re.compile(r"checkpoint-([0-9]{8})\.pt")


def checkpoint_name(step: int) -> str:
    """Name of the checkpoint after `step` steps."""
    return f"checkpoint-{step:08d}.pt"


def list_checkpoints(folder: str) -> list[int]:
    """Steps of the whole checkpoints in `folder`, ascending."""
    found = [_NAME.fullmatch(name) for name in storage.list_names(folder)]
    return sorted(int(match[1]) for match in found if match)


def save_checkpoint(
    folder: str,
    step: int,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    identity: dict[str, Any],
    place: Place = ALONE,
) -> FileInfo | None:
    """Write the checkpoint after `step` steps, atomically; all processes take part, and the first writes and gets its file.

    `identity` says what it is a checkpoint of.
    """
    state = {
        "step": step,
        "identity": orjson.dumps(identity, option=orjson.OPT_SORT_KEYS).decode(),
        "model": _gathered(model.state_dict(), place),
        "optimizer": _gathered(optimizer.state_dict(), place),
    }
    if place.rank != 0:
        return None
    name = checkpoint_name(step)
    with atomic_output(storage.join(folder, name)) as output:
        torch.save(_canonical(state), cast("IO[bytes]", output))
    return FileInfo(name=name, kind=MODEL, rows=step, bytes=output.num_bytes, sha256=output.sha256)


def _gathered(value: Any, place: Place) -> Any:
    """The same with shared-out tensors whole, in the first process; the others hold none of them for long."""
    if isinstance(value, DTensor):
        full = whole(value, place.device)
        return full.cpu() if place.rank == 0 else None
    if isinstance(value, dict):
        return {key: _gathered(item, place) for key, item in value.items()}
    return value


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
    place: Place = ALONE,
) -> None:
    """Put the checkpoint after `step` steps into `model` and `optimizer`; refuse one of another run.

    The first process reads it and hands out what each is to hold; an error of its is the error of all.
    """
    uri = storage.join(folder, checkpoint_name(step))

    def read() -> dict[str, Any]:
        state = read_checkpoint(uri)
        _check_identity(uri, orjson.loads(state["identity"]), identity)
        _check_fits(uri, state, model, optimizer)
        return state

    state, error = {}, None
    if place.rank == 0:
        try:
            state = read()
        except UserError as wrong:
            error = wrong
    message, plain = shared_out((None if error is None else str(error), _plain(state)), place)
    if message is not None:
        raise error or UserError(message)
    weights = dict(model.named_parameters())
    for name, weight in weights.items():
        assign(weight, handed_out(state["model"][name] if state else None, weight, place))
    moments = {
        number: {
            key: _moment(state["optimizer"]["state"][number][key] if state else None, weight, place)
            if value is None
            else value
            for key, value in plain["state"][number].items()
        }
        for number, weight in enumerate(_in_order(optimizer))
        if number in plain["state"]
    }
    optimizer.load_state_dict({**plain, "state": moments})


def _plain(state: dict[str, Any]) -> dict[str, Any]:
    """The optimizer's state with None for what has the shape of a weight."""
    if not state:
        return {}
    held = state["optimizer"]["state"]
    moments = {
        number: {key: None if value.dim() else value for key, value in part.items()}
        for number, part in held.items()
    }
    return {**state["optimizer"], "state": moments}


def _moment(value: Tensor | None, weight: Tensor, place: Place) -> Tensor:
    held = torch.zeros_like(weight)
    assign(held, handed_out(value, weight, place))
    return held


def _in_order(optimizer: torch.optim.Optimizer) -> list[Tensor]:
    """The weights as the optimizer's state numbers them."""
    return [weight for group in optimizer.param_groups for weight in group["params"]]


def _check_fits(uri: str, state: dict[str, Any], model: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    """A UserError when weights or the optimizer's state are not those of this model."""
    wanted = {name: weight.shape for name, weight in model.named_parameters()}
    found = {name: weight.shape for name, weight in state["model"].items()}
    different = next((name for name in sorted(wanted | found) if wanted.get(name) != found.get(name)), None)
    if different is None and _moments_fit(state["optimizer"], optimizer):
        return
    reason = "the optimizer's state is of other weights" if different is None else f"weight {different}"
    raise UserError(f"{uri}: damaged ({reason}); delete it to go on from the one before")


def _moments_fit(state: dict[str, Any], optimizer: torch.optim.Optimizer) -> bool:
    held, groups, weights = state.get("state"), state.get("param_groups"), _in_order(optimizer)
    if not isinstance(held, dict) or not isinstance(groups, list) or set(held) != set(range(len(weights))):
        return False
    sizes = [len(group.get("params", ())) if isinstance(group, dict) else -1 for group in groups]
    return sizes == [len(group["params"]) for group in optimizer.param_groups] and all(
        isinstance(held[number], dict)
        and {"step", "exp_avg", "exp_avg_sq"} == set(held[number])
        and all(isinstance(value, Tensor) for value in held[number].values())
        and held[number]["exp_avg"].shape == held[number]["exp_avg_sq"].shape == weight.shape
        for number, weight in enumerate(weights)
    )


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


def delete_old_checkpoints(folder: str, keep: int, keep_steps: int | None = None) -> None:
    """Delete all but the last `keep` checkpoints and that of every `keep_steps` steps."""
    for step in list_checkpoints(folder)[:-keep]:
        if keep_steps is None or step % keep_steps:
            storage.delete_file(storage.join(folder, checkpoint_name(step)))

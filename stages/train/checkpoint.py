"""Model and optimizer in, a checkpoint of them out while training goes on, and back, by torch.distributed.checkpoint.

Each process writes and reads its own part, so a training goes on with another number of processes and another sharding.
There is no random state to keep: after its first weights nothing in training is random, and the order of the data is a
function of the step.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from typing import Any

import orjson
import torch
from torch import Tensor, nn
from torch.distributed.checkpoint.api import CheckpointException
from torch.distributed.checkpoint.state_dict_loader import load
from torch.distributed.checkpoint.state_dict_saver import async_save

from stages.core import storage
from stages.core.atomic import atomic_output
from stages.core.errors import UserError
from stages.train.checkpoint_index import (
    Ancestor,
    CheckpointIndex,
    StateFile,
    checkpoint_name,
    delete_old_checkpoints,
    read_checkpoint_index,
    write_checkpoint_index,
)
from stages.train.export import hugging_face_name
from stages.train.ranks import Place, agreed
from stages.train.safetensors import read_safetensors, write_safetensors
from stages.train.sharded import StateReader, StateWriter, WrittenState, whole_tensors

WEIGHTS = "model."
"""Before the names of weights among a checkpoint's tensors; those of their moments begin with the moment's name."""

MOMENTS = ("exp_avg", "exp_avg_sq")
"""AdamW's running means of gradients and of their squares, as torch calls them."""


class CheckpointWriter:
    """Writes the checkpoints of one training beside it, one at a time; all processes call it at the same steps.

    `described` is the config.json of the model.
    """

    def __init__(
        self, folder: str, model: nn.Module, optimizer: torch.optim.Optimizer, place: Place, described: bytes
    ) -> None:
        self._folder, self._model, self._optimizer = folder, model, optimizer
        self._place, self._described = place, described
        self._writing: tuple[int, Future[Any]] | None = None

    def begin(self, step: int, identity: Mapping[str, Any], lineage: Sequence[Ancestor] = ()) -> None:
        """Copy the state after `step` steps, and write it from now on; what was being written is waited for."""
        self.wait()
        if not self._optimizer.state:  # every batch so far was left out
            _make_moments(self._optimizer, 0)
        uri = storage.join(self._folder, checkpoint_name(step))
        updates = _updates(self._optimizer)

        def finished(written: WrittenState) -> None:
            more = self._whole_weights(uri, written)
            index = CheckpointIndex(
                step=step,
                optimizer_steps=updates,
                identity=dict(identity),
                lineage=tuple(lineage),
                tensors=written.tensors,
                files=(*written.files, *more),
            )
            write_checkpoint_index(uri, index)

        writing = async_save(
            _state(self._model, self._optimizer),
            storage_writer=StateWriter(uri, finished),
            process_group=self._place.beside,
            no_dist=self._place.world_size == 1,
        )
        assert isinstance(writing, Future)
        self._writing = step, writing

    def wait(self) -> None:
        """Until the checkpoint that was begun is whole, or the error that stopped it in any process."""
        if self._writing is None:
            return
        (step, writing), self._writing = self._writing, None
        with _plain_errors(storage.join(self._folder, checkpoint_name(step))):
            writing.result()

    def end(self) -> None:
        """The same after another error, which is told instead."""
        with suppress(Exception):
            self.wait()

    def delete_old(self, keep: int, keep_steps: int | None) -> None:
        """Delete what is not to be kept, once the last checkpoint is whole."""
        if self._place.rank == 0:
            delete_old_checkpoints(self._folder, keep, keep_steps)

    def _whole_weights(self, uri: str, written: WrittenState) -> list[StateFile]:
        """Put the weights together in a file of their own, beside it what model they are of."""
        weights = [
            (name.removeprefix(WEIGHTS), name, tensor)
            for name, tensor in written.tensors.items()
            if name.startswith(WEIGHTS)
        ]
        output = write_safetensors(
            storage.join(uri, "model.safetensors"),
            [(hugging_face_name(ours), tensor.shape) for ours, _, tensor in weights],
            whole_tensors(uri, [(name, tensor) for _, name, tensor in weights]),
            "float32",
        )
        with atomic_output(storage.join(uri, "config.json")) as config:
            config.write(self._described)
        return [
            StateFile(name=name, bytes=file.num_bytes, sha256=file.sha256)
            for name, file in (("model.safetensors", output), ("config.json", config))
        ]


def load_checkpoint(
    uri: str,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    place: Place,
    identity: Mapping[str, Any] | None = None,
    lineage: Sequence[Ancestor] = (),
) -> CheckpointIndex:
    """Put a checkpoint into `model` and `optimizer`; with `identity` a UserError for one of another run.

    An error in one process is the error of all.
    """

    def read() -> CheckpointIndex:
        index = read_checkpoint_index(uri)
        if identity is not None:
            _check_identity(uri, index, identity, lineage)
        _check_fits(uri, index, model)
        return index

    index = agreed(read, place)
    _make_moments(optimizer, index.optimizer_steps)
    with _plain_errors(uri):
        load(
            _state(model, optimizer),
            storage_reader=StateReader(uri, index.tensors),
            process_group=place.beside,
            no_dist=place.world_size == 1,
        )
    return index


def read_weights(uri: str) -> dict[str, Tensor]:
    """The whole weights of a checkpoint, float32, by the names that `Llama` has for them."""
    read_checkpoint_index(uri)
    stored = read_safetensors(storage.join(uri, "model.safetensors"))
    return {name.removeprefix(WEIGHTS): tensor.read() for name, tensor in stored.items()}


def _state(model: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """Weights and moments by name; shared-out ones are DTensors, of which each process has a part."""
    weights = dict(model.named_parameters())
    state: dict[str, Any] = {WEIGHTS + name: weight.detach() for name, weight in weights.items()}
    for moment in MOMENTS:
        held = {name: optimizer.state[weight][moment] for name, weight in weights.items()}
        state |= {f"{moment}.{name}": value for name, value in held.items()}
    return state


def _updates(optimizer: torch.optim.Optimizer) -> int:
    """Updates that the optimizer has made, the same for all weights."""
    return int(next(iter(optimizer.state.values()))["step"])


def _make_moments(optimizer: torch.optim.Optimizer, updates: int) -> None:
    """The state of AdamW after so many updates, moments being 0 until they are read."""
    for group in optimizer.param_groups:
        for weight in group["params"]:
            optimizer.state[weight] = {
                "step": torch.tensor(float(updates), device=weight.device),
                **{moment: torch.zeros_like(weight) for moment in MOMENTS},
            }


@contextmanager
def _plain_errors(uri: str) -> Iterator[None]:
    """The error of the first process that had one, instead of a list of tracebacks."""
    try:
        yield
    except CheckpointException as error:
        rank, (cause, _) = min(error.failures.items())
        if isinstance(cause, OSError) and cause.errno is not None:
            told = f"{cause.strerror} (rank {rank}, writing or reading a checkpoint)"
            raise OSError(cause.errno, told, cause.filename or uri) from error
        raise cause from error


def _check_fits(uri: str, index: CheckpointIndex, model: nn.Module) -> None:
    """A UserError when its tensors are not the weights of this model and their moments."""
    weights = {name: tuple(weight.shape) for name, weight in model.named_parameters()}
    wanted = {
        kind + name: shape
        for kind in (WEIGHTS, *(f"{m}." for m in MOMENTS))
        for name, shape in weights.items()
    }
    found = {name: tensor.shape for name, tensor in index.tensors.items()}
    wrong = next((name for name in sorted(wanted | found) if wanted.get(name) != found.get(name)), None)
    if wrong is not None:
        raise UserError(
            f"{uri}: a checkpoint of another model: {wrong} has the shape {list(found.get(wrong, ()))} there and"
            f" {list(wanted.get(wrong, ()))} here; give `model` the same sizes, and tokenize with its tokenizer"
        )


def _check_identity(
    uri: str, index: CheckpointIndex, expected: Mapping[str, Any], lineage: Sequence[Ancestor]
) -> None:
    found = index.identity
    for key in sorted(found.keys() | expected.keys()):
        if found.get(key) != expected.get(key):
            raise UserError(
                f"{uri}: checkpoint of another run: {key} is {_shown(found.get(key))} there and"
                f" {_shown(expected.get(key))} here; use another folder, or the old {key.split('.')[0]}"
            )
    if index.lineage != tuple(lineage):
        raise UserError(
            f"{uri}: checkpoint of another run: it began with other weights; use another folder, or the old start"
        )


def _shown(value: Any) -> str:
    text = orjson.dumps(value).decode()
    return text if len(text) <= 60 else text[:57] + "..."

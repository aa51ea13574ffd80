"""What torch.distributed.checkpoint plans in, a file of safetensors from each process and an index of all out, and back.

Its own files are pickles, which run what is in them, and hold a random name; these are neither, and lie on a store as well.
The index, written last, is the mark that a checkpoint is whole.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor
from torch.distributed.checkpoint.metadata import (
    ChunkStorageMetadata,
    Metadata,
    MetadataIndex,
    TensorProperties,
    TensorStorageMetadata,
)
from torch.distributed.checkpoint.planner import LoadPlan, LoadPlanner, SavePlan, SavePlanner
from torch.distributed.checkpoint.storage import StorageReader, StorageWriter, WriteResult
from torch.futures import Future

from stages.core import storage
from stages.core.errors import UserError
from stages.core.names import below
from stages.train.checkpoint_index import StateFile, StatePart, StateTensor
from stages.train.safetensors import StoredTensor, read_safetensors, write_safetensors


@dataclass(frozen=True)
class WrittenState:
    """What all processes wrote: files, and tensors by name."""

    files: tuple[StateFile, ...]
    tensors: dict[str, StateTensor]


class StateWriter(StorageWriter):
    """Writes `state-<rank>-of-<processes>.safetensors`; the first process then gives `finished` what all have written."""

    def __init__(self, folder: str, finished: Callable[[WrittenState], None]) -> None:
        self._folder, self._finished = folder, finished

    def reset(self, checkpoint_id: str | os.PathLike[str] | None = None) -> None:
        """Nothing is left of an earlier checkpoint."""

    def set_up_storage_writer(self, is_coordinator: bool, *args: Any, **kwargs: Any) -> None:
        """Nothing to prepare."""

    def prepare_local_plan(self, plan: SavePlan) -> SavePlan:
        """As it is."""
        return plan

    def prepare_global_plan(self, plans: list[SavePlan]) -> list[SavePlan]:
        """With the name of each process's file; in the first process, which clears what an attempt that was killed left."""
        if storage.exists(self._folder):
            storage.delete_folder(self._folder)
        storage.make_folder(self._folder)
        names = [f"state-{rank:05d}-of-{len(plans):05d}.safetensors" for rank in range(len(plans))]
        return [replace(plan, storage_data=name) for plan, name in zip(plans, names, strict=True)]

    def write_data(self, plan: SavePlan, planner: SavePlanner) -> Future[list[WriteResult]]:
        """Write what falls to this process, one tensor after another."""
        done: Future[list[WriteResult]] = Future()
        items = sorted(plan.items, key=lambda item: item.index.fqn)
        if not items:
            done.set_result([])
            return done
        name: str = plan.storage_data
        shapes = []
        for item in items:
            assert item.tensor_data is not None, f"{item.index.fqn} is no tensor"
            shapes.append((item.index.fqn, tuple(item.tensor_data.chunk.sizes)))
        values = (planner.resolve_data(item) for item in items)
        output = write_safetensors(
            storage.join(self._folder, name),
            shapes,
            (value for value in values if isinstance(value, Tensor)),
            "float32",
        )
        file = StateFile(name=name, bytes=output.num_bytes, sha256=output.sha256)
        done.set_result([WriteResult(item.index, 0, file) for item in items])
        return done

    def finish(self, metadata: Metadata, results: list[list[WriteResult]]) -> None:
        """In the first process, when all have written."""
        files = {(one.index.fqn, one.index.offset): one.storage_data for part in results for one in part}
        tensors = {}
        for name, found in sorted(metadata.state_dict_metadata.items()):
            assert isinstance(found, TensorStorageMetadata)
            parts = (
                StatePart(
                    file=files[name, chunk.offsets].name,
                    offsets=tuple(chunk.offsets),
                    shape=tuple(chunk.sizes),
                )
                for chunk in found.chunks
            )
            tensors[name] = StateTensor(shape=tuple(found.size), parts=tuple(parts))
        written = {file.name: file for file in files.values()}
        self._finished(WrittenState(tuple(written[name] for name in sorted(written)), tensors))

    @classmethod
    def validate_checkpoint_id(cls, checkpoint_id: str | os.PathLike[str]) -> bool:
        """Any place that `storage` knows."""
        return True


class StateReader(StorageReader):
    """Reads of those files the rows that this process is to hold."""

    def __init__(self, folder: str, tensors: dict[str, StateTensor]) -> None:
        self._folder, self._tensors = folder, tensors

    def reset(self, checkpoint_id: str | os.PathLike[str] | None = None) -> None:
        """Nothing is left of an earlier checkpoint."""

    def read_metadata(self, *args: Any, **kwargs: Any) -> Metadata:
        """Shapes and parts as the planner takes them."""
        properties = TensorProperties(dtype=torch.float32)
        found = {
            name: TensorStorageMetadata(
                properties,
                torch.Size(tensor.shape),
                [
                    ChunkStorageMetadata(torch.Size(part.offsets), torch.Size(part.shape))
                    for part in tensor.parts
                ],
            )
            for name, tensor in self._tensors.items()
        }
        return Metadata(state_dict_metadata=dict(found))

    def set_up_storage_reader(
        self, metadata: Metadata, is_coordinator: bool, *args: Any, **kwargs: Any
    ) -> None:
        """Where the parts lie."""
        self._files = {
            MetadataIndex(name, part.offsets): part.file
            for name, tensor in self._tensors.items()
            for part in tensor.parts
        }

    def prepare_local_plan(self, plan: LoadPlan) -> LoadPlan:
        """As it is."""
        return plan

    def prepare_global_plan(self, plans: list[LoadPlan]) -> list[LoadPlan]:
        """As they are."""
        return plans

    def read_data(self, plan: LoadPlan, planner: LoadPlanner) -> Future[None]:
        """Read what the plan asks for, file by file."""
        opened: dict[str, dict[str, StoredTensor]] = {}
        for item in sorted(plan.items, key=lambda item: self._files[item.storage_index]):
            file = self._files[item.storage_index]
            if file not in opened:
                opened = {file: read_safetensors(below(self._folder, file))}
            value = part_of(opened[file], item.storage_index.fqn, item.storage_offsets, item.lengths)
            place = planner.resolve_tensor(item).detach()
            place.copy_(value)
            planner.commit_tensor(item, place)
        done: Future[None] = Future()
        done.set_result(None)
        return done

    @classmethod
    def validate_checkpoint_id(cls, checkpoint_id: str | os.PathLike[str]) -> bool:
        """Any place that `storage` knows."""
        return True


def part_of(
    file: dict[str, StoredTensor], name: str, offsets: Sequence[int], lengths: Sequence[int]
) -> Tensor:
    """A part of a stored tensor, of which only the rows of its first axis are read."""
    stored = file.get(name)
    ends = [start + length for start, length in zip(offsets, lengths, strict=True)]
    if stored is None or any(end > size for end, size in zip(ends, stored.shape, strict=True)):
        raise UserError(f"a file of the checkpoint does not hold all of {name}, as its index says it does")
    if not stored.shape:
        return stored.read()
    rows = stored.read(offsets[0], ends[0])
    return rows[(slice(None), *map(slice, offsets[1:], ends[1:]))]


def whole_tensors(folder: str, tensors: Iterable[tuple[str, StateTensor]]) -> Iterator[Tensor]:
    """Tensors put together of their parts, one after another."""
    opened: dict[str, dict[str, StoredTensor]] = {}
    for name, tensor in tensors:
        out = torch.empty(tensor.shape)
        for part in tensor.parts:
            if part.file not in opened:
                opened[part.file] = read_safetensors(below(folder, part.file))
            ends = [at + length for at, length in zip(part.offsets, part.shape, strict=True)]
            found = part_of(opened[part.file], name, [0] * len(part.shape), part.shape)
            out[tuple(map(slice, part.offsets, ends))] = found
        yield out

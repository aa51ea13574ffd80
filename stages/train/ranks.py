"""The environment in, this process's rank and device out; torch's global settings, put back afterwards."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar, cast

import torch
import torch.distributed as dist
from torch.distributed.distributed_c10d import PrefixStore
from torch.distributed.rendezvous import rendezvous

from stages.core.errors import UserError
from stages.train.alive import RankWatch
from stages.train.config import TrainConfig


@dataclass(frozen=True)
class Place:
    """Where this process runs: its rank of how many, on which device."""

    rank: int
    world_size: int
    device: torch.device
    beside: dist.ProcessGroup | None = None
    """The same processes over the host's memory, for checkpoints, which are written while training goes on."""

    tensor_parallel: int = 1
    """Neighbouring processes that read the same sequences."""

    @property
    def data_ranks(self) -> int:
        """Parts that a batch is read in."""
        return self.world_size // self.tensor_parallel

    @property
    def data_rank(self) -> int:
        """Which of them falls to this process."""
        return self.rank // self.tensor_parallel


ALONE = Place(0, 1, torch.device("cpu"))
"""One process on a CPU."""


Value = TypeVar("Value")


def agreed(function: Callable[[], Value], place: Place) -> Value:
    """What a function gives in each process; a UserError of one of them is an error in all, with its rank."""
    value, wrong = None, None
    try:
        value = function()
    except UserError as error:
        wrong = error
    if place.world_size > 1:
        told: list[str | None] = [None] * place.world_size
        dist.all_gather_object(told, None if wrong is None else str(wrong), group=place.beside)
        first = next((rank for rank, line in enumerate(told) if line is not None), None)
        if first is not None:
            raise wrong or UserError(f"rank {first}: {told[first]}")
    if wrong is not None:
        raise wrong
    return cast("Value", value)


@contextmanager
def torch_settings(config: TrainConfig) -> Iterator[None]:
    """torch's global settings for the run, put back afterwards."""
    threads, precision = torch.get_num_threads(), torch.get_float32_matmul_precision()
    was_deterministic = torch.are_deterministic_algorithms_enabled()
    if config.deterministic:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # as cuBLAS asks for
        torch.use_deterministic_algorithms(True)
    torch.set_num_threads(config.threads)
    torch.set_float32_matmul_precision("high")
    try:
        with warnings.catch_warnings():
            # of checkpoints that one process writes alone
            warnings.filterwarnings("ignore", message="torch.distributed is disabled, unavailable")
            yield
    finally:
        torch.use_deterministic_algorithms(was_deterministic)
        torch.set_num_threads(threads)
        torch.set_float32_matmul_precision(precision)


@contextmanager
def torch_ranks(config: TrainConfig) -> Iterator[Place]:
    """This process's place among torchrun's, on one machine or many, or alone when there is no torchrun."""
    cuda = config.device == "cuda" or (config.device == "auto" and torch.cuda.is_available())
    if cuda and not torch.cuda.is_available():
        raise UserError("device cuda: torch sees no GPU; use device cpu or auto")
    rank, world_size = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    if world_size % config.tensor_parallel:
        raise UserError(f"tensor_parallel {config.tensor_parallel} must divide the {world_size} processes")
    device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0"))) if cuda else torch.device("cpu")
    if cuda:
        torch.cuda.set_device(device)
    if world_size == 1 and config.parallel == "ddp":
        yield Place(0, 1, device)
        return
    # gloo beside nccl: with cpu_offload, gradients' norms are summed in the host's memory.
    backend = "cpu:gloo,cuda:nccl" if cuda else "gloo"
    if world_size == 1:  # fsdp in one process
        store = dist.HashStore()  # type: ignore[attr-defined]
        dist.init_process_group(backend, store=store, rank=0, world_size=1)
        try:
            yield Place(0, 1, device)
        finally:
            dist.destroy_process_group()
        return
    with _many(backend) as beside:
        yield Place(rank, world_size, device, beside, config.tensor_parallel)


@contextmanager
def _many(backend: str) -> Iterator[dist.ProcessGroup]:
    """The group of all processes, and a second one; when one is gone all end, with its name."""
    store, rank, world_size = next(rendezvous("env://"))
    dist.init_process_group(backend, store=store, rank=rank, world_size=world_size)
    watch = RankWatch(PrefixStore("alive", store.clone()), rank, world_size)
    watch.start()
    try:
        yield dist.new_group(backend="gloo")
        dist.barrier()
        watch.ended()
    except BaseException as error:
        if _is_of_others(error):
            watch.wait_for_lost()
        watch.failed(error)
        raise
    finally:
        dist.destroy_process_group()


def _is_of_others(error: BaseException) -> bool:
    """Whether an exchange broke off, which says nothing of who is gone."""
    return isinstance(error, dist.DistError) or (isinstance(error, RuntimeError) and "gloo" in str(error))

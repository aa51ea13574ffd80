"""The environment in, this process's rank and device out; torch's global settings, put back afterwards."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist

from stages.core.errors import UserError
from stages.train.config import TrainConfig


@dataclass(frozen=True)
class Place:
    """Where this process runs: its rank of how many, on which device."""

    rank: int
    world_size: int
    device: torch.device


ALONE = Place(0, 1, torch.device("cpu"))
"""One process on a CPU."""


def shared_out(value: Any, place: Place) -> Any:
    """The first process's plain value, in all of them."""
    if place.world_size == 1:
        return value
    held = [value]
    dist.broadcast_object_list(held, src=0, device=place.device)
    return held[0]


@contextmanager
def torch_settings(config: TrainConfig) -> Iterator[None]:
    """torch's global settings for the run, put back afterwards."""
    threads, precision = torch.get_num_threads(), torch.get_float32_matmul_precision()
    torch.set_num_threads(config.threads)
    torch.set_float32_matmul_precision("high")
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        torch.set_float32_matmul_precision(precision)


@contextmanager
def torch_ranks(config: TrainConfig) -> Iterator[Place]:
    """This process's place among torchrun's, on one machine or many, or alone when there is no torchrun."""
    cuda = config.device == "cuda" or (config.device == "auto" and torch.cuda.is_available())
    if cuda and not torch.cuda.is_available():
        raise UserError("device cuda: torch sees no GPU; use device cpu or auto")
    rank, world_size = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0"))) if cuda else torch.device("cpu")
    if cuda:
        torch.cuda.set_device(device)
    if world_size == 1 and config.parallel == "ddp":
        yield Place(0, 1, device)
        return
    # gloo beside nccl: with cpu_offload, gradients' norms are summed in the host's memory.
    backend = "cpu:gloo,cuda:nccl" if cuda else "gloo"
    if "RANK" in os.environ:
        dist.init_process_group(backend)
    else:  # fsdp in one process, without torchrun
        store = dist.HashStore()  # type: ignore[attr-defined]
        dist.init_process_group(backend, store=store, rank=0, world_size=1)
    try:
        yield Place(rank, world_size, device)
        dist.barrier()
    finally:
        dist.destroy_process_group()

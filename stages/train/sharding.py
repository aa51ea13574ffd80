"""A model without memory in, the same on its device out, whole in every process (DDP) or a part of it in each (FSDP2).

A weight that is shared out is a DTensor, cut along its first axis; `assign` and `whole` go between it and the whole
tensor, so that first weights and checkpoints are the same however many processes there are.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import torch
from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import (
    CPUOffloadPolicy,
    FSDPModule,
    MixedPrecisionPolicy,
    OffloadPolicy,
    fully_shard,
)
from torch.distributed.tensor import DTensor
from torch.nn.parallel import DistributedDataParallel

from stages.core.errors import UserError
from stages.train.config import TrainConfig
from stages.train.model import Llama
from stages.train.ranks import Place


def make_model(config: TrainConfig, vocab_size: int, place: Place) -> Llama:
    """The model on its device, of weights that say nothing yet; with `parallel: fsdp` a part of it."""
    with torch.device("meta"):
        model = Llama(config.sizes, vocab_size, config.recompute, config.loss_positions, config.z_loss)
    if config.compile:
        for layer in model.layers:
            layer.compile()
    if config.parallel == "fsdp":
        share_out(model, config, place)
    model.to_empty(device="cpu" if config.cpu_offload else place.device)
    return model


def give_weights(model: Llama, weights: Iterator[tuple[str, Tensor]], origin: str) -> None:
    """Write each whole weight, by name, into the model; a UserError names one of `origin` that has another shape."""
    for name, value in weights:
        weight = model.get_parameter(name)
        if value.shape != weight.shape:
            raise UserError(f"{origin}: weight {name} is {list(value.shape)}, not {list(weight.shape)}")
        assign(weight, value)


def share_out(model: Llama, config: TrainConfig, place: Place) -> None:
    """Cut every weight over all processes; each layer is put together when it is needed, and what is around them at once."""
    mesh = init_device_mesh(place.device.type, (place.world_size,))
    # Not cast on the way in: angles of the rotary embeddings must stay float32.
    policy = MixedPrecisionPolicy(
        param_dtype=torch.bfloat16 if precision_on(config, place.device) == "bfloat16" else None,
        reduce_dtype=torch.float32,
        cast_forward_inputs=False,
    )
    offload = CPUOffloadPolicy() if config.cpu_offload else OffloadPolicy()
    for layer in model.layers:
        fully_shard(
            layer,
            mesh=mesh,
            reshard_after_forward=config.reshard,
            mp_policy=policy,
            offload_policy=offload,
        )
    fully_shard(model, mesh=mesh, reshard_after_forward=False, mp_policy=policy, offload_policy=offload)


def precision_on(config: TrainConfig, device: torch.device) -> str:
    """The precision on a device, `auto` resolved: float32, autocast or bfloat16."""
    if config.precision != "auto":
        return config.precision
    if device.type == "cpu":
        return "float32"
    return "bfloat16" if config.parallel == "fsdp" else "autocast"


def make_forward(model: Llama, config: TrainConfig, place: Place) -> nn.Module:
    """What to call: the model, which DDP makes exchange its gradients."""
    if config.parallel == "ddp" and place.world_size > 1:
        return DistributedDataParallel(model)
    return model


def sync_gradients(forward: nn.Module, now: bool) -> None:
    """Whether the next backward pass exchanges gradients, or only adds them up."""
    if isinstance(forward, DistributedDataParallel):
        forward.require_backward_grad_sync = now
    elif isinstance(forward, FSDPModule):
        forward.set_requires_gradient_sync(now)


def give_up_weights(forward: nn.Module) -> None:
    """After a forward pass without a backward pass: give up the weights that were put together for it."""
    for module in forward.modules():
        if isinstance(module, FSDPModule):
            module.reshard()


@torch.no_grad()
def assign(weight: Tensor, value: Tensor) -> None:
    """Write a whole tensor into a weight, or this process's part of it where it is shared out."""
    if not isinstance(weight, DTensor):
        weight.copy_(value)
        return
    parts, rank = value.chunk(weight.device_mesh.size()), weight.device_mesh.get_local_rank()
    if rank < len(parts):  # the last processes have nothing of a short axis
        weight.to_local().copy_(parts[rank])


def whole(value: Tensor, device: torch.device) -> Tensor:
    """The whole of a tensor that may be shared out; all processes must ask for it."""
    if not isinstance(value, DTensor):
        return value
    full: Tensor = cast("DTensor", value.to(device)).full_tensor()
    return full

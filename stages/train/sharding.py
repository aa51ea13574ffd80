"""A model without memory in, the same on its device out, whole in every process (DDP) or a part of it in each (FSDP2).

A weight that is shared out is a DTensor, cut along its first axis, and with tensor parallelism along another before;
`assign` and `whole` go between it and the whole tensor, so that first weights and checkpoints are the same however many
processes there are.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import (
    CPUOffloadPolicy,
    FSDPModule,
    MixedPrecisionPolicy,
    OffloadPolicy,
    fully_shard,
)
from torch.distributed.tensor import DTensor, Shard
from torch.distributed.tensor.parallel import ColwiseParallel, RowwiseParallel, parallelize_module
from torch.nn.parallel import DistributedDataParallel

from stages.core.errors import UserError
from stages.train.config import TrainConfig
from stages.train.model import Llama
from stages.train.ranks import Place

SHARED_PRODUCTS = {
    **dict.fromkeys(("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"), ColwiseParallel()),
    **dict.fromkeys(("mlp.gate_proj", "mlp.up_proj"), ColwiseParallel()),
    **dict.fromkeys(("self_attn.o_proj", "mlp.down_proj"), RowwiseParallel()),
}
"""Of a layer: heads and hidden units are divided, and what they give is summed (Megatron-LM, section 3)."""


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
    shape = (place.data_ranks, place.tensor_parallel)
    both = init_device_mesh(place.device.type, shape, mesh_dim_names=("data", "tensor"))
    mesh = both["data"]
    if place.tensor_parallel > 1:
        for layer in model.layers:
            parallelize_module(layer, both["tensor"], SHARED_PRODUCTS)
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


def clip_gradients(model: Llama, most: float, place: Place) -> Tensor:
    """Scale gradients down to the norm `most`; the norm before.

    With tensor parallelism weights are shared out in two ways, which torch does not sum together.
    """
    if place.tensor_parallel == 1:
        return whole(nn.utils.clip_grad_norm_(model.parameters(), most), place.device)
    weights = [cast("DTensor", weight) for weight in model.parameters()]
    tensor = next(weight.device_mesh["tensor"] for weight in weights if weight.device_mesh.ndim == 2)
    squares = torch.zeros((), device=place.device)
    grads = [cast("DTensor", weight.grad).to_local() for weight in weights]
    for weight, grad in zip(weights, grads, strict=True):
        copies = 1
        if weight.device_mesh.ndim == 1:  # whole in each of the neighbours: kept equal, and counted once
            copies = place.tensor_parallel
            dist.all_reduce(grad, group=tensor.get_group())
            grad /= copies
        squares += (grad.square().sum() / copies).to(place.device)
    dist.all_reduce(squares)
    norm = squares.sqrt()
    for grad in grads:
        grad.mul_((most / (norm + 1e-6)).clamp(max=1.0).to(grad.device))
    return norm


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
    mesh = weight.device_mesh
    for axis, placement in reversed(list(enumerate(weight.placements))):  # tensor parallelism cuts first
        dim = cast("Shard", placement).dim
        parts, rank = value.chunk(mesh.size(axis), dim), mesh.get_local_rank(axis)
        # the last processes have nothing of a short axis
        value = parts[rank] if rank < len(parts) else value.narrow(dim, 0, 0)
    weight.to_local().copy_(value)


def whole(value: Tensor, device: torch.device) -> Tensor:
    """The whole of a tensor that may be shared out; all processes must ask for it."""
    if not isinstance(value, DTensor):
        return value
    full: Tensor = cast("DTensor", value.to(device)).full_tensor()
    return full

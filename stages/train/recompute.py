"""A part of the model in, the same out with fewer of its activations kept: they are computed again in the backward pass.

`selective` keeps the results of matrix products and of attention, which cost time, and computes the rest again; `full`
keeps nothing but what goes in (Korthikanti et al., "Reducing Activation Recomputation", section 5, and Chen et al. 2016).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.utils.checkpoint import (
    CheckpointPolicy,
    checkpoint,
    create_selective_checkpoint_contexts,
)

from stages.train.config import Recompute

_ATEN = torch.ops.aten
_COSTLY = frozenset(
    {
        _ATEN.mm.default,
        _ATEN._scaled_dot_product_flash_attention.default,
        _ATEN._scaled_dot_product_efficient_attention.default,
        _ATEN._scaled_dot_product_cudnn_attention.default,
        _ATEN._scaled_dot_product_flash_attention_for_cpu.default,
        torch.ops.higher_order.flex_attention,
    }
)


def recomputed(function: Callable[..., Tensor], policy: Recompute, *arguments: Any) -> Tensor:
    """The function's value, with its activations kept as the policy says."""
    if policy == "none" or not torch.is_grad_enabled():
        return function(*arguments)
    # Nothing in a layer is random, so there is no random state to put back.
    options: dict[str, Any] = {"use_reentrant": False, "preserve_rng_state": False}
    if policy == "selective":
        options["context_fn"] = partial(create_selective_checkpoint_contexts, _keep_costly)
    out: Tensor = checkpoint(function, *arguments, **options)
    return out


def _keep_costly(context: Any, operation: Any, *arguments: Any, **keywords: Any) -> CheckpointPolicy:
    return CheckpointPolicy.MUST_SAVE if operation in _COSTLY else CheckpointPolicy.PREFER_RECOMPUTE

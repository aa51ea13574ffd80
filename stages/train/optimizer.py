"""A model in, its AdamW and the learning rate of each step out (LLaMA, section 2.3)."""

from __future__ import annotations

import math

import torch
from torch import nn

from stages.train.config import TrainConfig


def make_optimizer(model: nn.Module, config: TrainConfig, device: torch.device) -> torch.optim.AdamW:
    """AdamW; weight decay on matrices only, never on the weights of norms."""
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    alike: dict[tuple[bool, object], list[nn.Parameter]] = {}
    for weight in weights:  # fused kernels take weights that are shared out alike
        alike.setdefault((weight.dim() >= 2, getattr(weight, "device_mesh", None)), []).append(weight)
    groups = [
        {"params": part, "weight_decay": config.weight_decay if matrices else 0.0}
        for (matrices, _), part in alike.items()
    ]
    return torch.optim.AdamW(
        groups,
        lr=config.peak,
        betas=(config.beta1, config.beta2),
        eps=config.epsilon,
        fused=device.type in ("cpu", "cuda"),
    )


def learning_rate(step: int, num_steps: int, config: TrainConfig) -> float:
    """The rate of `step` (from 0): linear up over the warm-up, then down to the final fraction.

    As a cosine; or with `wsd` level, and straight down in the last `decay_fraction` of the steps (MiniCPM, section 4).
    """
    if step < config.warmup_steps:
        return config.peak * (step + 1) / config.warmup_steps
    floor = config.final_rate_fraction
    if config.rate_schedule == "wsd":
        decay_steps = max(1, round(config.decay_fraction * num_steps))
        left = min(1.0, (num_steps - 1 - step) / decay_steps)
        return config.peak * (floor + (1 - floor) * left)
    done = (step - config.warmup_steps) / max(1, num_steps - 1 - config.warmup_steps)
    return config.peak * (floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * min(done, 1.0))))


def set_learning_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Give all weights the rate of this step."""
    for group in optimizer.param_groups:
        group["lr"] = rate

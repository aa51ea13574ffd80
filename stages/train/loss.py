"""Hidden states and targets in, the loss out, a part of the positions at a time, so that logits never stand whole.

The logits of a part are computed again for its gradient: at 32,000 pieces that is 0.6% of a 7B's work. The z-loss
is PaLM's (section 5): it keeps the logarithm of the softmax's sum near 0.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

IGNORED = -100
"""The target at a position that has none: padding of a fitted sequence."""


def chunked_losses(hidden: Tensor, head: Tensor, targets: Tensor, chunk: int, z_loss: float = 0.0) -> Tensor:
    """(what is minimised, cross-entropy) in nats, shape (2,): `targets` (batch, length), `hidden` (batch, length, dim).

    Sums over all targets but IGNORED ones, divided by the number of positions: every token weighs the same in a
    step's gradient, wherever the padding lies. `chunk` positions are worked on at a time; `head` is (vocabulary, dim).
    """
    parts = zip(torch.split(hidden.flatten(0, 1), chunk), torch.split(targets.flatten(), chunk), strict=True)
    if targets.numel() <= chunk:
        sums = [loss_sums(functional.linear(rows, head), wanted, z_loss) for rows, wanted in parts]
    else:
        sums = [
            checkpoint(_part_sums, rows, head, wanted, z_loss, use_reentrant=False) for rows, wanted in parts
        ]
    return torch.stack(sums).sum(0) / targets.numel()


def _part_sums(rows: Tensor, head: Tensor, targets: Tensor, z_loss: float) -> Tensor:
    return loss_sums(functional.linear(rows, head), targets, z_loss)


def loss_sums(logits: Tensor, targets: Tensor, z_loss: float = 0.0) -> Tensor:
    """(what is minimised, cross-entropy), summed over the targets (n,) that are not IGNORED, of logits (n, vocabulary)."""
    wide = logits.float()
    entropy = functional.cross_entropy(wide, targets, ignore_index=IGNORED, reduction="sum")
    if not z_loss:
        return torch.stack([entropy, entropy.detach()])
    squares = wide.logsumexp(-1).square() * (targets != IGNORED)
    return torch.stack([entropy + z_loss * squares.sum(), entropy.detach()])

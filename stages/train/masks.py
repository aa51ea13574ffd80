"""Document numbers of tokens in, which may attend to which out: causal attention within a document (Llama 3, section 3.2).

Two forms of one rule: a dense table, the reference, and on a GPU the block mask of flex_attention, which skips
the blocks that hold nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.attention.flex_attention import BlockMask, create_block_mask, flex_attention

Mask = Tensor | BlockMask


def attention_mask(segments: Tensor) -> Mask:
    """The mask of `segments` (batch, length), in the form for its device."""
    return block_mask(segments, _compiled(create_block_mask)) if segments.is_cuda else document_mask(segments)


def document_mask(segments: Tensor) -> Tensor:
    """Which token may attend to which: earlier ones of its own document. Bool, (batch, 1, length, length)."""
    same = segments.unsqueeze(2) == segments.unsqueeze(1)
    return same.tril().unsqueeze(1)


def block_mask(segments: Tensor, create: Callable[..., Any] = create_block_mask) -> BlockMask:
    """The same as blocks of 128 by 128 tokens: full, empty, or looked into token by token."""
    batch, length = segments.shape
    made: BlockMask = create(
        document_rule(segments), batch, None, length, length, device=str(segments.device)
    )
    return made


def document_rule(segments: Tensor) -> Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]:
    """The rule as flex_attention asks it: (sequence, head, query's place, key's place) to whether they may."""

    def allowed(batch: Tensor, head: Tensor, query: Tensor, key: Tensor) -> Tensor:
        return (query >= key) & (segments[batch, query] == segments[batch, key])

    return allowed


def attend(query: Tensor, key: Tensor, value: Tensor, mask: Mask | None) -> Tensor:
    """Softmax attention, all (batch, heads, length, head_dim), causal without a mask; keys may have fewer heads."""
    grouped = key.shape[1] != query.shape[1]
    if isinstance(mask, BlockMask):
        kernel: Any = _compiled(flex_attention) if query.is_cuda else flex_attention
        mixed: Tensor = kernel(query, key, value, block_mask=mask, enable_gqa=grouped)
        return mixed
    return functional.scaled_dot_product_attention(
        query, key, value, attn_mask=mask, is_causal=mask is None, enable_gqa=grouped
    )


@cache
def _compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compiled on first use: without it flex_attention writes out all scores."""
    compiled: Callable[..., Any] = torch.compile(function)
    return compiled

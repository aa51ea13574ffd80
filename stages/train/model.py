"""Token ids in, logits or the loss out: the LLaMA transformer (section 2.2), with the switches of Llama 2 and 3.

Rotary embeddings turn the two halves of a head (not neighbouring pairs), as Hugging Face's Llama does, so
that weights are exported without being permuted.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

from stages.train.config import ModelConfig, Recompute
from stages.train.loss import chunked_losses
from stages.train.masks import Mask, attend, attention_mask
from stages.train.recompute import recomputed

INITIAL_DEVIATION = 0.02
LOSS_POSITIONS = 2048


class RMSNorm(nn.Module):
    """x / root mean square of x, times a learned weight; in float32, shape (..., dim)."""

    def __init__(self, dim: int, epsilon: float) -> None:
        super().__init__()
        self.epsilon = epsilon
        self.weight = nn.Parameter(torch.ones(dim))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise the last axis."""
        wide = x.float()
        wide = wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + self.epsilon)
        return wide.type_as(x) * self.weight


def rotary_angles(positions: Tensor, head_dim: int, theta: float) -> tuple[Tensor, Tensor]:
    """Cosine and sine of `positions` (batch, length): float32, shape (batch, 1, length, head_dim)."""
    exponents = torch.arange(0, head_dim, 2, device=positions.device, dtype=torch.float32) / head_dim
    angles = positions.float().unsqueeze(-1) / theta**exponents
    angles = torch.cat([angles, angles], dim=-1).unsqueeze(1)
    return angles.cos(), angles.sin()


def rotate(x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    """Turn each head vector of `x` (batch, heads, length, head_dim) by its position's angles."""
    first, second = x.chunk(2, dim=-1)
    turned = torch.cat([-second, first], dim=-1)
    return (x * cosine + turned * sine).type_as(x)


class Attention(nn.Module):
    """Causal self-attention; keys and values may have fewer heads than queries."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.head_dim = config.head_dim
        self.q_proj = nn.Linear(config.dim, config.num_heads * config.head_dim, bias=False)
        self.k_proj = nn.Linear(config.dim, config.kv_heads * config.head_dim, bias=False)
        self.v_proj = nn.Linear(config.dim, config.kv_heads * config.head_dim, bias=False)
        self.o_proj = nn.Linear(config.num_heads * config.head_dim, config.dim, bias=False)

    def forward(self, x: Tensor, cosine: Tensor, sine: Tensor, mask: Mask | None) -> Tensor:
        """Attend within `mask`, or to all that came before when there is none."""
        batch, length, _ = x.shape
        # As many heads as this process has: all, but with tensor parallelism.
        query = self.q_proj(x).view(batch, length, -1, self.head_dim).transpose(1, 2)
        key = self.k_proj(x).view(batch, length, -1, self.head_dim).transpose(1, 2)
        value = self.v_proj(x).view(batch, length, -1, self.head_dim).transpose(1, 2)
        mixed = attend(rotate(query, cosine, sine), rotate(key, cosine, sine), value, mask)
        joined: Tensor = self.o_proj(mixed.transpose(1, 2).reshape(batch, length, -1))
        return joined


class SwiGLU(nn.Module):
    """down(silu(gate(x)) * up(x))."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(config.dim, config.hidden_dim, bias=False)
        self.up_proj = nn.Linear(config.dim, config.hidden_dim, bias=False)
        self.down_proj = nn.Linear(config.hidden_dim, config.dim, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Position by position, shape (..., dim)."""
        out: Tensor = self.down_proj(functional.silu(self.gate_proj(x)) * self.up_proj(x))
        return out


class Layer(nn.Module):
    """x + attention(norm(x)), then x + mlp(norm(x)); activations are kept by the policy `recompute`."""

    def __init__(self, config: ModelConfig, recompute: Recompute = "none") -> None:
        super().__init__()
        self.recompute = recompute
        self.input_layernorm = RMSNorm(config.dim, config.norm_epsilon)
        self.self_attn = Attention(config)
        self.post_attention_layernorm = RMSNorm(config.dim, config.norm_epsilon)
        self.mlp = SwiGLU(config)

    def forward(self, x: Tensor, cosine: Tensor, sine: Tensor, mask: Mask | None) -> Tensor:
        """One layer, shape (batch, length, dim)."""
        return recomputed(self._both, self.recompute, x, cosine, sine, mask)

    def _both(self, x: Tensor, cosine: Tensor, sine: Tensor, mask: Mask | None) -> Tensor:
        x = x + self.self_attn(self.input_layernorm(x), cosine, sine, mask)
        out: Tensor = x + self.mlp(self.post_attention_layernorm(x))
        return out


class Llama(nn.Module):
    """The whole model. Names of weights are those of Hugging Face's Llama, less the prefix `model.`.

    `loss_positions` are worked on at a time in the loss, and `z_loss` is its factor there.
    """

    def __init__(
        self,
        config: ModelConfig,
        vocab_size: int,
        recompute: Recompute = "none",
        loss_positions: int = LOSS_POSITIONS,
        z_loss: float = 0.0,
    ) -> None:
        super().__init__()
        self.config, self.vocab_size = config, vocab_size
        self.loss_positions, self.z_loss = loss_positions, z_loss
        self.embed_tokens = nn.Embedding(vocab_size, config.dim)
        self.layers = nn.ModuleList(Layer(config, recompute) for _ in range(config.num_layers))
        self.norm = RMSNorm(config.dim, config.norm_epsilon)
        self.lm_head = nn.Linear(config.dim, vocab_size, bias=False)

    def first_weights(self, seed: int) -> Iterator[tuple[str, Tensor]]:
        """Name and first value of each weight, float32, from a generator of our own; ends of residual branches shrink."""
        generator = torch.Generator().manual_seed(seed)
        shrunk = INITIAL_DEVIATION / (2 * self.config.num_layers) ** 0.5
        for name, weight in self.named_parameters():
            if weight.dim() < 2:
                yield name, torch.ones(weight.shape)
                continue
            deviation = shrunk if name.endswith(("o_proj.weight", "down_proj.weight")) else INITIAL_DEVIATION
            yield name, torch.empty(weight.shape).normal_(0.0, deviation, generator=generator)

    @torch.no_grad()
    def initialize(self, seed: int) -> None:
        """Give each weight its first value."""
        for name, drawn in self.first_weights(seed):
            self.get_parameter(name).copy_(drawn)

    def forward(
        self,
        ids: Tensor,
        segments: Tensor | None = None,
        positions: Tensor | None = None,
        targets: Tensor | None = None,
    ) -> Tensor:
        """Logits (batch, length, vocab_size) of `ids` (batch, length); with `targets` what `chunked_losses` gives.

        With `segments` (document number of each token) and `positions` (place in its document), both of the
        shape of `ids`, no token attends outside its document.
        """
        if positions is None:
            positions = torch.arange(ids.shape[1], device=ids.device).unsqueeze(0)
        cosine, sine = rotary_angles(positions, self.config.head_dim, self.config.rope_theta)
        mask = None if segments is None else attention_mask(segments)
        x = self.embed_tokens(ids)
        for layer in self.layers:
            x = layer(x, cosine, sine, mask)
        hidden = self.norm(x)
        if targets is not None:
            return chunked_losses(hidden, self.lm_head.weight, targets, self.loss_positions, self.z_loss)
        logits: Tensor = self.lm_head(hidden)
        return logits


def count_parameters(config: ModelConfig, vocab_size: int) -> int:
    """Weights of the model, counted on one that takes no memory."""
    with torch.device("meta"):
        model = Llama(config, vocab_size)
    return sum(weight.numel() for weight in model.parameters())

"""Sizes of a model, how it is trained and the number of processes in, bytes of each out: the arithmetic of what fits where.

Weights, gradients and AdamW's two moments are float32 (ZeRO, section 3.1, counts them so); FSDP cuts them by the number of
processes. Activations are what eager PyTorch keeps from the forward pass to the backward pass; a compiled layer keeps less.
"""

from __future__ import annotations

from dataclasses import dataclass

from stages.train.config import ModelConfig, Recompute, TrainConfig

FLOAT32, BFLOAT16 = 4, 2
LAYERS_AT_ONCE = 2
"""Layers whose weights are whole at a time: the one that is worked on and the next, which is fetched meanwhile."""

CARD_BYTES = 80 * 10**9
USABLE = 0.9
"""Of a card's memory; the rest is the context, buffers of the exchange, and what no allocation fits into."""

WORLD_SIZES = (1, 2, 4, 8, *range(16, 2049, 8))
"""Numbers of processes to try: parts of a machine of 8 cards, then whole machines."""


@dataclass(frozen=True)
class RankBytes:
    """Bytes of one process, in its card's memory. `passing` is what stands for a while: whole weights, logits."""

    weights: int
    gradients: int
    optimizer: int
    activations: int
    passing: int

    @property
    def total(self) -> int:
        """All of them at once."""
        return self.weights + self.gradients + self.optimizer + self.activations + self.passing


def rank_bytes(config: TrainConfig, vocab_size: int, sequence_length: int, world_size: int) -> RankBytes:
    """What a process of `world_size` needs; with `parallel: ddp` the number does not matter.

    With `tensor_parallel` activations and what stands for a while are counted as without: it is less.
    """
    sizes, fsdp = config.sizes, config.parallel == "fsdp"
    part = (
        share_of_weights(sizes, vocab_size, world_size, config.tensor_parallel)
        if fsdp
        else sizes.num_parameters(vocab_size)
    )
    positions = config.micro_batch_sequences * sequence_length
    logits = min(positions, config.loss_positions) * vocab_size * logit_bytes(config.z_loss)
    around = (2 * vocab_size + 1) * sizes.dim
    # Put together in bfloat16, with gradients of the same size: some layers, and embeddings and head all the time.
    layers = LAYERS_AT_ONCE if config.reshard else sizes.num_layers
    whole = 2 * BFLOAT16 * (layers * layer_weights(sizes) + around) if fsdp else 0
    held = 0 if config.cpu_offload else FLOAT32 * part
    return RankBytes(
        weights=held,
        gradients=held,
        optimizer=2 * held,
        activations=positions * activation_bytes(sizes, config.recompute),
        passing=logits + whole,
    )


def share_of_weights(sizes: ModelConfig, vocab_size: int, world_size: int, tensor_parallel: int = 1) -> int:
    """Weights of the process that holds most: each matrix is cut along its first axis, into equal parts but the last ones.

    With tensor parallelism a layer's matrices are divided before, along the axis of heads or of the hidden width.
    """
    world_size //= tensor_parallel
    kv = sizes.kv_heads * sizes.head_dim // tensor_parallel
    dim, inner, hidden = sizes.dim, sizes.dim // tensor_parallel, sizes.hidden_dim // tensor_parallel
    layer = [(inner, dim), (kv, dim), (kv, dim), (dim, inner), (hidden, dim), (hidden, dim), (dim, hidden)]
    layer += [(dim, 1), (dim, 1)]
    around = [(vocab_size, dim), (vocab_size, dim), (dim, 1)]
    return sum(
        times * -(-rows // world_size) * columns
        for times, shapes in ((sizes.num_layers, layer), (1, around))
        for rows, columns in shapes
    )


def logit_bytes(z_loss: float) -> int:
    """Bytes of a logit when most stands, in the loss's backward pass: logarithms, and gradients before and after softmax.

    The z-loss keeps the logits and a gradient of its own besides.
    """
    return (5 if z_loss else 3) * FLOAT32


def layer_weights(sizes: ModelConfig) -> int:
    """Weights of one layer."""
    return (sizes.num_parameters(1) - 3 * sizes.dim) // sizes.num_layers


def activation_bytes(sizes: ModelConfig, recompute: Recompute) -> int:
    """Bytes that a position keeps until the backward pass, in bfloat16: each layer's by policy, and those of the final norm.

    With `full` and `selective` one layer's are all there at a time, when they are computed again.
    """
    dim, kv, hidden = sizes.dim, sizes.kv_heads * sizes.head_dim, sizes.hidden_dim
    softmax = FLOAT32 * sizes.num_heads
    # RMSNorm: its input as float32, the mean's root, its normal form, and what it gives.
    norm = FLOAT32 * (dim + 1) + BFLOAT16 * 2 * dim
    # Beside two norms: queries, keys and values turned, what attention gives, and SwiGLU's four of the hidden width.
    everything = 2 * norm + BFLOAT16 * (2 * dim + 2 * kv + 4 * hidden) + softmax
    # The layer's input, and the results of its seven products and of attention.
    costly = BFLOAT16 * (5 * dim + 2 * kv + 2 * hidden) + softmax
    kept = {"none": everything, "selective": costly, "full": BFLOAT16 * dim}[recompute]
    again = 0 if recompute == "none" else everything
    return sizes.num_layers * kept + again + norm


def world_size_needed(
    config: TrainConfig, vocab_size: int, sequence_length: int, card_bytes: int = CARD_BYTES
) -> int | None:
    """The fewest processes that a training fits on, one a card; None when no number of them is enough."""
    fits = (
        number
        for number in WORLD_SIZES
        if number % config.tensor_parallel == 0
        and rank_bytes(config, vocab_size, sequence_length, number).total <= USABLE * card_bytes
    )
    return next(fits, None)

"""A recipe's training in, what it would take out: GPU hours, and the cards that hold it."""

from __future__ import annotations

from fractions import Fraction
from typing import get_args

from pipeline.config import LoadedRecipe
from pipeline.plan.units import shown_bytes
from stages.mix.weights import parse_tokens, readable
from stages.train.config import Parallel, Recompute, TrainConfig
from stages.train.memory import CARD_BYTES, WORLD_SIZES, rank_bytes, world_size_needed
from stages.train.stage import Train

A100_FLOPS = 312e12
TRAINING_UTILISATION = 0.47
"""LLaMA 65B ran at about 47% of peak on 2,048 A100 (the paper, section 2.4)."""

MEMORY_PARTS = ("weights", "gradients", "optimizer", "activations", "passing")


def training_needs(loaded: LoadedRecipe) -> list[str]:
    """GPU hours of a training, and the cards that it needs; no line without one."""
    train: Train | None = loaded.recipe.train
    if train is None:
        return []
    vocab_size, budget = loaded.recipe.tokenizer.vocab_size, loaded.recipe.mixture.budget
    lines = []
    if budget is not None:
        tokens, parameters = parse_tokens(budget), train.sizes.num_parameters(vocab_size)
        hours = 6 * parameters * tokens / (A100_FLOPS * TRAINING_UTILISATION) / 3600
        lines.append(
            f"training: {parameters / 1e9:.2f} B parameters on {readable(Fraction(tokens))} tokens:"
            f" about {hours:,.0f} A100-hours"
            f" at {TRAINING_UTILISATION:.0%} of peak, {hours / 2048 / 24:,.1f} days on 2,048"
        )
    return lines + cards_needed(train, vocab_size, loaded.recipe.mixture.sequence_length)


def cards_needed(train: TrainConfig, vocab_size: int, sequence_length: int) -> list[str]:
    """Which world size a training needs, a process a card: as it is told, and by FSDP with each policy of recomputation."""
    lines = [
        f"memory of training, {train.micro_batch_sequences} sequences of {sequence_length:,} at a time,"
        f" on cards of {shown_bytes(CARD_BYTES)}:"
    ]
    told = (train.parallel, train.recompute)
    ways: list[tuple[Parallel, Recompute]] = [told, *(("fsdp", policy) for policy in get_args(Recompute))]
    for parallel, recompute in dict.fromkeys(ways):
        config = train.model_copy(update={"parallel": parallel, "recompute": recompute})
        number = world_size_needed(config, vocab_size, sequence_length)
        shown = rank_bytes(config, vocab_size, sequence_length, number or WORLD_SIZES[-1])
        parts = ", ".join(f"{name} {shown_bytes(getattr(shown, name))}" for name in MEMORY_PARTS)
        enough = f"{number:,} or more processes" if number else f"fits on no number of cards, {_mend(config)}"
        lines.append(f"  --parallel {parallel} --recompute {recompute}: {enough}; each {parts}")
    return lines


def _mend(config: TrainConfig) -> str:
    """What may make a training fit that does not, on any number of cards."""
    if config.parallel == "ddp":
        return "each has a whole model; see fsdp"
    return "lower micro_batch_sequences" if config.micro_batch_sequences > 1 else "recompute more"

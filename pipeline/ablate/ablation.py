"""Runs, held-out documents and questions in, the comparison of their models out: every arm trained and measured by seed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pipeline.ablate.arms import Arm, equal_tokens, open_arms
from pipeline.ablate.choices import read_questions
from pipeline.ablate.compare import ArmComparison, comparisons
from pipeline.ablate.measure import measure
from pipeline.ablate.texts import HeldOutText, held_out_text
from stages.core import storage
from stages.core.errors import UserError
from stages.mix.weights import parse_tokens
from stages.train.config import TrainConfig


@dataclass(frozen=True)
class AblationAsked:
    """What is compared, and on what. `tokens` None: as many as the smallest mixture draws."""

    runs: Sequence[str]
    held_out: Sequence[str]
    held_out_bytes: int
    benchmarks: Sequence[str]
    questions: int
    tokens: str | None
    seeds: int
    tokenizers: Sequence[str]


@dataclass(frozen=True)
class Ablation:
    """Names of the arms, the figures of all, and lines that say what was compared."""

    arms: list[str]
    rows: list[ArmComparison]
    lines: list[str]


def compare_runs(
    asked: AblationAsked, training: TrainConfig, out: str, tell: Callable[[str], None]
) -> Ablation:
    """Train and measure what `out` does not hold yet; a UserError where runs cannot be compared."""
    arms = open_arms(asked.runs, asked.tokenizers)
    steps = _steps(arms, training, asked.tokens)
    text = held_out_text(asked.held_out, arms, asked.held_out_bytes)
    questions = read_questions(asked.benchmarks, asked.questions)
    found = [
        measure(
            arm,
            training.model_copy(update={"steps": steps, "seed": seed}),
            text,
            questions,
            storage.join(out, arm.name, f"seed-{seed}"),
            tell,
        )
        for seed in range(training.seed, training.seed + asked.seeds)
        for arm in arms
    ]
    names = [arm.name for arm in arms]
    return Ablation(names, comparisons(names, found), _lines(arms, text, found[0].tokens, asked.seeds))


def _steps(arms: Sequence[Arm], training: TrainConfig, tokens: str | None) -> int:
    each = equal_tokens(arms, None if tokens is None else parse_tokens(tokens))
    step_tokens = training.batch_sequences * arms[0].mixture.sequence_length
    steps = each // step_tokens
    if steps <= training.warmup_steps:
        raise UserError(
            f"{each:,} tokens are {steps} steps of {step_tokens:,}, and {training.warmup_steps} of them warm up; give"
            " more --tokens, fewer --batch-sequences or --warmup-steps"
        )
    return steps


def _lines(arms: Sequence[Arm], text: HeldOutText, tokens: int, seeds: int) -> list[str]:
    held_out = ", ".join(f"{source} {text.num_bytes(source):,} bytes" for source in text.sources)
    lines = [
        f"{tokens:,} tokens each, {seeds} seeds; held out {held_out}",
        "Text a token: " + ", ".join(f"{arm.name} {arm.bytes_per_token:.2f} bytes" for arm in arms),
        "Differences are from the first arm; noise is what lies within the 95% interval of the mean difference by seed (t).",
    ]
    if text.in_arms:
        lines.append(f"{text.in_arms} held-out documents are in an arm's tokens and were left out")
    return lines

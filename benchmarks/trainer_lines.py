"""What is measured of the trainer: settings of its models, and a line of the table for each; without torch."""

from __future__ import annotations

from dataclasses import dataclass

from stages.train.config import Parallel, Recompute, TrainConfig
from stages.train.memory import rank_bytes

HEADER = (
    "what",
    "model",
    "sequences",
    "how",
    "tokens/s",
    "of the ceiling",
    "peak GB",
    "planned GB",
    "first step s",
    "outcome",
)


@dataclass(frozen=True)
class Setting:
    """A model and how it is trained: `sequences` of `context` tokens at a time, `micro_batches` of them a step."""

    model: str
    sequences: int
    parallel: Parallel = "ddp"
    recompute: Recompute = "none"
    context: int = 2048
    micro_batches: int = 4
    vocab_size: int = 32_000

    @property
    def step_tokens(self) -> int:
        """Tokens of a step."""
        return self.micro_batches * self.sequences * self.context

    def config(self, device: str, steps: int | None = None) -> TrainConfig:
        """As the trainer takes it; on a GPU its layers are compiled."""
        return TrainConfig(
            model=self.model,
            steps=steps,
            warmup_steps=0 if steps is None else steps // 2,
            batch_sequences=self.micro_batches * self.sequences,
            micro_batch_sequences=self.sequences,
            parallel=self.parallel,
            recompute=self.recompute,
            device=device,
            compile=device == "cuda",
        )

    def flops(self, tokens_per_second: float) -> float:
        """Operations a second at this speed (PaLM, appendix B)."""
        sizes = TrainConfig(model=self.model).sizes
        return tokens_per_second * sizes.flops_per_token(self.vocab_size, self.context)

    def planned_bytes(self, device: str) -> int:
        """What the arithmetic of `memory.py` says of one process."""
        return rank_bytes(self.config(device), self.vocab_size, self.context, 1).total


@dataclass(frozen=True)
class Speed:
    """Of one part: the median step's tokens a second, the most memory, and seconds of the first step beyond the median."""

    tokens_per_second: float
    peak_bytes: int
    first_seconds: float


@dataclass(frozen=True)
class Line:
    """A line of the table. `passed` says of a check whether it holds, else whether there is a figure; None: not run."""

    what: str
    outcome: str
    passed: bool | None
    setting: Setting | None = None
    speed: Speed | None = None
    ceiling_share: float | None = None
    planned_bytes: int | None = None
    check: bool = False

    def cells(self) -> list[str]:
        """The line as text, in the order of HEADER."""
        one = self.setting
        named = ["", "", ""]
        if one is not None:
            named = [one.model, f"{one.sequences} x {one.context:,}", f"{one.parallel}, {one.recompute}"]
        measured = ["", "", "", _gigabytes(self.planned_bytes), ""]
        if self.speed is not None:
            share = "" if self.ceiling_share is None else f"{self.ceiling_share:.1%}"
            measured = [f"{self.speed.tokens_per_second:,.0f}", share, _gigabytes(self.speed.peak_bytes)]
            measured += [_gigabytes(self.planned_bytes), f"{self.speed.first_seconds:.1f}"]
        mark = {True: "", False: "**no**: ", None: "not run: "}[self.passed]
        return [self.what, *named, *measured, mark + self.outcome]


def _gigabytes(number: int | None) -> str:
    return "" if number is None else f"{number / 1e9:.1f}"

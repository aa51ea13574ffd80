"""Finished steps in, log.jsonl and lines for the screen out; times are only on the screen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from stages.core import storage
from stages.core.atomic import atomic_output
from stages.core.errors import UserError
from stages.core.manifest import TABLE, FileInfo
from stages.core.printing import printable

LOG_NAME = "log.jsonl"


@dataclass(frozen=True)
class StepInfo:
    """One finished step: what the log keeps, and what only screen and trackers show (speed, `mfu` in 0..1, memory).

    `held_out` is where it was measured: loss and bits per byte of each source; `sample` a text of the model's.
    """

    step: int
    num_steps: int
    loss: float
    bits_per_byte: float
    rate: float
    grad_norm: float
    tokens: int
    tokens_per_second: float
    mfu: float | None
    memory_bytes: int
    held_out: dict[str, dict[str, float]] | None = None
    sample: str | None = None

    def log_row(self) -> dict[str, Any]:
        """The row of log.jsonl: no times, so that a resumed run writes the same bytes."""
        row = {
            "step": self.step,
            "loss": self.loss,
            "bits_per_byte": self.bits_per_byte,
            "lr": self.rate,
            "grad_norm": self.grad_norm,
            "tokens": self.tokens,
        }
        measured = {"held_out": self.held_out, "sample": self.sample}
        return row | {name: value for name, value in measured.items() if value is not None}

    def figures(self) -> dict[str, float]:
        """Every number of the step by a name, for what draws curves."""
        found = {
            name: value
            for name, value in self.log_row().items()
            if name not in ("step", "held_out", "sample")
        }
        found |= {"tokens_per_second": self.tokens_per_second, "memory_bytes": self.memory_bytes}
        if self.mfu is not None:
            found["mfu"] = self.mfu
        for source, measured in (self.held_out or {}).items():
            found |= {f"held_out/{source}/{name}": value for name, value in measured.items()}
        return found

    def line(self) -> str:
        """One line for the screen."""
        mfu = "" if self.mfu is None else f" | MFU {self.mfu:.1%}"
        measured = "".join(
            f" | held-out {source} {found['loss']:.4f}" for source, found in (self.held_out or {}).items()
        )
        return (
            f"step {self.step}/{self.num_steps} | loss {self.loss:.4f} | lr {self.rate:.2e}"
            f" | norm {self.grad_norm:.3f} | {self.tokens_per_second:,.0f} tokens/s{mfu}"
            f" | {self.memory_bytes / 1e9:.2f} GB{measured}"
        ) + ("" if self.sample is None else f"\n  {printable(self.sample)}")


def skipped_row(step: int, tokens: int) -> dict[str, Any]:
    """The row of a step whose batch was left out."""
    return {"step": step, "skipped": True, "tokens": tokens}


def write_log(folder: str, rows: list[dict[str, Any]]) -> FileInfo:
    """Write log.jsonl, atomically."""
    with atomic_output(storage.join(folder, LOG_NAME)) as output:
        output.write(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    return FileInfo(name=LOG_NAME, kind=TABLE, rows=len(rows), bytes=output.num_bytes, sha256=output.sha256)


def read_log(folder: str, step: int) -> list[dict[str, Any]]:
    """The rows of the log up to `step`."""
    uri = storage.join(folder, LOG_NAME)
    lines = storage.read_bytes(uri).splitlines() if storage.exists(uri) else []
    rows = [orjson.loads(line) for line in lines[:step]]
    if len(rows) < step:
        raise UserError(
            f"{uri}: {len(rows)} rows, but there is a checkpoint of step {step}; delete it, or the folder"
        )
    return rows

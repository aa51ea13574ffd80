"""The manifest of a pack stage and weights, epochs or a budget in, `mixture.json` out (LLaMA, table 1)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from functools import partial
from typing import ClassVar, Self

import orjson
from pydantic import Field, field_validator, model_validator

from stages.core.documents import source_of
from stages.core.errors import UserError
from stages.core.groups import (
    EmptySources,
    Groups,
    check_groups,
    epochs_of_sources,
    weights_of_sources,
    without_empty,
)
from stages.core.manifest import MODEL, Manifest, Record, ShardReport
from stages.core.mistakes import Mistakes
from stages.core.stage import Stage, Task, is_made_by, task_id
from stages.core.writer import TaskWriter
from stages.mix.languages import solve_by_language
from stages.mix.phases import Phase, solve_phases
from stages.mix.schedule import MIXTURE_NAME, Mixture, MixtureSource, Packing
from stages.mix.weights import MANY_EPOCHS, Solution, parse_tokens, readable, solve, sum_of, whole_sequences
from stages.tokenize.best_fit import FitSequences, SequenceOptions, ShardFit
from stages.tokenize.pack import PackedShard


class MixParams(Record):
    """Packed tokens by source, their tokenizer, and the fitted sequences and their tokens where there are such."""

    tokens: dict[str, int]
    tokenizer_sha256: str
    fitted: dict[str, tuple[int, int]] | None


class Mixed(Record):
    """What the mixture draws in all, and what the user should know of it."""

    tokens: int
    sequences: int
    warnings: tuple[str, ...]


class Mix(SequenceOptions, EmptySources, Stage[MixParams]):
    """Weights, epochs or a budget, and the packed tokens, to a mixture."""

    stage_name: ClassVar[str] = "mix"

    weights: dict[str, float] | None = Field(
        None, description="share of the budget by source or group, summing to 1"
    )
    epochs: dict[str, float] | None = Field(
        None, description="passes over a source, or all of a group, such as wikipedia: 2"
    )
    groups: Groups = Field(
        default_factory=dict,
        description="sources under one name; its weight is split by their tokens, or by the shares given here",
    )
    budget: str | int | None = Field(None, description="tokens to train on, such as 1.4T")
    max_epochs: float = Field(
        MANY_EPOCHS, gt=0, description="with weights alone: passes over any source at most"
    )
    temperature: float = Field(
        1.0, gt=0, description="above 1 lifts small sources among those with no weight or epochs"
    )

    phases: tuple[Phase, ...] = Field(
        (),
        description="instead of weights: stretches of the training with weights of their own, the last to its end",
    )

    packing: Packing = Field(
        "stream",
        description="sequences cut from the stream of tokens, or fitted so that few documents are cut",
    )
    language_temperature: dict[str, float] = Field(
        default_factory=dict, description="sources packed by language: above 1 lifts their small languages"
    )

    @field_validator("budget")
    @classmethod
    def _is_a_number_of_tokens(cls, budget: str | int | None) -> str | int | None:
        if budget is not None:
            try:
                parse_tokens(budget)
            except UserError as error:
                raise ValueError(str(error)) from error
        return budget

    @field_validator("weights", "epochs")
    @classmethod
    def _are_shares(cls, shares: dict[str, float] | None) -> dict[str, float] | None:
        for source, share in (shares or {}).items():
            if not math.isfinite(share) or share < 0:
                raise ValueError(f"{source}: {share} must be a number of at least 0")
        return shares

    @model_validator(mode="after")
    def _phases_alone(self) -> Self:
        if self.phases and (self.weights or self.epochs or self.temperature != 1):
            raise ValueError("phases have weights of their own; leave out weights, epochs and temperature")
        return self

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[MixParams]]:
        """One task; `inputs` are the manifests of the pack stage and, for best-fit packing, of the fit stage.

        A mixture that cannot be is refused here.
        """
        if len(inputs) != 1 + (self.packing == "best_fit"):
            raise UserError(f"mix with packing {self.packing}: was given {len(inputs)} stages")
        tokens, tokenizer = _packed_tokens(inputs[0])
        fitted = _fitted(inputs[1], self.sequence_length) if len(inputs) > 1 else None
        mistakes = Mistakes()
        with mistakes.below("groups"):
            check_groups(self.groups, sorted({*map(source_of, tokens), *self.may_be_empty}))
        mistakes.end()
        self.mixture(tokens, tokenizer, fitted)
        return [Task(task_id(0), (), MixParams(tokens=tokens, tokenizer_sha256=tokenizer, fitted=fitted))]

    def run(self, task: Task[MixParams]) -> ShardReport:
        """Write mixture.json."""
        params = task.params
        mixture, warnings = self.mixture(params.tokens, params.tokenizer_sha256, params.fitted)
        encoded = orjson.dumps(
            mixture.model_dump(mode="json"), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS
        )
        with TaskWriter(task, self.stage_name) as out:
            out.file(MIXTURE_NAME, MODEL, rows=len(mixture.sources)).write(encoded + b"\n")
            out.facts = Mixed(
                tokens=mixture.total_tokens, sequences=mixture.total_sequences, warnings=warnings
            )
        return out.report

    def mixture(
        self,
        tokens: Mapping[str, int],
        tokenizer_sha256: str,
        fitted: Mapping[str, tuple[int, int]] | None = None,
    ) -> tuple[Mixture, tuple[str, ...]]:
        """The mixture of packed `tokens` per source, and warnings; `fitted` sequences and their tokens, if there are.

        An epoch is every whole sequence once, so it is whole sequences that are solved for.
        """
        length = self.sequence_length
        if fitted is None:
            whole = {source: max(number - 1, 0) // length for source, number in tokens.items()}
            fitted = {source: (number, number * length) for source, number in whole.items()}
        there = {source: fitted.get(source, (0, 0))[0] for source in sorted(tokens)}
        available = {source: fitted.get(source, (0, 0))[1] for source in there}
        per_sequence = {s: Fraction(available[s], there[s]) if there[s] else Fraction(length) for s in there}
        budget = None if self.budget is None else parse_tokens(self.budget)
        if self.phases:
            phased = solve_phases(self.phases, budget, partial(self._solve, available))
            solution, solutions, passed_over = phased.whole, phased.phases, phased.passed_over
        else:
            solution, passed_over = self._solve(available, self.weights or {}, budget)
            solutions = (solution,)
        by_phase = [whole_sequences(one.tokens, per_sequence) for one in solutions]
        drawn = {source: sum(phase[source] for phase in by_phase) for source in there}
        total = sum(drawn.values())
        if total == 0:
            raise UserError(
                f"{readable(solution.total)} tokens are less than one sequence of {length}; raise the budget"
            )
        sources = {
            source: MixtureSource(
                tokens_available=tokens[source],
                sequences_available=there[source],
                weight=drawn[source] / total,
                epochs=drawn[source] / there[source] if there[source] else 0.0,
                tokens=int(drawn[source] * per_sequence[source]),
                sequences=drawn[source],
            )
            for source in there
        }
        empty = [f"{s} is left out: {tokens[s]} tokens are no whole sequence" for s in there if not there[s]]
        mixture = Mixture(
            sequence_length=length,
            packing=self.packing,
            tokenizer_sha256=tokenizer_sha256,
            total_tokens=sum(part.tokens for part in sources.values()),
            total_sequences=total,
            sources=sources,
            phases=tuple(by_phase) if self.phases else (),
        )
        return mixture, (*self._missing(there), *empty, *passed_over, *solution.warnings)

    def _missing(self, packed: Iterable[str]) -> list[str]:
        """A warning for every source of a group that was not packed."""
        there = set(map(source_of, packed))
        return [
            f"{group}: {source} has no tokens"
            for group, members in self.groups.items()
            for source in members
            if source not in there
        ]

    def _solve(
        self, available: Mapping[str, int], weights: Mapping[str, float | Fraction], budget: int | None
    ) -> tuple[Solution, list[str]]:
        """Tokens to draw, and what was passed over, as it is said of sources that are empty.

        The weights of these go to the others in proportion, so that the sum stays.
        """
        by_source: dict[str, int] = {}
        for name, tokens in available.items():
            by_source[source_of(name)] = by_source.get(source_of(name), 0) + tokens
        given: dict[str, Mapping[str, float | Fraction]] = {
            "weights": weights,
            "epochs": self.epochs or {},
            "language_temperature": self.language_temperature,
        }
        kept = {
            option: without_empty(shares, self.groups, by_source, self.may_be_empty)
            for option, shares in given.items()
        }
        left_out = [
            f"{option}: {name} has no tokens and is passed over"
            for option, shares in given.items()
            for name in shares
            if name not in kept[option]
        ]
        asked, left = sum_of(given["weights"]), sum_of(kept["weights"])
        if asked and not left and not any(kept["epochs"].values()):
            raise UserError("weights: no source that has one has tokens; give one to a source that has some")
        shared = {name: Fraction(str(w)) * asked / left for name, w in kept["weights"].items() if left}
        solution = solve_by_language(
            available,
            {source: float(temperature) for source, temperature in kept["language_temperature"].items()},
            lambda sources: solve(
                sources,
                weights_of_sources(shared, self.groups, sources),
                epochs_of_sources(kept["epochs"], self.groups, sources),
                budget,
                self.max_epochs,
                self.temperature,
            ),
        )
        return solution, left_out


def _fitted(fit: Manifest, sequence_length: int) -> dict[str, tuple[int, int]]:
    """Fitted sequences and the tokens (targets) in them by source, out of a fit stage's manifest."""
    if not is_made_by(fit, FitSequences) or fit.config["sequence_length"] != sequence_length:
        raise UserError(f"mix with packing best_fit: {fit.node} did not fit sequences of {sequence_length}")
    fitted: dict[str, tuple[int, int]] = {}
    for shard in fit.facts_of(ShardFit):
        sequences, tokens = fitted.get(shard.source, (0, 0))
        filled = shard.sequences * sequence_length - shard.padding_tokens
        fitted[shard.source] = (sequences + shard.sequences, tokens + filled)
    return fitted


def _packed_tokens(packed: Manifest) -> tuple[dict[str, int], str]:
    """Tokens by source and the tokenizer's SHA-256, out of a pack stage's manifest."""
    shards = packed.facts_of(PackedShard)
    if not shards:
        raise UserError("mix needs the finished pack stage, and one with tokens in it")
    tokens: dict[str, int] = {}
    for shard in shards:
        tokens[shard.source] = tokens.get(shard.source, 0) + shard.tokens
    tokenizers = sorted({shard.tokenizer_sha256 for shard in shards})
    if len(tokenizers) != 1:
        raise UserError(f"the packed tokens come from {len(tokenizers)} tokenizers; encode all with one")
    return dict(sorted(tokens.items())), tokenizers[0]

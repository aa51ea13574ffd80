"""(mixture, seed, step) in, (source, epoch, sequence) of every slot of that batch out: a pure function.

Slots 0, 1, 2, ... are one long row, and step i is slots i*B to (i+1)*B, whatever the number of ranks. Any
prefix of a phase is within one sequence of the exact weights (`chairman`), and an epoch over a source visits every
sequence once in a fresh order (`permutation`). Nothing is materialised but the batch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from stages.core import storage
from stages.core.arrays import Int64Array
from stages.core.errors import UserError
from stages.core.manifest import FOLDERS, MODEL, Record
from stages.core.stored import parsed
from stages.mix.chairman import PhasedSequence
from stages.mix.permutation import epoch_keys, permute

MIXTURE_NAME = "mixture.json"

Packing = Literal["stream", "best_fit"]
"""Sequences are cut from a stream of tokens, or are pieces of documents fitted together (`stages/tokenize/best_fit.py`)."""


class MixtureSource(Record):
    """One source of a mixture. `tokens` are drawn, repeats counted; `weight` is its share of the total."""

    tokens_available: int = Field(ge=0)
    sequences_available: int = Field(ge=0)
    weight: float = Field(ge=0, le=1)
    epochs: float = Field(ge=0)
    tokens: int = Field(ge=0)
    sequences: int = Field(ge=0)


class Mixture(Record):
    """What mixture.json holds: per source what there is and what is drawn, and the totals.

    `phases` are the sequences drawn by source in each stretch of the training, where it has several.
    """

    sequence_length: int = Field(gt=0)
    packing: Packing = "stream"
    tokenizer_sha256: str
    total_tokens: int
    total_sequences: int
    sources: dict[str, MixtureSource]
    phases: tuple[dict[str, Annotated[int, Field(ge=0)]], ...] = ()

    @model_validator(mode="after")
    def _phases_make_the_whole(self) -> Self:
        whole = {source: part.sequences for source, part in self.sources.items()}
        if self.phases and whole != {s: sum(phase.get(s, 0) for phase in self.phases) for s in whole}:
            raise ValueError("phases: they draw other sequences than the sources in all")
        return self

    @model_serializer(mode="wrap")
    def _without_no_phases(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """A mixture of one phase is written as ever, so that its trainings can go on."""
        dumped: dict[str, Any] = dump(self)
        if not self.phases:
            dumped.pop("phases", None)
        return dumped

    def num_steps(self, batch_sequences: int) -> int:
        """Whole batches in the mixture."""
        return self.total_sequences // batch_sequences


def read_mixture(folder: str) -> Mixture:
    """The mixture.json of a finished mix stage's folder."""
    uri = storage.join(folder, FOLDERS[MODEL], MIXTURE_NAME)
    if not storage.exists(uri):
        raise UserError(f"{uri}: no such file; the mix stage has not finished there")
    return parsed(Mixture, storage.read_bytes(uri), uri)


@dataclass(frozen=True)
class Slots:
    """What some slots hold, column by column: number of the source in `sources`, epoch from 0, sequence."""

    sources: tuple[str, ...]
    source: Int64Array
    epoch: Int64Array
    sequence: Int64Array

    def __len__(self) -> int:
        return len(self.source)

    def rows(self) -> list[tuple[str, int, int]]:
        """(source, epoch, sequence) of each slot."""
        columns = zip(self.source.tolist(), self.epoch.tolist(), self.sequence.tolist(), strict=True)
        return [(self.sources[source], epoch, sequence) for source, epoch, sequence in columns]

    def of_rank(self, rank: int, world_size: int) -> Slots:
        """The slots of one rank of `world_size`: rank, rank + world_size, rank + 2*world_size, ..."""
        if not 0 <= rank < world_size:
            raise ValueError(f"rank {rank} of {world_size}")
        return self._at(slice(rank, None, world_size))

    def every(self, step: int) -> Slots:
        """The first of these slots, and every `step`th after it."""
        return self._at(slice(None, None, step))

    def part(self, start: int, stop: int) -> Slots:
        """Slots start..stop of these."""
        return self._at(slice(start, stop))

    def _at(self, which: Any) -> Slots:
        return Slots(self.sources, self.source[which], self.epoch[which], self.sequence[which])


class Schedule:
    """The schedule of a mixture for one seed. It keeps only what can be computed again: counts and keys.

    The last `held_out` sequences of each source, a tenth of it at most, are in no slot. Packed documents are shuffled, so
    they are like the others; one document of a source may reach from these into those.
    """

    def __init__(self, mixture: Mixture, seed: int, held_out: int = 0) -> None:
        self.mixture = mixture
        self.seed = seed
        self.held_out_sequences = held_out
        self.sources = tuple(sorted(mixture.sources))
        whole = [mixture.sources[name].sequences_available for name in self.sources]
        self._held_out = [min(held_out, number // 10) for number in whole]
        self._available = [number - held for number, held in zip(whole, self._held_out, strict=True)]
        draws = [mixture.sources[name].sequences for name in self.sources]
        for name, number, there in zip(self.sources, draws, self._available, strict=True):
            if number and not there:
                raise UserError(f"the mixture draws {number} sequences of {name}, which has none")
        phases = [[phase.get(name, 0) for name in self.sources] for phase in mixture.phases] or [draws]
        self._order = PhasedSequence(phases)
        self._keys: dict[tuple[str, int], npt.NDArray[np.uint64]] = {}

    @property
    def num_slots(self) -> int:
        """All slots: the sequences that the mixture draws."""
        return self._order.total

    def held_out(self, source: str) -> range:
        """The sequences of a source that no slot holds; none of a source that the mixture does not draw."""
        number = self.sources.index(source)
        drawn = self.mixture.sources[source].sequences > 0
        first = self._available[number]
        return range(first, first + self._held_out[number] * drawn)

    def batch(self, step: int, batch_sequences: int) -> Slots:
        """The slots of the batch of `step` (from 0)."""
        return self.slots(step * batch_sequences, (step + 1) * batch_sequences)

    def slots(self, start: int, stop: int) -> Slots:
        """Slots start..stop; an IndexError beyond the end of the mixture."""
        source, draw = self._order.slots(start, stop)
        epoch, sequence = np.empty_like(draw), np.empty_like(draw)
        for number in np.unique(source).tolist():
            mine = source == number
            epoch[mine], sequence[mine] = self._visit(number, draw[mine])
        return Slots(self.sources, source, epoch, sequence)

    def counts_before(self, slot: int) -> dict[str, int]:
        """Sequences drawn of each source in the slots before `slot`."""
        return dict(zip(self.sources, self._order.counts_before(slot).tolist(), strict=True))

    def _visit(self, number: int, draws: Int64Array) -> tuple[Int64Array, Int64Array]:
        """Epoch and sequence of the draws of one source: draw x is place x mod size of epoch x div size."""
        size = self._available[number]
        epochs, places = np.divmod(draws, size)
        sequences = np.empty_like(places)
        for epoch in np.unique(epochs).tolist():
            mine = epochs == epoch
            sequences[mine] = permute(places[mine], size, self._epoch_keys(self.sources[number], epoch))
        return epochs, sequences

    def _epoch_keys(self, source: str, epoch: int) -> npt.NDArray[np.uint64]:
        if (source, epoch) not in self._keys:
            self._keys[source, epoch] = epoch_keys(self.seed, source, epoch)
        return self._keys[source, epoch]


def batch_of_step(mixture: Mixture, seed: int, step: int, batch_sequences: int, held_out: int = 0) -> Slots:
    """The batch of one step from nothing but its arguments; a Schedule gives the same, faster, for many."""
    return Schedule(mixture, seed, held_out).batch(step, batch_sequences)

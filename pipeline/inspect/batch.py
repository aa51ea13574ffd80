"""A run and a step in, the sequences of that step's batch and the documents that they hold out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow.compute as pc
import pyarrow.dataset as ds

from pipeline.chain import TokenStages, need_token_stages, run_of
from pipeline.graph import final_document_uris
from stages.core import storage
from stages.core.errors import UserError
from stages.mix.schedule import Mixture, batch_of_step, read_mixture
from stages.tokenize.read import PackedTokens


@dataclass(frozen=True)
class Held:
    """The part of a document that lies in a sequence; `tokens` of it are inputs, from token `start` of the document."""

    id: str
    url: str | None
    start: int
    tokens: int


@dataclass(frozen=True)
class BatchRow:
    """One slot of a batch: which sequence of which epoch over which source, and its documents in order."""

    slot: int
    source: str
    epoch: int
    sequence: int
    documents: tuple[Held, ...]


@dataclass(frozen=True)
class Training:
    """What batches depend on: the packed tokens, the mixture, the seed, sequences in a batch, and of a source held out."""

    tokens: PackedTokens
    mixture: Mixture
    seed: int
    batch_sequences: int
    held_out: int


def batch_rows(
    run: str, step: int, batch_sequences: int | None = None, seed: int | None = None
) -> list[BatchRow]:
    """The batch of `step` (from 0) of a run; size and seed are those of its training where not given.

    Packed tokens, mixture and training may lie in runs of their own: `run` is the last of them.
    """
    found = need_token_stages(run)
    training = _training(run, found, batch_sequences, seed)
    steps = training.mixture.num_steps(training.batch_sequences)
    if not 0 <= step < steps:
        raise UserError(
            f"step {step}: the mixture has steps 0 to {steps - 1} of {training.batch_sequences} sequences"
        )
    slots = batch_of_step(training.mixture, training.seed, step, training.batch_sequences, training.held_out)
    length = training.mixture.sequence_length
    rows = [
        (source, epoch, sequence, _held(training.tokens, source, sequence, length))
        for source, epoch, sequence in slots.rows()
    ]
    urls = _urls(run_of(found.packed), sorted({held.id for *_, documents in rows for held in documents}))
    return [
        BatchRow(
            step * training.batch_sequences + number,
            source,
            epoch,
            sequence,
            tuple(Held(held.id, urls.get(held.id), held.start, held.tokens) for held in documents),
        )
        for number, (source, epoch, sequence, documents) in enumerate(rows)
    ]


def batch_lines(rows: Sequence[BatchRow]) -> Iterator[str]:
    """The batch as lines: one for each sequence, one below it for each document."""
    for row in rows:
        yield f"slot {row.slot}: {row.source}, epoch {row.epoch}, sequence {row.sequence}"
        for held in row.documents:
            place = f"tokens {held.start:,} to {held.start + held.tokens:,}"
            yield f"  {held.id}  {place}{'' if held.url is None else '  ' + held.url}"


def _training(run: str, found: TokenStages, batch_sequences: int | None, seed: int | None) -> Training:
    if found.mixed is None:
        raise UserError(
            f"{run}: holds no mixture; `altiplano mix {run} --out FOLDER` makes one: give that folder"
        )
    config = {} if found.trained is None else found.trained.config
    batch_sequences = batch_sequences or config.get("batch_sequences")
    seed = config.get("seed") if seed is None else seed
    if batch_sequences is None or seed is None:
        raise UserError(f"{run}: no finished training there; give --batch-sequences and --seed")
    fitted = None if found.fitted is None else found.fitted.folder
    tokens = PackedTokens.open(found.packed.folder, fitted)
    held_out = config.get("held_out_sequences", 0)
    return Training(tokens, read_mixture(found.mixed.folder), seed, batch_sequences, held_out)


def _held(tokens: PackedTokens, source: str, sequence: int, length: int) -> list[Held]:
    """The documents behind the inputs of a sequence, in order."""
    held, room = [], length
    for start, stop in tokens.spans(source, sequence, length):
        stop = min(stop, start + room)
        room -= stop - start
        ids, offsets = tokens.documents_of(source, start, stop)
        for number, name in enumerate(ids):
            first = int(offsets[number])
            after = int(offsets[number + 1]) if number + 1 < len(ids) else stop
            held.append(Held(name, None, max(start, first) - first, min(after, stop) - max(start, first)))
    return held


def _urls(run: str | None, ids: Sequence[str]) -> dict[str, str]:
    """URLs by id, of the documents that are still where the run that packed them found them."""
    found: dict[str, str] = {}
    for uri in final_document_uris(run) if run is not None else []:
        fs, path = storage.filesystem(uri)
        shard = ds.dataset(path, filesystem=fs, format="parquet")
        wanted = pc.field("id").isin(ids) & pc.field("url").is_valid()
        rows = shard.to_table(columns=["id", "url"], filter=wanted)
        found |= dict(zip(rows.column("id").to_pylist(), rows.column("url").to_pylist(), strict=True))
    return found

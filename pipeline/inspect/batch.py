"""A run and a step in, the sequences of that step's batch and the documents that they hold out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pyarrow.compute as pc
import pyarrow.dataset as ds

from pipeline.graph import final_document_uris, run_manifests
from stages.core import storage
from stages.core.errors import UserError
from stages.core.manifest import Manifest
from stages.mix.mixture import Mix
from stages.mix.schedule import Mixture, batch_of_step, read_mixture
from stages.tokenize.best_fit import FitSequences
from stages.tokenize.pack import Pack
from stages.tokenize.read import PackedTokens
from stages.train.stage import Train


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
    """What batches depend on: the packed tokens, the mixture, the seed, and sequences in a batch."""

    tokens: PackedTokens
    mixture: Mixture
    seed: int
    batch_sequences: int


def batch_rows(
    run: str, step: int, batch_sequences: int | None = None, seed: int | None = None
) -> list[BatchRow]:
    """The batch of `step` (from 0) of a run; size and seed are those of its training where not given."""
    manifests = run_manifests(run)
    training = _training(run, manifests, batch_sequences, seed)
    steps = training.mixture.num_steps(training.batch_sequences)
    if not 0 <= step < steps:
        raise UserError(
            f"step {step}: the mixture has steps 0 to {steps - 1} of {training.batch_sequences} sequences"
        )
    slots = batch_of_step(training.mixture, training.seed, step, training.batch_sequences)
    length = training.mixture.sequence_length
    rows = [
        (source, epoch, sequence, _held(training.tokens, source, sequence, length))
        for source, epoch, sequence in slots.rows()
    ]
    urls = _urls(run, sorted({held.id for *_, documents in rows for held in documents}))
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


def _training(
    run: str, manifests: Mapping[str, Manifest], batch_sequences: int | None, seed: int | None
) -> Training:
    by_stage = {manifest.stage: manifest for manifest in manifests.values()}
    for stage in (Pack, Mix):
        if stage.stage_name not in by_stage:
            raise UserError(
                f"{run}: no finished {stage.stage_name} stage; batches need packed tokens and a mixture in one run"
            )
    packed, mixed = by_stage[Pack.stage_name], by_stage[Mix.stage_name]
    config = by_stage[Train.stage_name].config if Train.stage_name in by_stage else {}
    batch_sequences = batch_sequences or config.get("batch_sequences")
    seed = config.get("seed") if seed is None else seed
    if batch_sequences is None or seed is None:
        raise UserError(f"{run}: no finished training there; give --batch-sequences and --seed")
    mixture = read_mixture(mixed.folder)
    fitted = by_stage[FitSequences.stage_name].folder if mixture.packing == "best_fit" else None
    return Training(
        PackedTokens.open(packed.folder, fitted),
        mixture,
        seed,
        batch_sequences,
    )


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


def _urls(run: str, ids: Sequence[str]) -> dict[str, str]:
    """URLs of documents by id."""
    found: dict[str, str] = {}
    for uri in final_document_uris(run):
        fs, path = storage.filesystem(uri)
        shard = ds.dataset(path, filesystem=fs, format="parquet")
        wanted = pc.field("id").isin(ids) & pc.field("url").is_valid()
        rows = shard.to_table(columns=["id", "url"], filter=wanted)
        found |= dict(zip(rows.column("id").to_pylist(), rows.column("url").to_pylist(), strict=True))
    return found

"""Estimates of stages in, what they would ask of a store such as S3 out: requests by what they are billed as, exchange reads.

What one file takes was counted on a store (docs/scale.md): a file is uploaded in parts under a temporary name, copied to its
own and deleted; one that is read is asked for its size, and a file of Parquet for its footer and each row group.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pipeline.graph import Graph
from pipeline.plan.exchanges import (
    OPENING_READS,
    ExchangeReads,
    destinations_by_text,
    exchange_files,
    exchanges_of,
    reads_shards,
)
from pipeline.plan.raw import SourceSize
from stages.core.manifest import DOCUMENTS, EXCHANGE
from stages.core.object_store import MAX_AHEAD_BYTES
from stages.core.parquet import ROW_GROUP_TEXT_BYTES
from stages.ingest.base import RawStage

PART_BYTES = 10 << 20
"""Of an upload in parts, by Arrow."""

WRITE_PUTS = 4
"""Of a file beside its parts: the upload begun and ended, the copy to its name, the mark of its folder."""

OPEN_GETS = 1
"""The size of a file that is read."""

PARQUET_GETS = OPEN_GETS + 1
"""And its footer."""

FIRST_RAW_GETS = OPEN_GETS + 7
"""Of a raw file: its size, and requests before those of MAX_AHEAD_BYTES."""

PROBE_GETS = OPEN_GETS + 2
"""The probe of a raw file's content, for the fingerprint."""

STAGE_FILES, STAGE_GETS, STAGE_LISTS, LISTED_NAMES = 3, 22, 9, 1000
"""Records that the driver writes of a stage, what it looks for, listings of its folder, and names in an answer."""

LISTINGS_OF_FILES = 6
"""Of a stage's listings, that go through all its files."""


@dataclass(frozen=True)
class StageRequests:
    """Of a stage: requests billed as GET (GET, HEAD) and as PUT (PUT, POST, COPY, LIST); batches of exchanges read, merges'
    too."""

    gets: int = 0
    puts: int = 0
    exchange_reads: int = 0
    merges: int = 0
    """Tasks of the second level of what it sends."""


NO_REQUESTS = StageRequests()


def write_puts(files: int, num_bytes: float) -> int:
    """PUTs of so many files of so many bytes together."""
    return files * (WRITE_PUTS + max(1, -(-int(num_bytes / max(1, files)) // PART_BYTES)))


def exchange_gets(reads: int) -> int:
    """GETs of so many batches, each of a file of its own."""
    return reads * (OPEN_GETS + OPENING_READS + 1)


@dataclass(frozen=True)
class StageBytes:
    """What requests follow: bytes given, tasks, the shards of documents that they read, bytes written by kind."""

    given_bytes: int
    tasks: int
    shards: int
    written: Mapping[str, int]


def requests_of(
    graph: Graph, stages: Mapping[str, StageBytes], sizes: Mapping[str, SourceSize]
) -> dict[str, StageRequests]:
    """The requests of every node."""
    exchanges = list(_exchanges(graph, stages))
    return {name: _of_stage(graph, name, one, exchanges, sizes) for name, one in stages.items()}


def _exchanges(graph: Graph, stages: Mapping[str, StageBytes]) -> Iterator[ExchangeReads]:
    for sender, reader in exchanges_of(graph):
        if sender not in stages or reader not in stages:
            continue
        sent, read = stages[sender], stages[reader]
        stage = graph.nodes[sender].stage
        by_text = destinations_by_text(stage, sent.given_bytes)
        files = exchange_files(sent.tasks, sent.written.get(EXCHANGE, 0))
        count = read.tasks if by_text is None else by_text
        file_bytes = sent.written.get(EXCHANGE, 0) / files
        yield ExchangeReads(sender, reader, sent.tasks, files, count, file_bytes)


def _of_stage(
    graph: Graph,
    name: str,
    one: StageBytes,
    exchanges: list[ExchangeReads],
    sizes: Mapping[str, SourceSize],
) -> StageRequests:
    stage = graph.nodes[name].stage
    gets, puts = STAGE_GETS, write_puts(STAGE_FILES, 0)
    if isinstance(stage, RawStage):
        size = sizes.get(stage.source)
        raw_files = one.tasks if size is None or size.num_files is None else size.num_files
        stretches = max(raw_files, one.tasks)
        gets += PROBE_GETS * raw_files + FIRST_RAW_GETS * stretches + one.given_bytes // MAX_AHEAD_BYTES
    elif reads_shards(stage):
        shards = max(one.shards, 1)
        gets += PARQUET_GETS * shards + max(shards, one.given_bytes // ROW_GROUP_TEXT_BYTES)
    read = [exchange for exchange in exchanges if exchange.reader == name]
    sent = {exchange.sender: exchange for exchange in exchanges if exchange.sender == name}
    merged = list(sent.values())
    reads = sum(exchange.reads for exchange in read) + sum(exchange.merge_reads for exchange in merged)
    files = one.tasks  # reports
    if DOCUMENTS in one.written or name in graph.steps:
        files += one.tasks  # ledgers
    puts += write_puts(files, 0)
    for kind, num_bytes in one.written.items():
        count = merged[0].files if kind == EXCHANGE and merged else one.tasks
        puts += write_puts(count, num_bytes)
        files += count
    if merged and EXCHANGE not in one.written:
        puts += write_puts(merged[0].files, 0)
        files += merged[0].files
    for exchange in merged:
        puts += write_puts(exchange.merges, exchange.files * exchange.file_bytes) if exchange.merges else 0
        puts += write_puts(exchange.merges, 0) if exchange.merges else 0  # reports of the merges
        files += 2 * exchange.merges
    puts += STAGE_LISTS + LISTINGS_OF_FILES * (files // LISTED_NAMES)
    merges = sum(exchange.merges for exchange in merged)
    return StageRequests(gets + exchange_gets(reads), puts, reads, merges)

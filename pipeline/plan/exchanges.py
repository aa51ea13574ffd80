"""A graph and its text by node in, how often exchanges are read out: files, destinations, reads of one level or of two.

The arithmetic is that of `stages/core/exchange.py` and `stages/core/merge.py`; `benchmarks.shuffle` simulates the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel

from pipeline.graph import Graph
from quality_classifier import pages
from stages.core.exchange import MOST_OPENED_FILES, Exchange, group_size, num_destinations
from stages.core.exchange_writer import SPILL_BYTES
from stages.core.merge import MERGE_BYTES
from stages.core.stage import AnyStage
from stages.dedup.books import verb as books
from stages.dedup.columns import DESTINATION_BYTES
from stages.dedup.exact import verb as exact
from stages.dedup.ids import unique
from stages.dedup.lines.match import TEXT_BYTES_PER_DESTINATION
from stages.dedup.near import clusters
from stages.dedup.near import verb as near
from stages.dedup.repeats.windows import WINDOW_BYTES
from stages.dedup.sentences.verb import SENTENCE_BYTES
from stages.ingest.stackexchange.stage import StackExchangeIngest
from stages.tokenize.encode import Encode

OPENING_READS = 2
"""Of an Arrow IPC file: its last ten bytes, then its footer; a record batch is one read more."""

DOCUMENT_TEXT_BYTES = 5_000
"""Text of a document, about: of a page of WET. It is in the numbers of destinations of what sends a row for a document."""

SIGNED_BANDS = 14
ROWS_OF_DOCUMENTS = {
    "exact_hash": exact.ROW_BYTES * DESTINATION_BYTES / exact.DESTINATION_ROWS_BYTES,
    "ids_hash": unique.ROW_BYTES,
    "hash_pages": pages.ROW_BYTES,
    "hash_references": pages.ROW_BYTES,
    "near_sign": SIGNED_BANDS * near.BAND_BYTES,
    "near_label": clusters.MEMBER_BYTES,
}
"""Bytes for a document, of which a destination gets DESTINATION_BYTES."""

READ_ONCE = ("near_sign", "books_sketch")
"""Senders whose later readers read tables of theirs and no rows."""


@dataclass(frozen=True)
class ExchangeReads:
    """An exchange: the tasks that send, their files and the bytes of one, into how many parts rows go, who reads it."""

    sender: str
    reader: str
    tasks: int
    files: int
    destinations: int
    file_bytes: float

    @property
    def groups(self) -> int:
        """Groups of destinations; none of one level."""
        size = group_size(self.destinations, self.tasks)
        return 0 if size is None else -(-self.destinations // size)

    @property
    def blocks(self) -> int:
        """Blocks of files that a merge reads of each group; none where the exchange has one level."""
        if not self.groups:
            return 0
        fit = int(MERGE_BYTES * self.groups // self.file_bytes) if self.file_bytes else MOST_OPENED_FILES
        return -(-self.files // max(1, min(MOST_OPENED_FILES, fit)))

    @property
    def merges(self) -> int:
        """Tasks of the second level."""
        return self.blocks * self.groups

    @property
    def merge_reads(self) -> int:
        """Batches that merges read: a group's of each file."""
        return self.files * self.groups

    @property
    def reads(self) -> int:
        """Batches that the reader's tasks read: a destination's of each file, or of each block."""
        return self.destinations * (self.blocks or self.files)


def exchange_files(tasks: int, exchange_bytes: float) -> int:
    """Files of the first level that so many tasks write."""
    return tasks * max(1, -(-int(exchange_bytes / max(1, tasks)) // SPILL_BYTES))


def exchanges_of(graph: Graph) -> Iterator[tuple[str, str]]:
    """(sender, reader) of every exchange of a graph: a stage whose tasks hold one reads what its inputs sent."""
    taken: set[str] = set()
    for node in graph.nodes.values():
        if not _holds(params_of(node.stage), Exchange):
            continue
        for name in graph.parts(node.inputs):
            is_sender = name in graph.nodes and name not in graph.steps
            again = is_sender and name in taken and graph.nodes[name].stage.stage_name in READ_ONCE
            if is_sender and not again:
                taken.add(name)
                yield name, node.name


def destinations_by_text(stage: AnyStage, text_bytes: int) -> int | None:
    """Into how many parts a stage that is given so much text sends its rows; None: one for each shard of documents."""
    name = stage.stage_name
    if name in ("near_match", "near_merge"):
        return 1
    if isinstance(stage, Encode):
        return num_destinations(text_bytes, stage.packed_text_bytes)
    if isinstance(stage, StackExchangeIngest):
        return num_destinations(text_bytes, stage.destination_bytes)
    if name == "lines_hash":
        return num_destinations(text_bytes, TEXT_BYTES_PER_DESTINATION)
    if name == "sentences_hash":
        return num_destinations(text_bytes // SENTENCE_BYTES * WINDOW_BYTES, DESTINATION_BYTES)
    if name in ("books_sketch", "books_match"):
        scale = getattr(stage, "scale", 1)
        return num_destinations(
            text_bytes // books.BYTES_PER_WORD // scale * books.ROW_BYTES, DESTINATION_BYTES
        )
    if (row := ROWS_OF_DOCUMENTS.get(name)) is not None:
        return num_destinations(int(text_bytes / DOCUMENT_TEXT_BYTES * row), DESTINATION_BYTES)
    return None


def params_of(stage: AnyStage) -> Any:
    """The type of what the tasks of a stage must know; None where it is nothing."""
    for kind in type(stage).__mro__:
        about = getattr(kind, "__pydantic_generic_metadata__", None) or {}
        if about.get("args"):
            return about["args"][0]
    return None


def reads_shards(stage: AnyStage) -> bool:
    """Whether the tasks of a stage read document shards, and not rows of an exchange alone."""
    params = params_of(stage)
    is_of_shard = (
        isinstance(params, type) and issubclass(params, BaseModel) and "shard" in params.model_fields
    )
    return is_of_shard or not _holds(params, Exchange)


def _holds(kind: Any, wanted: type) -> bool:
    if kind is wanted:
        return True
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return any(_holds(field.annotation, wanted) for field in kind.model_fields.values())
    return any(_holds(one, wanted) for one in get_args(kind))

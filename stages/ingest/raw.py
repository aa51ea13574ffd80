"""What a reader of raw files takes and gives: a raw file, and the documents, losses and merged records that it holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, BinaryIO

import pyarrow as pa

from stages.core import storage
from stages.core.reading import Reads
from stages.ingest.unwatched import Watch


@dataclass(frozen=True)
class RawFile:
    """One raw file of a dump: where it is, its name below the input pattern's root, its size in bytes.

    Of a file that is split over tasks, a task reads the records that begin in bytes `start` to `stop` (None: its
    end). The name is the whole file's, so ids do not depend on how it is split.

    Its bytes come through `open` and `read_below` alone: a read that fails is remembered in `reads`, and no record of
    the file is written then, whatever a reader made of it.
    """

    uri: str
    name: str
    size: int
    start: int = field(default=0, kw_only=True)
    stop: int | None = field(default=None, kw_only=True)
    reads: Reads = field(default_factory=Reads, kw_only=True, repr=False, compare=False)
    watch: Watch = field(default_factory=Watch, kw_only=True, repr=False, compare=False)
    tally: dict[str, Any] = field(default_factory=dict, kw_only=True, repr=False, compare=False)
    """What a reader counts of the file for its task's report; its own affair."""

    @property
    def num_bytes(self) -> int:
        """Bytes from `start` to `stop`."""
        return (self.size if self.stop is None else self.stop) - self.start

    def open(self) -> BinaryIO:
        """A seekable binary stream of the raw bytes."""
        return storage.open_whole(self.uri, self.size, self.reads)

    def read_below(self, path: str, size: int, max_bytes: int) -> bytes:
        """The first bytes of a file in a raw file that is a folder; see `is_of_input` for what may be a row of it."""
        with storage.open_whole(storage.join(self.uri, path), size) as stream:
            return stream.read(max_bytes)


@dataclass(frozen=True)
class Change:
    """What a reader changed of a record that goes on: a ledger row with action `edit`; `text_bytes` is what was lost."""

    rule: str
    value: float | None = None
    threshold: float | None = None
    detail: str | None = None
    text_bytes: int = 0


@dataclass(frozen=True)
class RawDocument:
    """A document as a source reads it. `key` is its stable name inside the raw file ("" when it is the whole file).

    `own_id` is what its author calls it; below the source it is then called so. `changes` are what its reader changed.
    """

    key: str
    text: str
    url: str | None = None
    language: str | None = None
    language_score: float | None = None
    perplexity: float | None = None
    quality: float | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    own_id: str | None = field(default=None, kw_only=True)
    changes: tuple[Change, ...] = field(default=(), kw_only=True)


@dataclass(frozen=True)
class Loss:
    """A raw record, or a damaged stretch of a raw file, that gives no document, and why: a ledger row.

    `key` and `own_id` as in RawDocument; a damaged stretch has the key `@<offset>`. `rule` is a short snake_case name.
    """

    key: str
    rule: str
    detail: str | None = None
    value: float | None = None
    threshold: float | None = None
    url: str | None = None
    text_bytes: int = 0
    own_id: str | None = field(default=None, kw_only=True)


@dataclass(frozen=True)
class Merged:
    """A raw record that became part of another document, `partner` (a key): a ledger row with action `merge`."""

    key: str
    rule: str
    partner: str
    url: str | None = None
    text_bytes: int = 0


@dataclass(frozen=True)
class Changed:
    """A raw record that another stage makes a document of, and what its reader changed of it."""

    key: str
    change: Change
    url: str | None = None


RawRecord = RawDocument | Loss | Merged | Changed


@dataclass(frozen=True)
class RawBatch:
    """Documents that a source already has as a batch of DOCUMENT_SCHEMA, in public form, none with an empty text."""

    documents: pa.RecordBatch

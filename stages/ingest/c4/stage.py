"""The C4 ingest stage: JSON lines or Parquet rows with text, timestamp and url in, documents out (LLaMA section 2.1)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from stages.ingest import contents
from stages.ingest.base import IngestStage
from stages.ingest.c4.blocks import line_blocks
from stages.ingest.c4.json_blocks import BlockReader
from stages.ingest.c4.parquet import read_parquet
from stages.ingest.compressed import decompressed
from stages.ingest.parquet_rows import PARQUET_MAGIC
from stages.ingest.raw import RawBatch, RawFile, RawRecord


class C4Ingest(IngestStage):
    """C4's `{"text", "timestamp", "url"}` lines, compressed in any way or not, or Parquet files with these columns.

    A line or row is a document; its key is its number from 0. Documents stay Arrow columns from the parser on.
    """

    stage_name: ClassVar[str] = "ingest_c4"
    version: ClassVar[int] = 3
    kind: ClassVar[str] = "c4"
    reads: ClassVar[frozenset[str]] = frozenset({contents.JSON, contents.PARQUET})

    max_line_bytes: int = Field(32 << 20, gt=0, description="longer lines are dropped unread")

    def read(self, raw: RawFile) -> Iterator[RawRecord | RawBatch]:
        """All documents of a raw file, and a Loss per line or row that gives none; blank lines are none.

        The half line where a damaged file breaks off belongs to the damage.
        """
        with raw.open() as stream:
            is_parquet = stream.read(len(PARQUET_MAGIC)) == PARQUET_MAGIC
        if is_parquet:
            yield from read_parquet(raw, self.source, self.max_line_bytes)
            return
        reader = BlockReader(self.source, raw.name, self.max_line_bytes)
        for block in line_blocks(decompressed(raw), self.max_line_bytes):
            yield from reader.read(block)

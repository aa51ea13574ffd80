"""Anyone's own tables and texts in, a document for each row or text file out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from stages.core.errors import DamagedInputError, UserError
from stages.core.manifest import Manifest
from stages.core.stage import Task
from stages.core.storage import FoundFile
from stages.ingest import contents
from stages.ingest.base import IngestStage, RawParams, list_raw_files
from stages.ingest.compressed import decompressed
from stages.ingest.dataset.arrow_tables import table_of_arrow, table_of_parquet
from stages.ingest.dataset.batches import BatchMaker
from stages.ingest.dataset.columns import RowReader, check_mapping, missing_column
from stages.ingest.dataset.places import SAVED_DATASET, SAVED_INFO, SAVED_SPLITS, dataset_files
from stages.ingest.dataset.tables import table_of_csv, table_of_json
from stages.ingest.decode import bad_bytes, bad_bytes_change, decode_text, is_binary
from stages.ingest.json_lines import TableRows
from stages.ingest.parquet_rows import PARQUET_MAGIC
from stages.ingest.raw import Loss, RawBatch, RawDocument, RawFile, RawRecord

Format = Literal["auto", "json", "parquet", "arrow", "csv", "tsv", "text"]

_ENDINGS = {
    "json": "json", "jsonl": "json", "ndjson": "json", "parquet": "parquet", "pq": "parquet", "arrow": "arrow",
    "feather": "arrow", "ipc": "arrow", "csv": "csv", "tsv": "tsv", "txt": "text", "text": "text", "md": "text",
}  # fmt: skip
_COMPRESSED = re.compile(r"\.(?:gz|gzip|zst|zstd|bz2|xz|lz4)$", re.IGNORECASE)
_HOUSEHOLD = re.compile(
    rf"(?:^|/)(?:README\.md|\.gitattributes|{SAVED_DATASET}|{SAVED_INFO}|{SAVED_SPLITS})$"
)
"""Files beside the data that say something of it, of the Hub and of `datasets`."""

CHECKED_ROWS = 100
"""TableRows of a table without a header that are looked at for the column of texts."""


class DatasetIngest(IngestStage):
    """JSON lines, Parquet, Arrow, CSV (compressed in any way or not), text files, saved `datasets`, names on the Hub.

    A row is a document, and so is a text file. Its id is that of its column, below the name of the source, or else its
    file and row. Columns that are no field of a document become metadata.
    """

    stage_name: ClassVar[str] = "ingest_dataset"
    kind: ClassVar[str] = "dataset"
    reads: ClassVar[frozenset[str]] = contents.OF_TEXT | {contents.PARQUET}
    version: ClassVar[int] = 5
    follows_unicode: ClassVar[bool] = True

    columns: Annotated[dict[str, str], AfterValidator(check_mapping)] = Field(
        default_factory=dict, description="which column a field is read from: text=content, id=uid, url=link"
    )
    format: Format = Field("auto", description="what the files are, where their names do not say it")
    subset: str | None = Field(None, description="configuration of a dataset on the Hub")
    split: str | None = Field(
        None,
        description="split of a dataset on the Hub, or of a saved one: train where there are several; all",
    )
    revision: str | None = Field(None, description="branch, tag or commit of a dataset on the Hub")
    max_row_bytes: int = Field(64 << 20, gt=0, description="longer rows and text files are dropped unread")

    def raw_files(self) -> list[FoundFile]:
        """The files of the input that hold data, sorted by name; a UserError when no file is of a known format."""
        files = list_raw_files(
            self.input, lambda one: dataset_files(one, self.subset, self.split, self.revision)
        )
        data = [file for file in files if len(files) == 1 or not _HOUSEHOLD.search(file.name)]
        if not any(self._format(file.name) for file in data):
            raise UserError(
                f"{', '.join(self.input)}: no file there is of a known format by its name; say --format json, for example"
            )
        return data

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[RawParams]]:
        """Tasks over the files, by bytes; a UserError when a table lacks the column of its texts."""
        seen: set[str] = set()
        for file in self.raw_files():
            kind = self._format(file.name)
            if kind not in ("", "text", *seen) and file.size:
                seen.add(kind)
                self._check_columns(RawFile(file.uri, file.name, file.size), kind)
        return super().plan(inputs)

    def read(self, raw: RawFile) -> Iterator[RawRecord | RawBatch]:
        """All rows of a table, or the one document of a text file; a file of no known format is a ledger row."""
        kind = self._format(raw.name)
        if not kind:
            yield Loss("", "unknown_format", "by its name", text_bytes=raw.size)
        elif kind == "text":
            yield self._text(raw)
        else:
            maker = BatchMaker(RowReader(self.columns), self.source, raw.name, self.max_row_bytes)
            yield from maker.records(self._rows(raw, kind))

    def _format(self, name: str) -> str:
        """What a file is, by the options or its name; nothing of one that is not known."""
        if self.format != "auto":
            return self.format
        return _ENDINGS.get(_COMPRESSED.sub("", name).rpartition(".")[2].lower(), "")

    def _rows(self, raw: RawFile, kind: str) -> TableRows:
        if kind == "arrow":
            return table_of_arrow(raw, self.max_row_bytes)
        if kind in ("csv", "tsv"):
            return table_of_csv(raw, "\t" if kind == "tsv" else ",", self.max_row_bytes)
        with raw.open() as stream:
            is_parquet = kind == "parquet" or stream.read(len(PARQUET_MAGIC)) == PARQUET_MAGIC
        return (
            table_of_parquet(raw, self.max_row_bytes)
            if is_parquet
            else table_of_json(raw, self.max_row_bytes)
        )

    def _check_columns(self, raw: RawFile, kind: str) -> None:
        """A UserError when the first rows of a file have no text; what is damaged is for the ledger to say."""
        there: dict[str, None] = {}
        try:
            for number, row in enumerate(raw.reads.checked(self._rows(raw, kind))):
                if number >= CHECKED_ROWS:
                    break
                if isinstance(row, Loss):
                    return
                there |= dict.fromkeys(row.fields)
                if missing_column(raw.uri, self.columns, there) is None:
                    return
        except DamagedInputError:
            return
        if there and (error := missing_column(raw.uri, self.columns, there)) is not None:
            raise error

    def _text(self, raw: RawFile) -> RawRecord:
        data = bytearray()
        for piece in decompressed(raw):
            data += piece
            if len(data) > self.max_row_bytes:
                limit = self.max_row_bytes
                return Loss("", "too_large", "bytes, at least", len(data), limit, text_bytes=raw.size)
        read = decode_text(bytes(data))
        bad = bad_bytes(bytes(data), read)
        if is_binary(read, bad):
            return Loss(
                "", "encoding", f"no text, as {read.encoding} or any other", bad, text_bytes=len(data)
            )
        return RawDocument("", read.text, changes=bad_bytes_change(bad, read.encoding))

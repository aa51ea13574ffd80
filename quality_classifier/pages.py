"""Reference URLs and documents in, the rows of every shard that Wikipedia cites out: a join by URL through the exchange.

hash_references and hash_pages (-> URL hashes by range) -> match_references (range -> cited rows by shard). CCNet and LLaMA
match a page by its URL; `match: host` also takes pages of a cited host, for crawls too small to hold the very pages.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np
import pyarrow as pa
from pydantic import Field

from quality_classifier.urls import host_of_url, normalize_url
from stages.core.exchange import destination_of, num_destinations, read_destination
from stages.core.parquet import read_batches
from stages.core.stage import DOCUMENTS, EXCHANGE, TABLE, Manifest, ShardReport, Stage, Task, task_id
from stages.core.writer import TaskWriter
from stages.kernels.hash.hashing import hash_strings

Match = Literal["url", "host"]

URL_HASH_SCHEMA = pa.schema([("hash", pa.uint64())])
PAGE_HASH_SCHEMA = pa.schema([("hash", pa.uint64()), ("shard", pa.uint32()), ("row", pa.uint32())])
CITED_SCHEMA = pa.schema([("row", pa.uint32())])

ROW_BYTES = 16
DESTINATION_BYTES = 256 << 20


def url_keys(urls: pa.Array, match: Match) -> tuple[np.ndarray, np.ndarray]:
    """Hash of the normalised URL (or its host) of each row, and whether the row has one; shapes (rows,)."""
    key_of = normalize_url if match == "url" else host_of_url
    keys = pa.array([None if url is None else key_of(url) for url in urls.to_pylist()], pa.string())
    return hash_strings(keys.fill_null("")), keys.is_valid().to_numpy(zero_copy_only=False)


class HashReferences(Stage):
    """Tables of reference URLs -> their distinct hashes by range. Inputs: the tables, the documents."""

    stage_name: ClassVar[str] = "hash_references"

    match: Match = Field("url", description="a page counts as cited by its URL, or by its host")

    def plan(self, inputs: Sequence[Manifest]) -> list[Task]:
        """One task per table."""
        references, documents = inputs
        count = num_destinations(documents.documents_out * ROW_BYTES, DESTINATION_BYTES)
        return [
            Task(task_id(i), (uri,), {"destinations": count}) for i, uri in enumerate(references.uris(TABLE))
        ]

    def run(self, task: Task) -> ShardReport:
        """Normalise and hash the URLs."""
        count = task.params["destinations"]
        with TaskWriter(task, self.stage_name) as out:
            exchange = out.exchange(URL_HASH_SCHEMA, count)
            for batch in read_batches(task.inputs, ["url"]):
                hashes, valid = url_keys(batch.column("url"), self.match)
                distinct = np.unique(hashes[valid])
                exchange.write(
                    pa.RecordBatch.from_arrays([distinct], schema=URL_HASH_SCHEMA),
                    destination_of(distinct, count),
                )
        return out.report


class HashPages(Stage):
    """Shard -> (URL hash, shard, row) of its documents by hash range."""

    stage_name: ClassVar[str] = "hash_pages"

    match: Match = Field("url", description="a page counts as cited by its URL, or by its host")

    def plan(self, inputs: Sequence[Manifest]) -> list[Task]:
        """One task per document shard."""
        (documents,) = inputs
        count = num_destinations(documents.documents_out * ROW_BYTES, DESTINATION_BYTES)
        return [
            Task(task_id(i), (uri,), {"shard": i, "destinations": count})
            for i, uri in enumerate(documents.uris(DOCUMENTS))
        ]

    def run(self, task: Task) -> ShardReport:
        """Normalise and hash the documents' URLs."""
        count = task.params["destinations"]
        row = 0
        with TaskWriter(task, self.stage_name) as out:
            exchange = out.exchange(PAGE_HASH_SCHEMA, count)
            for batch in read_batches(task.inputs, ["url"]):
                hashes, valid = url_keys(batch.column("url"), self.match)
                rows = np.arange(row, row + batch.num_rows, dtype=np.uint32)[valid]
                shards = np.full(len(rows), task.params["shard"], np.uint32)
                columns = [pa.array(column) for column in (hashes[valid], shards, rows)]
                pages = pa.RecordBatch.from_arrays(columns, schema=PAGE_HASH_SCHEMA)
                exchange.write(pages, destination_of(hashes[valid], count))
                row += batch.num_rows
        return out.report


class MatchReferences(Stage):
    """Hash range -> cited rows by document shard. Inputs: reference hashes, page hashes, documents."""

    stage_name: ClassVar[str] = "match_references"

    def plan(self, inputs: Sequence[Manifest]) -> list[Task]:
        """One task per range."""
        references, pages, documents = inputs
        count = num_destinations(documents.documents_out * ROW_BYTES, DESTINATION_BYTES)
        params = {"references": references.uris(EXCHANGE), "shards": len(documents.of_kind(DOCUMENTS))}
        uris = tuple(pages.uris(EXCHANGE))
        return [Task(task_id(p), uris, {**params, "destination": p}) for p in range(count if uris else 0)]

    def run(self, task: Task) -> ShardReport:
        """Look every page's hash up among the sorted reference hashes."""
        destination = task.params["destination"]
        with TaskWriter(task, self.stage_name) as out:
            exchange = out.exchange(CITED_SCHEMA, task.params["shards"])
            batches = read_destination(task.params["references"], destination)
            cited = pa.Table.from_batches(batches, URL_HASH_SCHEMA).column("hash").to_numpy()
            found = 0
            for batch in read_destination(task.inputs, destination):
                mask = np.isin(batch.column("hash").to_numpy(), cited)
                rows = pa.RecordBatch.from_arrays(
                    [batch.column("row").filter(pa.array(mask))], schema=CITED_SCHEMA
                )
                exchange.write(rows, batch.column("shard").to_numpy()[mask])
                found += rows.num_rows
            out.facts = {"cited": found}
        return out.report

"""Reference URLs and documents in, the rows of every shard that Wikipedia cites out: a join by URL through the exchange.

hash_references and hash_pages (-> hashes of URLs and of hosts, by range) -> match_references (range -> cited rows by shard).
CCNet and LLaMA match a page by its URL; `match: host` also takes pages of a cited host, for crawls too small to hold the very
pages. Both are looked up in any case: a page of a cited host that is not cited itself is no random page.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np
import pyarrow as pa
from pydantic import Field

from quality_classifier.urls import host_of_key, normalize_url
from stages.core.exchange import Exchange, num_destinations
from stages.core.manifest import TABLE, Manifest, Record, ShardReport
from stages.core.parquet import read_batches
from stages.core.stage import Stage, Task, task_id
from stages.core.writer import TaskWriter
from stages.dedup.columns import RangeParams, ShardParams, num_shards, range_tasks, shard_tasks
from stages.kernels.hash.hashing import hash_strings

Match = Literal["url", "host"]

URL_HASH_SCHEMA = pa.schema([("hash", pa.uint64())])
PAGE_HASH_SCHEMA = pa.schema(
    [("hash", pa.uint64()), ("shard", pa.uint32()), ("row", pa.uint32()), ("by_host", pa.bool_())]
)
CITED_SCHEMA = pa.schema([("row", pa.uint32()), ("by_host", pa.bool_())])
"""A row that is cited by its URL, or of which the host is."""

ROW_BYTES = 34
"""Two hashes of a page."""

DESTINATION_BYTES = 256 << 20
HOST_MARK = "//"
"""Begins the key of a host; no normal form of a URL begins with it."""


def url_keys(urls: pa.Array) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Hashes of the normal form of each URL and of its host, and whether the row has one; shapes (rows,)."""
    keys = [None if url is None else normalize_url(url) for url in urls.to_pylist()]
    hosts = [HOST_MARK if key is None else HOST_MARK + host_of_key(key) for key in keys]
    pages = pa.array(keys, pa.string())
    valid = pages.is_valid().to_numpy(zero_copy_only=False)
    return hash_strings(pages.fill_null("")), hash_strings(pa.array(hosts, pa.string())), valid


class MatchOptions(Record):
    """Which pages count as cited."""

    match: Match = Field("url", description="a page counts as cited by its URL, or by its host")


class TableParams(Record):
    """Into how many ranges the hashes of a table go: as many as those of the pages."""

    destinations: int


class HashReferences(Stage[TableParams]):
    """Tables of reference URLs -> their distinct hashes, and of their hosts, by range. Inputs: those, hashes of pages."""

    stage_name: ClassVar[str] = "hash_references"
    version: ClassVar[int] = 2

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[TableParams]]:
        """One task per table."""
        tables = [uri for references in inputs[:-1] for uri in references.uris(TABLE)]
        params = TableParams(destinations=max(1, Exchange.of(inputs[-1]).destinations))
        return [Task(task_id(i), (uri,), params) for i, uri in enumerate(tables)]

    def run(self, task: Task[TableParams]) -> ShardReport:
        """Normalise and hash the URLs."""
        with TaskWriter(task, self.stage_name) as out:
            exchange = out.exchange(URL_HASH_SCHEMA, task.params.destinations)
            for batch in read_batches(task.inputs, ["url"]):
                pages, hosts, valid = url_keys(batch.column("url"))
                distinct = np.unique(np.concatenate([pages[valid], hosts[valid]]))
                exchange.send(pa.RecordBatch.from_arrays([distinct], schema=URL_HASH_SCHEMA), distinct)
        return out.report


class PageParams(ShardParams):
    """A shard, and into how many ranges the hashes of its pages go."""

    destinations: int


class HashPages(Stage[PageParams]):
    """Shard -> (hash of URL or host, shard, row) of its documents by hash range."""

    stage_name: ClassVar[str] = "hash_pages"
    version: ClassVar[int] = 2

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[PageParams]]:
        """One task per document shard."""
        (documents,) = inputs
        count = num_destinations(documents.documents_out * ROW_BYTES, DESTINATION_BYTES)
        return shard_tasks(documents, lambda shard: PageParams(shard=shard, destinations=count))

    def run(self, task: Task[PageParams]) -> ShardReport:
        """Normalise and hash the documents' URLs."""
        row = 0
        with TaskWriter(task, self.stage_name) as out:
            exchange = out.exchange(PAGE_HASH_SCHEMA, task.params.destinations)
            for batch in read_batches(task.inputs, ["url"]):
                hashes, hosts, valid = url_keys(batch.column("url"))
                rows = np.arange(row, row + batch.num_rows, dtype=np.uint32)[valid]
                shards = np.full(len(rows), task.params.shard, np.uint32)
                for keys, by_host in ((hashes[valid], False), (hosts[valid], True)):
                    columns = [keys, shards, rows, np.full(len(rows), by_host)]
                    pages = pa.RecordBatch.from_arrays(list(map(pa.array, columns)), schema=PAGE_HASH_SCHEMA)
                    exchange.send(pages, keys)
                row += batch.num_rows
        return out.report


class MatchReferencesParams(RangeParams):
    """A range of the pages' hashes, and the hashes of the references."""

    references: Exchange


class CitedPages(Record):
    """Pages of a range that are cited, and pages of hosts that are."""

    cited: int
    of_cited_hosts: int

    def positives(self, match: Match) -> int:
        """Those that count as cited."""
        return self.cited if match == "url" else self.of_cited_hosts


class MatchReferences(Stage[MatchReferencesParams]):
    """Hash range -> cited rows by document shard. Inputs: reference hashes, page hashes, documents."""

    stage_name: ClassVar[str] = "match_references"
    version: ClassVar[int] = 2

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[MatchReferencesParams]]:
        """One task per range."""
        references, pages, shards = Exchange.of(inputs[0]), Exchange.of(inputs[1]), num_shards(inputs[2])
        return range_tasks(
            pages,
            lambda part: MatchReferencesParams(
                rows=pages, destination=part, shards=shards, references=references
            ),
        )

    def run(self, task: Task[MatchReferencesParams]) -> ShardReport:
        """Look every page's hash up among the sorted reference hashes."""
        params = task.params
        with TaskWriter(task, self.stage_name) as out:
            exchange = out.exchange(CITED_SCHEMA, params.shards)
            batches = out.receive(params.references, params.destination)
            cited = pa.Table.from_batches(batches, URL_HASH_SCHEMA).column("hash").to_numpy()
            found = hosts = 0
            for batch in out.receive(params.rows, params.destination):
                mask = pa.array(np.isin(batch.column("hash").to_numpy(), cited))
                rows = batch.filter(mask).select(CITED_SCHEMA.names)
                exchange.write(rows, batch.column("shard").filter(mask).to_numpy())
                of_hosts = rows.column("by_host").true_count
                found, hosts = found + rows.num_rows - of_hosts, hosts + of_hosts
            out.facts = CitedPages(cited=found, of_cited_hosts=hosts)
        return out.report

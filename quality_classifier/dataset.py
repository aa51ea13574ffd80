"""Documents and their cited rows in, labelled pages out: positives are cited, negatives drawn from pages of other hosts.

Wikipedia's own pages and its mirrors are no negatives. Where a user gives negatives of their own, none is drawn of the pages.
Classes of one's own are read from files (`LabelClass`), or from labels (`quality_classifier.label_rows`).

Both classes have the same length floor, the same preparation and the same draw by the hash of (seed, id); the open
reproduction had a floor on one class only, and its training file held all positives first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from quality_classifier.duplicates import SKETCH_FIELDS, sketch_columns
from quality_classifier.hosts import WIKIPEDIA, left_out_hosts
from quality_classifier.pages import CitedPages, Match, MatchOptions, MatchReferences
from quality_classifier.urls import host_of_url
from stages.core.exchange import Exchange
from stages.core.manifest import Manifest, Record, ShardReport
from stages.core.parquet import read_documents
from stages.core.shards import shard_groups
from stages.core.stage import Stage, Task, is_made_by, task_id
from stages.core.writer import TaskWriter
from stages.dedup.columns import ShardParams, shard_tasks
from stages.kernels.hash.hashing import hash_strings
from stages.models.fasttext.reference import MAX_CHARS, NEGATIVE, POSITIVE

PAGE_FIELDS = [
    ("id", pa.string()),
    ("order", pa.uint64()),
    ("label", pa.string()),
    ("host", pa.string()),
    ("language", pa.string()),
    ("chars", pa.int32()),
    ("text", pa.large_string()),
]
"""`label` is the page's class; `host` is the id where a page has no address; `text` as far as the model sees it, `chars` of
that."""

LABELLED_SCHEMA = pa.schema([*PAGE_FIELDS, *SKETCH_FIELDS])

POSITIVE_OVERSAMPLE, NEGATIVE_OVERSAMPLE = 1.5, 4.0
"""How many times as many pages as wanted are drawn: near duplicates, hosts of many pages and unmatched lengths go. The first
is for the class that says how many are wanted."""


class SeedOptions(Record):
    """Which pages are drawn."""

    seed: int = Field(0, description="chooses and orders the pages")


class PageDrawOptions(SeedOptions):
    """Which pages are drawn, and how many."""

    max_pages: int = Field(300_000, gt=0, description="pages of each class to train on, at most")


class LabelOptions(Record):
    """Which pages are long enough."""

    min_chars: int = Field(200, ge=0, description="length floor of both classes")


class LabelPagesParams(ShardParams):
    """A shard, the cited rows of all, and the share of each class to draw."""

    cited: Exchange
    positive_rate: float
    negative_rate: float


class LabelPages(MatchOptions, PageDrawOptions, LabelOptions, Stage[LabelPagesParams]):
    """Shard -> labelled pages. Inputs: documents, cited rows."""

    stage_name: ClassVar[str] = "label_pages"
    version: ClassVar[int] = 3
    follows_unicode: ClassVar[bool] = True

    draws_negatives: bool = True

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[LabelPagesParams]]:
        """One task per document shard, with the share of each class to draw."""
        documents, cited = inputs
        facts = cited.facts_of(CitedPages)
        positives = _pages_of(cited, self.match)
        negatives = documents.documents_out - sum(one.of_cited_hosts for one in facts)
        rows = Exchange.of(cited)
        return shard_tasks(
            documents,
            lambda shard: LabelPagesParams(
                shard=shard,
                cited=rows,
                positive_rate=min(1.0, POSITIVE_OVERSAMPLE * self.max_pages / max(1, positives)),
                negative_rate=_negative_rate(min(positives, self.max_pages), negatives)
                if self.draws_negatives
                else 0.0,
            ),
        )

    def run(self, task: Task[LabelPagesParams]) -> ShardReport:
        """Label and draw."""
        with TaskWriter(task, self.stage_name) as out:
            found = pa.Table.from_batches(out.receive(task.params.cited, task.params.shard))
            rows, by_host = found.column("row").to_numpy(), found.column("by_host").to_numpy()
            cited, of_cited_hosts = rows[~by_host], rows[by_host]
            positives = cited if self.match == "url" else of_cited_hosts
            tables, row = [], 0
            for batch in read_documents(task.inputs, ["id", "text", "url", "language"]):
                here = np.arange(row, row + batch.num_rows)
                positive = np.isin(here, positives)
                negative = ~np.isin(here, of_cited_hosts)
                tables.append(self._label(batch, positive, positive | negative, task.params))
                row += batch.num_rows
            out.write_table(f"pages-{task.id}", LABELLED_SCHEMA, tables)
        return out.report

    def _label(
        self, batch: pa.RecordBatch, positive: np.ndarray, usable: np.ndarray, params: LabelPagesParams
    ) -> pa.Table:
        rate = np.where(positive, params.positive_rate, params.negative_rate)
        chosen = usable & drawn_pages(batch, self.seed, self.min_chars, rate)
        batch, positive = batch.filter(pa.array(chosen)), positive[chosen]
        hosts = hosts_of(batch.column("url"), batch.column("id"))
        own_texts = [left_out_hosts().reason(host) in WIKIPEDIA for host in hosts.to_pylist()]
        kept = positive | ~np.array(own_texts, bool)
        labels = pc.if_else(pa.array(positive[kept]), POSITIVE, NEGATIVE)
        return labelled(batch.filter(pa.array(kept)), labels, self.seed)


class LabelClassParams(Record):
    """The share of the documents to draw."""

    rate: float


class LabelClass(MatchOptions, PageDrawOptions, LabelOptions, Stage[LabelClassParams]):
    """Shard -> labelled pages, all of one class: a user's own. Inputs: its documents, then what tells how many pages each
    other class has, which is its documents, or the cited rows of the pages."""

    stage_name: ClassVar[str] = "label_class"
    version: ClassVar[int] = 2
    groups_small_shards: ClassVar[bool] = True
    follows_unicode: ClassVar[bool] = True

    label: str

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[LabelClassParams]]:
        """One task for each document shard, or for neighbours that are small, with the share to draw."""
        documents, *others = inputs
        wanted = min([self.max_pages, *(_pages_of(one, self.match) for one in others)])
        params = LabelClassParams(rate=_negative_rate(wanted, documents.documents_out))
        return [Task(task_id(i), uris, params) for i, uris in enumerate(shard_groups([documents]))]

    def run(self, task: Task[LabelClassParams]) -> ShardReport:
        """Draw."""
        with TaskWriter(task, self.stage_name) as out:
            tables = []
            for batch in read_documents(task.inputs, ["id", "text", "url", "language"]):
                rate = np.full(batch.num_rows, task.params.rate)
                chosen = batch.filter(pa.array(drawn_pages(batch, self.seed, self.min_chars, rate)))
                tables.append(labelled(chosen, pa.repeat(self.label, chosen.num_rows), self.seed))
            out.write_table(f"pages-{task.id}", LABELLED_SCHEMA, tables)
        return out.report


def _pages_of(of_class: Manifest, match: Match) -> int:
    """Pages of a class: cited ones by the rows that were found, else the documents."""
    if is_made_by(of_class, MatchReferences):
        return sum(one.positives(match) for one in of_class.facts_of(CitedPages))
    return of_class.documents_out


def _negative_rate(wanted: int, negatives: int) -> float:
    return min(1.0, NEGATIVE_OVERSAMPLE * wanted / max(1, negatives))


def drawn_pages(batch: pa.RecordBatch, seed: int, min_chars: int, rate: np.ndarray) -> np.ndarray:
    """Which documents are long enough and drawn by the hash of (seed, id); `rate` is the share, bool out, shapes (rows,)."""
    draw = hash_strings(batch.column("id"), seed + 1) / 2.0**64
    long_enough = pc.utf8_length(batch.column("text")).to_numpy(zero_copy_only=False) >= min_chars
    chosen: np.ndarray = long_enough & (draw < rate)
    return chosen


def labelled(batch: pa.RecordBatch, labels: pa.Array, seed: int) -> pa.Table:
    """The rows of LABELLED_SCHEMA of documents (id, text, url, language), whose classes are `labels`."""
    text = pc.utf8_slice_codeunits(batch.column("text"), 0, MAX_CHARS)
    ids = batch.column("id")
    columns = {
        "id": ids,
        "order": pa.array(hash_strings(ids, seed + 3)),
        "label": labels.cast(pa.string()),
        "host": hosts_of(batch.column("url"), ids),
        "language": batch.column("language"),
        "chars": pc.utf8_length(text).cast(pa.int32()),
        "text": text,
        **sketch_columns(text),
    }
    return pa.table(columns, schema=LABELLED_SCHEMA)


def hosts_of(urls: pa.Array, ids: pa.Array) -> pa.Array:
    """The host of each address; where there is none, the id, so that such a page is a host of its own."""
    hosts = [None if url is None else host_of_url(url) for url in urls.to_pylist()]
    return pc.coalesce(pa.array(hosts, pa.string()), ids.cast(pa.string()))

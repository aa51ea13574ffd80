"""Posts in, exchange files of them by question out, so that a question and its answers meet in one task.

A task holds at most EXCHANGE_BODY_BYTES of posts: what is more goes into a further exchange file of the same
task, so memory does not grow with the dump, even where one raw file is one task.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stages.core.exchange import ExchangeWriter, destination_of
from stages.core.writer import TaskWriter
from stages.ingest.stackexchange.rows import Post

EXCHANGE_BODY_BYTES = 128 << 20
BATCH_BODY_BYTES = 8 << 20

QUESTION, ANSWER = 1, 2

POST_SCHEMA = pa.schema(
    [
        pa.field("raw_name", pa.string(), nullable=False),
        pa.field("site", pa.string(), nullable=False),
        pa.field("question_id", pa.int64(), nullable=False),
        pa.field("post_id", pa.int64(), nullable=False),
        pa.field("type_id", pa.int8(), nullable=False),
        pa.field("score", pa.int64(), nullable=False),
        pa.field("title", pa.string(), nullable=False),
        pa.field("tags", pa.string(), nullable=False),
        pa.field("body", pa.large_string(), nullable=False),
        pa.field("created", pa.string(), nullable=False),
        pa.field("license", pa.string(), nullable=False),
    ]
)
"""`site` is the folder's name, `tags` and `body` (HTML) are as the dump has them."""


def destinations_of_posts(
    raw_name: str, question_ids: npt.NDArray[np.int64], count: int
) -> npt.NDArray[np.int64]:
    """Destination of each post, int64, shape (posts,): splitmix64 of question id and raw file."""
    seed = int.from_bytes(hashlib.sha256(raw_name.encode("utf-8", "surrogatepass")).digest()[:8], "little")
    mixed = question_ids.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(seed)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return destination_of(mixed ^ (mixed >> np.uint64(31)), count)


class PostWriter:
    """Writes the posts of one task to its exchange files; `open_file` names the raw file that they are of."""

    def __init__(
        self, out: TaskWriter, num_destinations: int, max_body_bytes: int = EXCHANGE_BODY_BYTES
    ) -> None:
        self._out, self._num_destinations, self._max_body_bytes = out, num_destinations, max_body_bytes
        self._raw_name = self._site = ""
        self._columns: dict[str, list[Any]] = {}
        self._column_bytes = 0
        self._batches: list[pa.RecordBatch] = []
        self._destinations: list[npt.NDArray[np.int64]] = []
        self._batch_bytes = 0
        self._num_files = 0
        self._clear()

    def _clear(self) -> None:
        self._columns = {name: [] for name in POST_SCHEMA.names}
        self._column_bytes = 0

    def open_file(self, raw_name: str, site: str) -> None:
        """The posts that follow are of this raw file."""
        self._flush()
        self._raw_name, self._site = raw_name, site

    def add(self, post: Post) -> None:
        """Pass on one question or answer."""
        body = post.body or ""
        values = (
            self._raw_name,
            self._site,
            post.question_id,
            post.post_id,
            post.type_id,
            post.score,
            post.title,
            post.tags,
            body,
            post.created,
            post.license,
        )
        for column, value in zip(self._columns.values(), values, strict=True):
            column.append(value)
        self._column_bytes += len(body)
        if self._column_bytes >= BATCH_BODY_BYTES:
            self._flush()

    def _flush(self) -> None:
        if self._columns["post_id"]:
            batch = pa.RecordBatch.from_pydict(self._columns, schema=POST_SCHEMA)
            ids = batch.column("question_id").to_numpy()
            self._destinations.append(destinations_of_posts(self._raw_name, ids, self._num_destinations))
            self._batches.append(batch)
            self._batch_bytes += batch.nbytes
            self._out.pass_on(batch.num_rows)
        self._clear()
        if self._batch_bytes >= self._max_body_bytes:
            self._write_file()

    def _write_file(self) -> None:
        task = self._out.task
        writer = ExchangeWriter(
            task.output, f"{task.id}-{self._num_files:05d}", POST_SCHEMA, self._num_destinations
        )
        batch = pa.concat_batches(self._batches)
        destinations = np.concatenate(self._destinations)
        self._batches, self._destinations, self._batch_bytes = [], [], 0
        writer.write(batch, destinations)
        self._out.add_file(writer.finish())
        self._num_files += 1

    def finish(self) -> None:
        """Write what is left."""
        self._flush()
        if self._batches:
            self._write_file()

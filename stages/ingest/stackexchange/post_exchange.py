"""Posts in, an exchange of them by question out, so that a question and its answers meet in one task."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stages.core.exchange import destination_of
from stages.core.writer import TaskWriter
from stages.ingest.stackexchange.rows import Post

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
    """Writes the posts of one task to its exchange; `open_file` names the raw file that they are of, `flush` ends it."""

    def __init__(self, out: TaskWriter, num_destinations: int) -> None:
        self._out = out
        self._exchange = out.exchange(POST_SCHEMA, num_destinations)
        self._raw_name = self._site = ""
        self._columns: dict[str, list[Any]] = {}
        self._column_bytes = 0
        self._clear()

    def _clear(self) -> None:
        self._columns = {name: [] for name in POST_SCHEMA.names}
        self._column_bytes = 0

    def open_file(self, raw_name: str, site: str) -> None:
        """The posts that follow are of this raw file."""
        self.flush()
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
            self.flush()

    def flush(self) -> None:
        """Send what is pending."""
        if self._columns["post_id"]:
            batch = pa.RecordBatch.from_pydict(self._columns, schema=POST_SCHEMA)
            ids = batch.column("question_id").to_numpy()
            destinations = destinations_of_posts(self._raw_name, ids, self._exchange.num_destinations)
            self._exchange.write(batch, destinations)
            self._out.pass_on(batch.num_rows)
        self._clear()

"""Posts by question in, a document for each thread out: title, question, answers by score, highest first.

The second of StackExchange's two stages (LLaMA, section 2.1: HTML tags removed, answers by score).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from stages.core.exchange import Exchange
from stages.core.manifest import Manifest, Record, ShardReport
from stages.core.stage import Stage, Task, task_id
from stages.core.writer import TaskWriter
from stages.ingest.base import NamedSource
from stages.ingest.raw import Loss, Merged, RawDocument, RawRecord
from stages.ingest.records import RecordWriter
from stages.ingest.stackexchange.html_text import html_to_text
from stages.ingest.stackexchange.post_exchange import POST_SCHEMA, QUESTION
from stages.ingest.stackexchange.sites import QuestionSite, parse_site

KIND = "stackexchange"
SLICE_ROWS = 8192

_TAG_MARKS = re.compile(r"[<>|]")

PostRow = dict[str, Any]


class ThreadOptions(Record):
    """Which threads are kept."""

    min_answers: int = Field(0, ge=0, description="keep threads with at least so many answers")
    min_score: int | None = Field(None, description="keep threads whose question has at least this score")


class ThreadsParams(Record):
    """A destination of the posts."""

    posts: Exchange
    destination: int


class StackExchangeThreads(NamedSource, ThreadOptions, Stage[ThreadsParams]):
    """Puts questions and answers together."""

    stage_name: ClassVar[str] = "stackexchange_threads"
    kind: ClassVar[str] = KIND

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[ThreadsParams]]:
        """A task for every destination of the ingest's exchange."""
        posts = Exchange.of(inputs[0])
        return [
            Task(task_id(part), (), ThreadsParams(posts=posts, destination=part))
            for part in range(posts.destinations)
        ]

    def run(self, task: Task[ThreadsParams]) -> ShardReport:
        """Group the destination's posts and write a document for each thread."""
        rules = ThreadRules(self.min_answers, self.min_score)
        with TaskWriter(task, self.stage_name) as out:
            batches = out.receive(task.params.posts, task.params.destination)
            table = pa.Table.from_batches(batches, POST_SCHEMA).combine_chunks()
            out.documents_in += table.num_rows
            out.bytes_in += pc.sum(pc.binary_length(table["body"])).as_py() or 0
            writer = RecordWriter(out, self.source)
            for raw_name, rows in threads_of(table):
                for record in rules.thread(rows):
                    writer.add(raw_name, record)
            writer.flush()
            out.created = 0  # RecordWriter counts raw records; here all were counted in as posts
        return out.report


def threads_of(table: pa.Table) -> Iterator[tuple[str, list[PostRow]]]:
    """(raw file, posts) of each thread: the question, then answers by integer score, ties by post id."""
    if table.num_rows == 0:
        return
    keys = [("raw_name", "ascending"), ("question_id", "ascending"), ("type_id", "ascending")]
    keys += [("score", "descending"), ("post_id", "ascending")]
    order = pc.sort_indices(table, sort_keys=keys)
    for start, stop in _slices(_thread_starts(table, order), table.num_rows):
        rows: list[PostRow] = table.take(order.slice(start, stop - start)).to_pylist()
        begin = 0
        for at in range(1, len(rows) + 1):
            if at == len(rows) or _thread_key(rows[at]) != _thread_key(rows[begin]):
                yield rows[begin]["raw_name"], rows[begin:at]
                begin = at


def _thread_key(row: PostRow) -> tuple[int, str]:
    return row["question_id"], row["raw_name"]


def _thread_starts(table: pa.Table, order: pa.Array) -> npt.NDArray[np.int64]:
    """Positions in `order` at which a thread starts, int64, shape (threads,)."""
    at = order.to_numpy()
    files = table["raw_name"].combine_chunks().dictionary_encode().indices.to_numpy(zero_copy_only=False)[at]
    questions = table["question_id"].to_numpy()[at]
    new = np.ones(len(at), dtype=bool)
    new[1:] = (files[1:] != files[:-1]) | (questions[1:] != questions[:-1])
    return np.flatnonzero(new)


def _slices(starts: npt.NDArray[np.int64], num_rows: int) -> Iterator[tuple[int, int]]:
    """(start, stop) rows of whole threads, about SLICE_ROWS each: few are Python objects at a time."""
    start = 0
    while start < num_rows:
        after = int(np.searchsorted(starts, start + SLICE_ROWS))
        stop = int(starts[after]) if after < len(starts) else num_rows
        yield start, stop
        start = stop


@dataclass(frozen=True)
class ThreadRules:
    """Which threads are kept."""

    min_answers: int = 0
    min_score: int | None = None

    def thread(self, rows: Sequence[PostRow]) -> list[RawRecord]:
        """The document of a thread's sorted posts and the answers that it holds, or why there is none."""
        site = parse_site(rows[0]["site"])
        posts, records = _without_duplicates(site, rows)
        question = posts[0]
        if question["type_id"] != QUESTION:
            detail = f"question {question['question_id']} is not in this raw file"
            return records + [_loss(site, answer, "orphan_answer", detail) for answer in posts]
        texts = [html_to_text(row["body"]) for row in posts]
        answers = [text for text in texts[1:] if text]
        records += [
            _loss(site, row, "empty_text") for row, text in zip(posts[1:], texts[1:], strict=True) if not text
        ]
        parts = [text for text in (" ".join(question["title"].split()), texts[0]) if text]
        loss = self._refuse(site, question, bool(parts), len(answers))
        if loss is None:
            merged = [
                _merged(site, row, question) for row, text in zip(posts[1:], texts[1:], strict=True) if text
            ]
            return [
                *records,
                *merged,
                _document(site, question, "\n\n".join([*parts, *answers]), len(answers)),
            ]
        records.append(loss)
        for row, text in zip(posts[1:], texts[1:], strict=True):
            if text:
                records.append(
                    _loss(site, row, "thread_dropped", f"question {row['question_id']}: {loss.rule}")
                )
        return records

    def _refuse(self, site: QuestionSite, question: PostRow, has_text: bool, num_answers: int) -> Loss | None:
        if not has_text and num_answers == 0:
            return _loss(site, question, "empty_text")
        score = question["score"]
        if self.min_score is not None and score < self.min_score:
            return _loss(site, question, "low_score", value=score, threshold=self.min_score)
        if num_answers < self.min_answers:
            return _loss(site, question, "few_answers", value=num_answers, threshold=self.min_answers)
        return None


def _without_duplicates(site: QuestionSite, rows: Sequence[PostRow]) -> tuple[list[PostRow], list[RawRecord]]:
    """The first post of each id, and a Loss for every further one (`<post id>#2`, ...)."""
    copies: dict[int, int] = {}
    posts: list[PostRow] = []
    losses: list[RawRecord] = []
    for row in rows:
        copy = copies[row["post_id"]] = copies.get(row["post_id"], 0) + 1
        if copy == 1:
            posts.append(row)
        else:
            detail = f"post {row['post_id']} is {copy} times in this raw file"
            losses.append(_loss(site, row, "duplicate_post", detail, key=f"{row['post_id']}#{copy}"))
    return posts, losses


def _merged(site: QuestionSite, answer: PostRow, question: PostRow) -> Merged:
    """An answer that is part of its question's thread now."""
    key, partner = str(answer["post_id"]), str(question["post_id"])
    return Merged(key, "answer_in_thread", partner, _url(site, answer), len(answer["body"].encode()))


def _url(site: QuestionSite, row: PostRow) -> str | None:
    part = "questions" if row["type_id"] == QUESTION else "a"
    return None if site.host is None else f"https://{site.host}/{part}/{row['post_id']}"


def _loss(
    site: QuestionSite,
    row: PostRow,
    rule: str,
    detail: str | None = None,
    *,
    key: str | None = None,
    value: float | None = None,
    threshold: float | None = None,
) -> Loss:
    return Loss(
        key or str(row["post_id"]),
        rule,
        detail,
        value,
        threshold,
        _url(site, row),
        len(row["body"].encode()),
    )


def _document(site: QuestionSite, question: PostRow, text: str, num_answers: int) -> RawDocument:
    metadata: dict[str, Any] = {
        "site": site.name,
        "title": question["title"],
        "tags": split_tags(question["tags"]),
        "score": question["score"],
        "answers": num_answers,
        "question_id": question["question_id"],
        "creation_date": question["created"],
    }
    if site.dump is not None:
        metadata["dump"] = site.dump
    if question["license"]:
        metadata["license"] = question["license"]
    return RawDocument(str(question["question_id"]), text, _url(site, question), metadata=metadata)


def split_tags(tags: str) -> list[str]:
    """The tags of a question, in both styles of the dumps: `<a><b>` and `|a|b|`."""
    return [tag for tag in _TAG_MARKS.split(tags) if tag]

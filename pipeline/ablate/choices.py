"""Files of multiple choice in, questions out, and how likely a model takes each answer for in, whether it was right out.

Rows are JSON: `query`, `choices` and `gold`, or, where the answers differ in what comes before, `context_options`,
`continuation` and `gold`. A file whose rows offer no choice is passed over.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

import numpy as np
import numpy.typing as npt
import orjson

from pipeline.ablate.texts import encoded
from stages.core import storage
from stages.core.arrays import Int64Array
from stages.core.errors import UserError
from stages.tokenize.tokenizers.base import Tokenizer


@dataclass(frozen=True)
class Question:
    """What comes before and what follows in each answer, and which is right. `shown` begins with a space."""

    contexts: tuple[str, ...]
    shown: tuple[str, ...]
    gold: int


@dataclass(frozen=True)
class Score:
    """Questions answered right by likelihood, and by likelihood a byte of the answer; by chance so many."""

    questions: int
    accuracy: float
    accuracy_by_byte: float
    chance: float


def read_questions(patterns: Sequence[str], most: int) -> dict[str, list[Question]]:
    """At most `most` questions of each file, by a hash of the row; the file's name without its endings is the key."""
    found: dict[str, list[Question]] = {}
    for pattern in patterns:
        for file in storage.find_files(pattern):
            if not file.uri.endswith(".jsonl"):
                continue
            lines = [line for line in storage.read_bytes(file.uri).splitlines() if line.strip()]
            chosen = set(sorted(lines, key=lambda line: hashlib.sha256(line).digest())[:most])
            places = [number for number, line in enumerate(lines, 1) if line in chosen]
            questions = [_question(f"{file.uri}:{number}", lines[number - 1]) for number in places[:most]]
            offered = [one for one in questions if one is not None]
            if offered:
                found[file.name.rpartition("/")[2].removesuffix(".jsonl")] = offered
    if patterns and not found:
        raise UserError(f"{', '.join(patterns)}: no file of multiple choice (.jsonl with choices and gold)")
    return found


def questions_digest(files: Mapping[str, Sequence[Question]]) -> str:
    """Of all questions, in order."""
    plain = {name: [[one.contexts, one.shown, one.gold] for one in files[name]] for name in sorted(files)}
    return hashlib.sha256(orjson.dumps(plain)).hexdigest()[:16]


def _question(place: str, line: bytes) -> Question | None:
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise UserError(f"{place}: no JSON ({error})") from error
    if not isinstance(row, dict) or "gold" not in row:
        return None
    made = _of_choices(row) or _of_contexts(row)
    if made is None or type(row["gold"]) is not int or not 0 <= row["gold"] < len(made.shown) > 1:
        raise UserError(
            f"{place}: no question; it needs `query` and `choices`, or `context_options` and `continuation`, of texts, and"
            " as `gold` the number of the right one, from 0"
        )
    return made


def _of_choices(row: dict[str, Any]) -> Question | None:
    query, choices = row.get("query"), row.get("choices")
    if not isinstance(query, str) or not _are_texts(choices):
        return None
    context = f"{query.rstrip()}\nAnswer:"
    return Question((context,) * len(choices), tuple(f" {choice}" for choice in choices), row["gold"])


def _of_contexts(row: dict[str, Any]) -> Question | None:
    contexts, continuation = row.get("context_options"), row.get("continuation")
    if not isinstance(continuation, str) or not _are_texts(contexts):
        return None
    return Question(tuple(contexts), (f" {continuation}",) * len(contexts), row["gold"])


def _are_texts(value: Any) -> TypeGuard[list[str]]:
    return isinstance(value, list) and all(isinstance(one, str) and one for one in value)


def answer_rows(
    tokenizer: Tokenizer, questions: Sequence[Question], length: int
) -> list[tuple[Int64Array, int]]:
    """A row of at most `length` + 1 ids for every answer of every question, and how many of its last ids are the answer's.

    The end of what comes before may be cut otherwise beside the answer, so what both share is what comes before.
    """
    pairs = [pair for one in questions for pair in zip(one.contexts, one.shown, strict=True)]
    whole = encoded(tokenizer, [context + shown for context, shown in pairs])
    before = encoded(tokenizer, [context for context, _ in pairs])
    rows = []
    for ids, start in zip(whole, before, strict=True):
        ids, start = ids[:-1], start[:-1]  # without </s>
        shared = min(len(ids), len(start))
        differs = np.flatnonzero(ids[:shared] != start[:shared])
        first = int(differs[0]) if len(differs) else shared
        answer = max(1, min(len(ids) - first, length))
        rows.append((ids[-(length + 1) :], answer))
    return rows


def score(
    questions: Sequence[Question],
    rows: Sequence[tuple[Int64Array, int]],
    nats: Sequence[npt.NDArray[np.float64]],
) -> Score:
    """How many questions the likeliest answer is right for; `nats` are those of the rows' tokens but the first."""
    sums = [float(values[-answer:].sum()) for (_, answer), values in zip(rows, nats, strict=True)]
    right, right_by_byte, chance, place = 0, 0, 0.0, 0
    for one in questions:
        mine = sums[place : place + len(one.shown)]
        by_byte = [value / len(shown.encode()) for value, shown in zip(mine, one.shown, strict=True)]
        right += int(np.argmin(mine)) == one.gold
        right_by_byte += int(np.argmin(by_byte)) == one.gold
        chance += 1 / len(one.shown)
        place += len(one.shown)
    number = len(questions)
    return Score(number, right / number, right_by_byte / number, chance / number)

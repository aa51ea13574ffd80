"""Questions of multiple choice: which rows are some, which ids are an answer's, and which answers count as right."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from pipeline.ablate.choices import Question, Score, answer_rows, read_questions, score
from stages.core.errors import UserError
from stages.tokenize.tokenizers.base import Tokenizer

QUERY = '{"query": "Question: What is red?\\n", "choices": ["blood", "the sky"], "gold": 0}'
CONTEXTS = '{"context_options": ["Ann", "The old man"], "continuation": "sang.", "gold": 1}'


class Letters(Tokenizer):
    """A letter an id, 1 and 2 around them."""

    bos, eos = 1, 2

    def __init__(self) -> None:
        pass

    def encode(self, texts: pa.Array) -> tuple[np.ndarray, np.ndarray]:
        rows = [[1, *map(ord, text), 2] for text in texts.to_pylist()]
        return np.array([i for row in rows for i in row]), np.cumsum([0, *map(len, rows)])

    def decode(self, ids: np.ndarray) -> str:
        raise NotImplementedError

    def piece(self, token: int) -> str:
        raise NotImplementedError


def test_two_kinds_of_rows_and_what_offers_no_choice(tmp_path: Path) -> None:
    (tmp_path / "colours.jsonl").write_text(f"{QUERY}\n\n{CONTEXTS}\n")
    (tmp_path / "next_word.jsonl").write_text('{"context": "a", "continuation": "b"}\n')
    (tmp_path / "notes.txt").write_text("no questions")
    assert read_questions([f"{tmp_path}/*"], 10) == {
        "colours": [
            Question(("Question: What is red?\nAnswer:",) * 2, (" blood", " the sky"), 0),
            Question(("Ann", "The old man"), (" sang.", " sang."), 1),
        ]
    }
    assert [len(one) for one in read_questions([f"{tmp_path}/*"], 1).values()] == [1]


@pytest.mark.parametrize(
    "row",
    [
        QUERY.replace('"gold": 0', '"gold": 2'),
        QUERY.replace('"gold": 0', '"gold": "A"'),
        QUERY.replace('"gold": 0', '"gold": true'),
        QUERY.replace('"blood", "the sky"', '"blood"'),
        QUERY.replace('"the sky"', "3"),
        QUERY.replace("query", "question"),
        CONTEXTS.replace('"sang."', "[]"),
    ],
)
def test_a_row_that_is_no_question_is_named(row: str, tmp_path: Path) -> None:
    (tmp_path / "bad.jsonl").write_text(f"{QUERY}\n{row}\n")
    with pytest.raises(UserError, match=r"bad\.jsonl:2: no question; it needs"):
        read_questions([f"{tmp_path}/bad.jsonl"], 10)


def test_no_json_and_no_questions_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "bad.jsonl").write_text("{")
    with pytest.raises(UserError, match=r"bad\.jsonl:1: no JSON"):
        read_questions([f"{tmp_path}/bad.jsonl"], 10)
    (tmp_path / "bad.jsonl").write_text("{}")
    with pytest.raises(UserError, match="no file of multiple choice"):
        read_questions([f"{tmp_path}/*"], 10)


def test_an_answers_ids_are_those_after_what_comes_before() -> None:
    asked = [Question(("ab", "ab"), (" cd", " e"), 0)]
    rows = answer_rows(Letters(), asked, 10)
    assert [(ids.tolist(), answer) for ids, answer in rows] == [
        ([1, *map(ord, "ab cd")], 3),
        ([1, *map(ord, "ab e")], 2),
    ]
    cut = answer_rows(Letters(), asked, 2)
    assert [(ids.tolist(), answer) for ids, answer in cut] == [
        ([*map(ord, " cd")], 2),
        ([*map(ord, "b e")], 2),
    ]


def test_the_likeliest_answer_counts_and_the_likeliest_by_byte() -> None:
    """Of " b" and " the sky": 2 nats of 2 bytes against 4 of 8."""
    asked = [Question(("a", "a"), (" b", " the sky"), 1), Question(("a", "a", "a"), (" b", " c", " d"), 2)]
    ids = np.arange(3)
    rows = [(ids, 1)] * 5
    nats = [np.array([9.0, value]) for value in (2.0, 4.0, 3.0, 2.0, 1.0)]
    assert score(asked, rows, nats) == Score(2, 0.5, 1.0, (1 / 2 + 1 / 3) / 2)

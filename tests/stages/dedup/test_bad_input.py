"""What every dedup must live through: empty, tiny, huge and endlessly repeated documents, and no documents at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.registry import comparing_verbs
from stages.core.manifest import Manifest
from tests.stages.dedup.near.near_texts import text_of

VERBS = sorted(comparing_verbs())
MANY = 20_000


@pytest.fixture
def run(chain: Any, tmp_path: Path) -> Callable[..., Manifest]:
    """Run a verb with its defaults over shards of (id, text), and check that nothing is lost on the way."""
    quiz = tmp_path / "quiz.txt"
    quiz.write_text("which of these thirteen words and a few more were never in any of the documents below")

    def run(verb: str, *shards: list[tuple[str, str]]) -> Manifest:
        needed = {"decontaminate": {"benchmarks": (str(quiz),)}, "dedup_lines": {"min_chars": 1}}
        left: Manifest = chain.run(
            comparing_verbs()[verb].model_validate(needed.get(verb, {})), chain.given(*shards)
        )[-1]
        documents = sum(len(shard) for shard in shards)
        assert left.documents_in == documents == left.documents_out + sum(left.dropped.values())
        return left

    return run


@pytest.mark.parametrize("verb", VERBS)
def test_no_documents(run: Callable[..., Manifest], verb: str) -> None:
    assert run(verb).documents_out == 0
    assert run(verb, [], []).documents_out == 0


@pytest.mark.parametrize("verb", VERBS)
def test_empty_blank_and_one_word_documents(run: Callable[..., Manifest], chain: Any, verb: str) -> None:
    texts = ["", " ", "\n\n", "\t", "...", "\u200b", "\u0301", "word", "語", "\U0001f600", "a\x01b"]
    left = run(verb, [(f"c4/{n}", text) for n, text in enumerate(texts)], [("c4/last", "another")])
    if verb != "dedup_lines":  # there they are too short
        assert "another" in chain.texts(left).values()


@pytest.mark.parametrize("verb", VERBS)
def test_a_document_of_a_million_lines_beside_a_line_of_five_million_characters(
    run: Callable[..., Manifest], chain: Any, verb: str
) -> None:
    lines = "\n".join(f"line {n}" for n in range(1_000_000))
    left = run(verb, [("c4/lines", lines), ("c4/line", "unbroken" * 600_000), ("c4/other", "a third")])
    expected = (
        2 if verb == "dedup_lines" else 3
    )  # the lines differ in their numbers alone, and CCNet's key has none
    assert left.documents_out + left.edited.get("duplicate_lines", 0) >= expected


@pytest.mark.slow
@pytest.mark.parametrize("verb", VERBS)
def test_tens_of_thousands_of_equal_documents(run: Callable[..., Manifest], verb: str) -> None:
    """Books meet sixteen others for each shingle, so equal ones take seconds a thousand: time is linear, not square."""
    text = "\n".join(
        text_of(n, 140) for n in range(3)
    )  # three sentences, long enough for the sketch of a book
    count = 2_000 if verb == "dedup_books" else MANY
    left = run(verb, *([(f"c4/{s}-{n:05d}", text) for n in range(count // 2)] for s in range(2)))
    assert left.documents_out == {"dedup_lines": 0, "decontaminate": MANY}.get(verb, 1)

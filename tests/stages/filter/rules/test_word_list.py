"""The word-list rule keeps and drops by count and by ratio, by language, and refuses what is no list in one line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

from stages.core.errors import UserError
from stages.core.manifest import DOCUMENTS, LEDGER, Manifest
from stages.core.parquet import read_documents
from stages.filter.rules.word_list import WordListRule, read_word_list
from stages.filter.stage import Filter

RunStage = Callable[..., Manifest]
ROWS = [
    {"id": "c4/f/0", "text": "A clean text about gardens.", "language": "en"},
    {"id": "c4/f/1", "text": "Buy SPAM now, spam forever and ever.", "language": "en"},
    {"id": "c4/f/2", "text": "Spam heißt auf Deutsch Dosenfleisch.", "language": "de"},
    {"id": "c4/f/3", "text": "Spam without a language."},
]


@pytest.fixture
def words(tmp_path: Path) -> str:
    path = tmp_path / "words.txt"
    path.write_bytes("\ufeff# ours\nspam\n\nBuy   now\r\nspam\n".encode())
    return str(path)


def kept(manifest: Manifest) -> list[str]:
    return [name for batch in read_documents(manifest.uris(DOCUMENTS)) for name in batch["id"].to_pylist()]


def ledger(manifest: Manifest) -> list[tuple[Any, ...]]:
    names = ("id", "rule", "value", "threshold", "detail")
    return [
        tuple(row[n] for n in names) for u in manifest.uris(LEDGER) for row in pq.read_table(u).to_pylist()
    ]


def test_a_list_has_comments_blank_lines_and_each_phrase_once(words: str) -> None:
    assert read_word_list(words) == ("spam", "buy now")


def test_c4_drops_a_page_with_any_bad_word(
    run_stage: RunStage, make_documents: Callable[..., Manifest], words: str
) -> None:
    manifest = run_stage(Filter(rules=(WordListRule(words=words),)), [make_documents(ROWS)])
    assert kept(manifest) == ["c4/f/0"]
    assert ledger(manifest) == [
        ("c4/f/1", "word_list.count", 2, 0, "spam"),
        ("c4/f/2", "word_list.count", 1, 0, "spam"),
        ("c4/f/3", "word_list.count", 1, 0, "spam"),
    ]


def test_a_list_is_for_its_language_and_for_documents_without_one(
    run_stage: RunStage, make_documents: Callable[..., Manifest], words: str
) -> None:
    rule = WordListRule(lists={"en": words}, name="bad_words")
    manifest = run_stage(Filter(rules=(rule,)), [make_documents(ROWS)])
    assert kept(manifest) == ["c4/f/0", "c4/f/2"]
    assert {row[1] for row in ledger(manifest)} == {"bad_words.count"}


def test_the_language_rule_before_it_tells_the_language(
    run_stage: RunStage, make_documents: Callable[..., Manifest], words: str
) -> None:
    from stages.filter.rules.language import LanguageRule

    rows = [{"id": row["id"], "text": row["text"]} for row in ROWS[:3]]
    rules = (LanguageRule(min_score=0), WordListRule(lists={"de": words}))
    assert kept(run_stage(Filter(rules=rules), [make_documents(rows)])) == ["c4/f/0", "c4/f/1"]
    annotated = run_stage(Filter(rules=rules, annotate_only=True), [make_documents(rows)])
    (table,) = annotated.uris("values")
    assert pq.read_table(table)["word_list.count"].to_pylist() == [0, 0, 1]


@pytest.mark.parametrize(
    ("options", "left"),
    [
        ({"max_count": 1}, ["c4/f/0", "c4/f/2", "c4/f/3"]),
        ({"max_count": 2}, ["c4/f/0", "c4/f/1", "c4/f/2", "c4/f/3"]),
        ({"max_ratio": 0.2}, ["c4/f/0", "c4/f/2"]),
        ({"max_ratio": 0.3, "max_count": 1}, ["c4/f/0", "c4/f/2", "c4/f/3"]),
    ],
)
def test_some_may_be_allowed(
    run_stage: RunStage,
    make_documents: Callable[..., Manifest],
    words: str,
    options: dict[str, Any],
    left: list[str],
) -> None:
    rule = WordListRule(words=words, **options)
    assert kept(run_stage(Filter(rules=(rule,)), [make_documents(ROWS)])) == left


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such word list"),
        (b"", "an empty word list"),
        (b"# only a comment\n\n  \n", "an empty word list"),
        (b"good\nb\xe4d\n", "not UTF-8 at byte 6"),
    ],
)
def test_what_is_no_list_is_one_line(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "list.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=message) as error:
        Filter(rules=(WordListRule(words=str(path)),)).fingerprint([])
    assert str(error.value).startswith(f"{path}: ")
    assert "\n" not in str(error.value)


def test_the_fingerprint_follows_the_lists_content_and_language_not_its_path(
    tmp_path: Path, words: str
) -> None:
    copy, other = tmp_path / "copy.txt", tmp_path / "other.txt"
    copy.write_bytes(Path(words).read_bytes())
    other.write_text("eggs\n")

    def fingerprint(**options: Any) -> str:
        return Filter(rules=(WordListRule(**options),)).fingerprint([])

    assert fingerprint(words=words) == fingerprint(words=str(copy))
    prints = {fingerprint(**o) for o in ({"words": words}, {"words": str(other)}, {"lists": {"en": words}})}
    assert len(prints | {fingerprint(lists={"de": words})}) == 4


def test_a_rule_without_a_list_is_refused() -> None:
    with pytest.raises(ValidationError, match="`words` or `lists` must name a file"):
        WordListRule()

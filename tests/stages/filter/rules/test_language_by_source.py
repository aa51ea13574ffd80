"""The language rule by source: other languages, another score."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

from stages.core.errors import UserError
from stages.core.manifest import LEDGER, Manifest
from stages.filter.rules.language import LanguageRule
from stages.filter.stage import Filter

GERMAN = "Das Museum öffnet jeden Morgen, und der Führer erklärt, wie die alte Uhr funktioniert."
ENGLISH = "The museum opens every morning, and the guide explains how the old clock works."


def test_a_source_has_languages_and_a_score_of_its_own(
    run_stage: Callable[..., Manifest], make_documents: Callable[..., Manifest]
) -> None:
    rule = LanguageRule(
        keep=("en",), per_source={"wikipedia": {"keep": ("de",)}, "books": {"min_score": 0.9999}}
    )
    texts = {"en": ENGLISH, "de": GERMAN}
    rows = [
        {"id": f"{source}/f/{language}", "text": text}
        for source in ("c4", "wikipedia", "books")
        for language, text in texts.items()
    ]
    manifest = run_stage(Filter(rules=(rule,)), [make_documents(rows)])
    found = [row for uri in manifest.uris(LEDGER) for row in pq.read_table(uri).to_pylist()]
    assert sorted((row["id"], row["rule"], row["threshold"]) for row in found) == [
        ("books/f/de", "language_score", 0.9999),
        ("books/f/en", "language_score", 0.9999),
        ("c4/f/de", "language", 0.5),
        ("wikipedia/f/en", "language", 0.5),
    ]


def test_mistakes_in_the_options_are_refused() -> None:
    for own in ({"c4": {"keep": ()}}, {"c4": {"min_score": 2}}, {"c4": {"kept": ("en",)}}):
        with pytest.raises(ValidationError):
            LanguageRule(per_source=own)


def test_languages_may_be_given_as_one_word_of_the_command_line() -> None:
    own = LanguageRule.model_validate({"per_source": {"c4": {"keep": "en,de", "min_score": "0.3"}}})
    assert own.per_source["c4"].keep == ("en", "de")
    assert own.per_source["c4"].min_score == 0.3


@pytest.mark.parametrize(
    "options", [{"keep": ("en", "english")}, {"per_source": {"c4": {"keep": ("english",)}}}]
)
def test_a_language_that_the_model_never_gives_is_a_users_mistake(options: dict[str, Any]) -> None:
    with pytest.raises(UserError, match="has no language 'english'; its 176 labels"):
        LanguageRule(**options).judge(None)

"""Languages that are one, scores of their own, and long texts in several languages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import orjson
import pyarrow as pa
import pytest

from benchmarks.language_scores import KEPT, fit_scores, found_in, halves, meant_by, other_languages
from stages.core.documents import document_batch
from stages.core.manifest import DOCUMENTS, Manifest
from stages.core.parquet import read_documents
from stages.filter.rules.language import LLAMA_LANGUAGES, LanguageRule
from stages.filter.stage import Filter
from stages.filter.verdict import Verdict
from stages.models.fasttext.model import load_fasttext
from stages.models.find import find_language_model
from stages.models.language_id import MIN_SCORES, SAMPLE_CHARS, Languages, identify

CROATIAN = "Sutra ćemo ponovo doći i pogledati stari sat u muzeju. "
SLOVENIAN = "Danes smo v muzeju videli staro uro, ki jo je pred sto leti izdelal domači mojster."
GERMAN = "Das Museum öffnet jeden Morgen, und der Führer erklärt, wie die alte Uhr funktioniert. "
ENGLISH = "The museum opens every morning, and the guide explains how the old clock works. "


def judged(rule: LanguageRule, text: str, source: str = "c4") -> list[Verdict]:
    columns = {"id": [f"{source}/f/0"], "source": [source], "text": [text], "metadata": ['{"a":1}']}
    return rule.judge(None)(document_batch(columns))


def language_of(rule: LanguageRule, text: str, source: str = "c4") -> tuple[str, bool]:
    """What a text is named, and whether it is kept."""
    sure, wanted = judged(rule, text, source)
    return sure.columns["language"][0].as_py(), bool(sure.passed[0] and wanted.passed[0])


def languages_of(*texts: str, max_chars: int = 10_000) -> Languages:
    return identify(load_fasttext(find_language_model(None)), pa.array(texts, pa.large_string()), max_chars)


def test_croatian_is_kept_by_the_sum_of_four_labels() -> None:
    model = load_fasttext(find_language_model(None))
    alone = model.predict(pa.array([CROATIAN]), asked=("hr", "sr", "bs", "sh"))
    found = languages_of(CROATIAN)
    assert alone.score[0] < 0.5 < found.score[0] == pytest.approx(alone.shares.sum())
    assert language_of(LanguageRule(keep=("hr",)), CROATIAN) == ("hr", True)


def test_it_is_named_by_the_best_of_the_wanted_ones() -> None:
    for keep in (("sr",), ("bs", "en"), ("sh",), ("hr",)):
        assert language_of(LanguageRule(keep=keep), CROATIAN) == (keep[0], True)
    rule = LanguageRule(keep=("en",), per_source={"books": {"keep": ("sr",)}})
    assert language_of(rule, CROATIAN, "books") == ("sr", True)
    assert language_of(rule, CROATIAN)[1] is False


def test_slovenian_has_a_score_of_its_own_and_is_not_taken_for_croatian() -> None:
    sure, _ = judged(LanguageRule(keep=("sl",)), SLOVENIAN)
    assert sure.columns["language"][0].as_py() == "sl"
    assert sure.threshold.tolist() == [MIN_SCORES["sl"]]
    sure, _ = judged(LanguageRule(keep=("sl",), min_score=0.9), SLOVENIAN)
    assert sure.threshold.tolist() == [0.9]


def test_a_long_page_is_in_the_language_of_most_of_it() -> None:
    text = ENGLISH * 50 + GERMAN * 150
    found = languages_of(text, max_chars=4_000)
    assert found.name.tolist() == ["de"]
    assert found.mixtures == {0: {"de": 0.77, "en": 0.23}}
    assert 0.7 < found.score[0] < 0.8  # what is English counts nothing
    assert languages_of(text[: 1_000 + SAMPLE_CHARS], max_chars=1_000).mixtures == {}
    assert languages_of(GERMAN * 200, ENGLISH, max_chars=1_000).mixtures == {}


def test_what_follows_the_beginning_counts_to_its_last_character() -> None:
    for extra in (1, SAMPLE_CHARS - 1, SAMPLE_CHARS, 8 * SAMPLE_CHARS + 1):
        text = (ENGLISH * 200)[:1_000] + (GERMAN * 200)[:extra]
        assert languages_of(text, max_chars=1_000).name[0] == ("en" if extra <= SAMPLE_CHARS else "de")


def test_mixed_pages_say_their_mixture_in_their_metadata(
    run_stage: Callable[..., Manifest], make_documents: Callable[..., Manifest]
) -> None:
    rows = [
        {"id": "c4/f/0", "text": CROATIAN * 30 + ENGLISH * 25, "metadata": '{"title":"x"}'},
        {"id": "c4/f/1", "text": ENGLISH * 30, "metadata": '{"title":"y"}'},
    ]
    rule = LanguageRule(keep=("sr", "en"), max_chars=2_000)
    manifest = run_stage(Filter(rules=(rule,), annotate_only=True), [make_documents(rows)])
    kept = [row for batch in read_documents(manifest.uris(DOCUMENTS)) for row in batch.to_pylist()]
    mixture = orjson.loads(kept[0]["metadata"])
    assert (kept[0]["language"], mixture["title"], set(mixture["languages"])) == ("sr", "x", {"sr", "en"})
    assert kept[1]["metadata"] == '{"title":"y"}'


@pytest.mark.real
def test_every_language_is_kept_on_texts_that_fitted_nothing(shared_data: Path) -> None:
    own = {name: found_in(halves(shared_data, name)[1]) for name in (*LLAMA_LANGUAGES, "sr (Latin)")}
    for name, found in own.items():
        assert found.kept(MIN_SCORES, (meant_by(name),)) >= 0.97, name
    others = [found_in(halves(shared_data, name)[1]) for name in other_languages(shared_data)]
    wanted = tuple({meant_by(name) for name in own})
    assert sum(found.kept(MIN_SCORES, wanted) for found in others if len(found.name)) / len(others) <= 0.015


@pytest.mark.real
def test_the_scores_are_those_that_the_benchmark_fits(shared_data: Path) -> None:
    own = {name: found_in(halves(shared_data, name)[0]) for name in LLAMA_LANGUAGES}
    scores = fit_scores(own, {"et": found_in(halves(shared_data, "et")[0])})
    assert {name: score for name, score in scores.items() if score != 0.5} == MIN_SCORES
    assert min(own[name].kept(scores, (meant_by(name),)) for name in own) >= KEPT

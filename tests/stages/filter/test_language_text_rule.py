"""Heuristic rules judge each document by its own language's numbers, and pass, drop or refuse other languages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

from pipeline.unjudged import unjudged_lines
from stages.core.documents import document_batch
from stages.core.errors import UserError
from stages.core.manifest import DOCUMENTS, LEDGER, Manifest
from stages.core.parquet import read_documents
from stages.filter.language_text_rule import LanguageTextRule
from stages.filter.rules.c4 import C4Rule
from stages.filter.rules.fineweb import FineWebRule
from stages.filter.rules.gopher_quality import GopherQualityRule
from stages.filter.rules.gopher_repetition import GopherRepetitionRule
from stages.filter.stage import Filter, Unjudged

RULES = (GopherQualityRule(), GopherRepetitionRule(), C4Rule(), FineWebRule())
ENGLISH = (
    "The ferry leaves the harbour at six and turns north along the cliffs. In winter it carries the mail and a few "
    "farmers with crates of apples. Nobody on board would say that the crossing is short, yet most of them have made "
    "it since childhood. They know each rock by name. To be late is to wait until the tide comes in again."
)
GERMAN = (
    "Die Fähre verlässt den Hafen um sechs und fährt an den Klippen entlang nach Norden. Im Winter bringt sie die Post "
    "und ein paar Bauern mit Kisten voller Äpfel. Niemand an Bord würde sagen, dass die Überfahrt kurz ist, doch die "
    "meisten kennen sie von Kindheit an. Sie wissen von jedem Felsen den Namen. „Wer zu spät kommt, wartet auf die Flut.“"
)
CHINESE = (
    "渡船每天早上六点离开港口，沿着悬崖向北行驶。冬天它运送邮件和几个带着苹果箱的农民。船上没有人会说这段路很短，但是他们中的"
    "大多数人从小就走过。他们认识每一块岩石的名字。迟到就意味着要等到晚潮再来。在远处，一条狭窄的路通往村庄。"
)
THAI = (
    "เรือข้ามฟากออกจากท่าเรือทุกวันตอนหกโมงเช้า และแล่นไปทางเหนือตามหน้าผา ในฤดูหนาวเรือจะบรรทุกจดหมาย และชาวนาที่มีลังแอปเปิล "
    "ไม่มีใครบนเรือบอกว่าการเดินทางนี้สั้น แต่คนส่วนใหญ่เดินทางมาตั้งแต่เด็ก พวกเขารู้จักชื่อของหินทุกก้อน การมาสายคือการต้องรอน้ำขึ้นตอนเย็น "
    "อีกฟากหนึ่งมีถนนแคบที่ขึ้นไปยังหมู่บ้าน บ้านเรือนตั้งอยู่ชิดกันเพื่อกันลม"
)
HINDI = (
    "नाव हर सुबह छह बजे बंदरगाह से निकलती है और चट्टानों के साथ उत्तर की ओर मुड़ती है। "
    "सर्दियों में वह डाक और सेब के बक्सों वाले कुछ किसानों को ले जाती है। "
    "नाव पर कोई नहीं कहेगा कि यह यात्रा छोटी है, फिर भी उनमें से अधिकतर "
    "बचपन से इसे करते आए हैं। वे हर चट्टान को नाम से जानते हैं। देर होने का अर्थ है शाम "
    "के ज्वार तक रुकना। दूर किनारे पर एक पतली सड़क गाँव तक जाती है।"
)
GOOD = {"en": ENGLISH, "de": GERMAN, "zh": CHINESE, "th": THAI, "hi": HINDI}


def batch(*documents: tuple[str | None, str]) -> pa.RecordBatch:
    return document_batch(
        {
            "id": [f"c4/f/{i}" for i in range(len(documents))],
            "source": ["c4"] * len(documents),
            "text": [text for _, text in documents],
            "language": [language for language, _ in documents],
            "metadata": ["{}"] * len(documents),
        }
    )


def failed(rule: LanguageTextRule, *documents: tuple[str | None, str]) -> list[set[str]]:
    """The verdicts that each document fails."""
    verdicts = rule.judge(None)(batch(*documents))
    return [{v.rule for v in verdicts if not v.passed[row]} for row in range(len(documents))]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.rule)
def test_good_text_passes_in_its_own_language(rule: LanguageTextRule) -> None:
    assert failed(rule, *GOOD.items()) == [set()] * len(GOOD)


@pytest.mark.parametrize("language", ["de", "zh", "th", "hi"])
def test_by_english_numbers_it_did_not(language: str) -> None:
    assert failed(GopherQualityRule(), (None, GOOD[language])) != [set()]


@pytest.mark.parametrize("language", GOOD)
def test_in_every_language_what_is_no_text_is_dropped(language: str) -> None:
    few, menu = GOOD[language][:20], "Home | About\n" * 40
    assert all(failed(rule, (language, text))[0] for rule in RULES for text in (few, menu))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.rule)
def test_a_mixed_batch_gets_the_verdicts_of_each_document_alone(rule: LanguageTextRule) -> None:
    documents: list[tuple[str | None, str]] = [
        *GOOD.items(),
        (None, "Home\nThe end."),
        ("xx", "Home."),
        ("zh", "短"),
    ]
    documents += [("en", f"{ENGLISH}\nHome"), ("zh", f"短\n{CHINESE}"), ("zh-TW", CHINESE), ("xx", ENGLISH)]
    together = rule.judge(None)(batch(*documents))
    alone = [rule.judge(None)(batch(document)) for document in documents]
    for place, verdict in enumerate(together):
        single = [verdicts[place] for verdicts in alone]
        assert {v.rule for v in single} == {verdict.rule}
        assert verdict.passed.tolist() == [bool(v.passed[0]) for v in single]
        assert np.array_equal(verdict.value, np.concatenate([v.value for v in single]), equal_nan=True)
        thresholds = np.array([float(np.asarray(v.threshold).ravel()[0]) for v in single])
        assert np.array_equal(np.broadcast_to(verdict.threshold, len(documents)), thresholds, equal_nan=True)
        if verdict.edit is not None:
            assert verdict.edit.text.to_pylist() == [
                v.edit.text[0].as_py() for v in single if v.edit is not None
            ]
            assert verdict.edit.value.tolist() == [v.edit.value[0] for v in single if v.edit is not None]


def test_a_document_without_a_language_is_english_unless_the_option_says_otherwise() -> None:
    assert failed(GopherQualityRule(), (None, ENGLISH)) == [set()]
    assert failed(GopherQualityRule(language="zh"), (None, CHINESE)) == [set()]
    with pytest.raises(ValidationError, match="'xx': the rules know nothing of it"):
        GopherQualityRule(language="xx")


def test_own_stop_words_and_end_marks_are_for_every_language() -> None:
    assert failed(GopherQualityRule(stop_words=("zz",)), ("de", GERMAN)) == [{"gopher_quality.stop_words"}]
    assert failed(C4Rule(line_endings=";"), ("zh", CHINESE)) == [{"c4.sentences"}]


UNKNOWN = [
    {"id": "c4/f/0", "text": "Home | About", "language": "xx"},
    {"id": "c4/f/1", "text": ENGLISH, "language": "en"},
    {"id": "c4/f/2", "text": "Home | About", "language": "en"},
    {"id": "c4/f/3", "text": "Home.", "language": "xx"},
]


def kept(manifest: Manifest) -> list[str]:
    return [row["id"] for batch in read_documents(manifest.uris(DOCUMENTS)) for row in batch.to_pylist()]


def test_documents_of_an_unknown_language_pass_as_they_are_and_are_told_once(
    run_stage: Callable[..., Manifest], make_documents: Callable[..., Manifest]
) -> None:
    manifest = run_stage(Filter(rules=(GopherQualityRule(), C4Rule())), [make_documents(UNKNOWN)])
    assert kept(manifest) == ["c4/f/0", "c4/f/1", "c4/f/3"]
    counts = {"c4": {"xx": 2}, "gopher_quality": {"xx": 2}}
    assert manifest.facts_of(Unjudged) == [Unjudged(documents=counts)]
    passed = (
        "passed 2 documents unjudged, in languages that it has no numbers for (xx 2); "
        "`unknown_language: drop` drops them"
    )
    assert list(unjudged_lines({"filter": manifest})) == [
        f"filter: c4 {passed}",
        f"filter: gopher_quality {passed}",
    ]


def test_where_nothing_is_unknown_nothing_is_told(
    run_stage: Callable[..., Manifest], make_documents: Callable[..., Manifest]
) -> None:
    manifest = run_stage(Filter(rules=RULES), [make_documents(UNKNOWN[1:3])])
    assert manifest.facts == ()
    assert list(unjudged_lines({"filter": manifest})) == []


def test_they_can_be_dropped(
    run_stage: Callable[..., Manifest], make_documents: Callable[..., Manifest]
) -> None:
    rule = FineWebRule(unknown_language="drop")
    manifest = run_stage(Filter(rules=(rule,)), [make_documents([*UNKNOWN[:2], UNKNOWN[3]])])
    assert kept(manifest) == ["c4/f/1"]
    rows: list[dict[str, Any]] = [
        row for uri in manifest.uris(LEDGER) for row in pq.read_table(uri).to_pylist()
    ]
    assert [(row["id"], row["rule"], row["value"], row["threshold"], row["detail"]) for row in rows] == [
        ("c4/f/0", "fineweb.unknown_language", 0, 1, "xx"),
        ("c4/f/3", "fineweb.unknown_language", 0, 1, "xx"),
    ]
    assert manifest.facts == ()


def test_they_can_stop_the_run() -> None:
    rule = GopherRepetitionRule(unknown_language="error")
    assert failed(rule, ("en", ENGLISH)) == [set()]
    with pytest.raises(UserError, match=r"c4/f/1: gopher_repetition has no numbers for its language 'xx'"):
        rule.judge(None)(batch(("en", ENGLISH), ("xx", "a")))

"""Each heuristic rule keeps and drops literal texts, says what it measured, and any text gets a verdict."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from pydantic import TypeAdapter, ValidationError

from stages.filter.language_text_rule import LanguageTextRule
from stages.filter.rule import Rule
from stages.filter.rules.c4 import C4Rule
from stages.filter.rules.fineweb import FineWebRule
from stages.filter.rules.gopher_quality import GopherQualityRule
from stages.filter.rules.gopher_repetition import GopherRepetitionRule

PROSE = (
    "The ferry leaves the harbour at six and turns north along the cliffs. In winter it carries the mail and a few "
    "farmers with crates of apples. Nobody on board would say that the crossing is short, yet most of them have made "
    "it since childhood. They know each rock by name, and to be late is to wait until the evening tide comes in again.\n"
    "On the far side a narrow road climbs to the village. Its houses stand close together against the wind."
)
RULES = (GopherQualityRule(), GopherRepetitionRule(), C4Rule(), FineWebRule())


def failures(rule: LanguageTextRule, text: str) -> dict[str, tuple[float, float]]:
    """Value and threshold of each verdict that does not pass."""
    verdicts = rule.verdicts(pa.array([text], pa.large_string()))
    return {v.rule: (round(float(v.value[0]), 4), v.threshold) for v in verdicts if not v.passed[0]}


def test_prose_passes_every_rule() -> None:
    assert [failures(rule, PROSE) for rule in RULES] == [{}, {}, {}, {}]


@pytest.mark.parametrize(
    ("options", "text", "name", "value", "threshold"),
    [
        ({}, "The end of the walk and that is it with all.", "words", 11, 50),
        ({"max_words": 60}, PROSE, "words", 85, 60),
        ({}, "a b of to " * 20, "mean_word_length", 1.5, 3),
        ({}, "the and Lebensversicherungsgesellschaft " * 20, "mean_word_length", 12.3333, 10),
        ({}, PROSE + " #" * 10, "hashes", 0.1053, 0.1),
        ({}, PROSE + " and..." * 12 + " of", "ellipses", 0.1224, 0.1),
        ({}, "".join(f"\n{'-' if i else ''} {PROSE[:80]}" for i in range(12)), "bullet_lines", 0.9167, 0.9),
        (
            {},
            "".join(f"\n{PROSE[:80]}{'...' if i % 2 else '…'}" for i in range(12)),
            "ellipsis_lines",
            1,
            0.3,
        ),
        ({}, PROSE + " 1234" * 25, "alphabetic_words", 0.7727, 0.8),
        ({}, "Der alte Mann ging jeden Morgen zum Hafen hinunter. " * 9, "stop_words", 0, 2),
    ],
)
def test_gopher_quality_drops(
    options: dict[str, Any], text: str, name: str, value: float, threshold: float
) -> None:
    found = failures(GopherQualityRule(**options), text)
    assert found == {f"gopher_quality.{name}": (value, threshold)}


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"min_words": 11}, "The end of the walk and that is it with all."),
        ({"max_words": 85}, PROSE),
        ({}, PROSE + " #" * 8),
        ({}, PROSE + " and..." * 8 + " of"),
        ({}, "".join(f"\n{'-' if i > 1 else ''} {PROSE[:80]}" for i in range(20))),
        ({}, PROSE + "\n" + PROSE + "\nand that…"),
        ({"max_ellipsis_lines": 0.34}, PROSE + "\nand that…"),
        ({}, PROSE + " 1234" * 19),
        ({"stop_words": ("der", "zum")}, "Der alte Mann ging jeden Morgen zum Hafen hinunter. " * 9),
        ({"min_mean_word_length": 1, "min_stop_words": 0}, "渡船每天早上六点离开港口。" * 6),
    ],
)
def test_gopher_quality_keeps(options: dict[str, Any], text: str) -> None:
    assert "gopher_quality" not in {
        name.split(".")[0] for name in failures(GopherQualityRule(**options), text)
    }


def test_punctuation_hides_no_stop_word_and_counts_in_no_length() -> None:
    text = "(The) “of” well—known " + "word " * 50
    assert failures(GopherQualityRule(), text) == {}


def unlike(count: int) -> list[str]:
    """Lines of which no two share a run of words."""
    return [
        f"{chr(97 + i)}lpha{i} b{i}eta gam{i}ma de{i}lta eps{i}ilon ze{i}ta e{i}ta th{i}eta"
        for i in range(count)
    ]


def spread(phrase: str) -> str:
    """A phrase before each of eight words."""
    return " ".join(f"{phrase} {word}" for word in unlike(1)[0].split())


@pytest.mark.parametrize(
    ("text", "name", "value", "threshold"),
    [
        ("\n\n".join([*unlike(6), *["x"] * 4, "x"]), "duplicate_paragraphs", 0.3636, 0.3),
        ("\n\n".join([*unlike(3), *unlike(1)]), "duplicate_paragraph_chars", 0.2431, 0.2),
        ("\n".join([*unlike(5), *["x"] * 4]), "duplicate_lines", 0.3333, 0.3),
        ("\n".join([*unlike(3), *unlike(1)]), "duplicate_line_chars", 0.2465, 0.2),
        (spread("same thing"), "top_2_gram", 0.5674, 0.2),
        (spread("we all say"), "top_3_gram", 0.5674, 0.18),
        (spread("we do not say"), "top_4_gram", 0.6303, 0.16),
    ],
)
def test_gopher_repetition_drops(text: str, name: str, value: float, threshold: float) -> None:
    assert failures(GopherRepetitionRule(), text)[f"gopher_repetition.{name}"] == (value, threshold)


@pytest.mark.parametrize(
    "text",
    [
        "\n\n".join([*unlike(6), *["x"] * 3]),
        "\n".join([*unlike(7), *["x"] * 4]),
        "\n".join([*unlike(8), unlike(1)[0][:40]]),
        "same thing " + " ".join(unlike(9)) + " same thing",
        "",
        "one",
    ],
)
def test_gopher_repetition_keeps(text: str) -> None:
    assert failures(GopherRepetitionRule(), text) == {}


@pytest.mark.parametrize("n", range(5, 11))
def test_duplicate_ngrams_drop_when_they_are_many_and_not_when_few(n: int) -> None:
    phrase = [f"w{i:04}" for i in range(n)]
    thresholds = {5: 0.15, 6: 0.14, 7: 0.13, 8: 0.12, 9: 0.11, 10: 0.10}
    for others, dropped in ((n, range(5, n + 1)), (10 * n, range(0))):
        text = " ".join([*phrase, *(f"u{i:04}" for i in range(others)), *phrase])
        found = {k: v for k, v in failures(GopherRepetitionRule(), text).items() if "duplicate" in k}
        assert found == {
            f"gopher_repetition.duplicate_{m}_grams": (round(n // m * m * 5 / len(text), 4), thresholds[m])
            for m in dropped
        }


SENTENCES = 'One came late. Two were early! Were three on time? Four said "yes." Nobody saw the fifth.'


@pytest.mark.parametrize(
    ("options", "text", "name", "value", "threshold"),
    [
        ({}, SENTENCES + "\nThen Lorem Ipsum dolor came.", "document_phrases", 1, 0),
        ({}, SENTENCES + "\nIt said {x} and {y}.", "curly_brackets", 2, 0),
        ({}, "One came late. Two were early.\nThree, four, and e.g. five.", "sentences", 3, 5),
        ({"min_sentences": 8}, SENTENCES + "\nMenu | Home | About", "sentences", 5, 8),
        ({}, "", "sentences", 0, 5),
    ],
)
def test_c4_drops(options: dict[str, Any], text: str, name: str, value: float, threshold: float) -> None:
    assert failures(C4Rule(**options), text) == {f"c4.{name}": (value, threshold)}


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({}, SENTENCES),
        ({"document_phrases": ()}, SENTENCES + "\nThen Lorem Ipsum dolor came."),
        ({"max_curly_brackets": 1}, SENTENCES + "\nIt said {x}."),
        ({}, SENTENCES + "\nfunction() {\nJavaScript is {off} here."),
        ({"line_endings": "。"}, "一二三。四五六。\n七八九！十一十二。子丑。"),
    ],
)
def test_c4_keeps(options: dict[str, Any], text: str) -> None:
    assert failures(C4Rule(**options), text) == {}


@pytest.mark.parametrize(
    ("line", "left"),
    [
        ("A line without an end", None),
        ("A line that trails off...", None),
        ("Two words.", None),
        ("Please enable JavaScript to go on.", None),
        ("Read our Privacy Policy before you go on.", None),
        ("A word of " + "x" * 1001 + " characters.", None),
        ("A word of " + "x" * 1000 + " characters.", "A word of " + "x" * 1000 + " characters."),
        ("  It was built in 1901.[12] ", "It was built in 1901."),
        ("It was built[citation needed] in 1901. [edit]", "It was built in 1901."),
        ("The array[] has two [a] parts.", "The array has two [a] parts."),
    ],
)
def test_c4_lines(line: str, left: str | None) -> None:
    edit = C4Rule().verdicts(pa.array([f"{SENTENCES}\n\n{line}"], pa.large_string()))[-1].edit
    assert edit is not None
    assert edit.text.to_pylist() == [SENTENCES if left is None else f"{SENTENCES}\n{left}"]
    assert edit.value.tolist() == [left is None]


@pytest.mark.parametrize(
    ("text", "name", "value", "threshold"),
    [
        ("\n".join([*(line[:40] for line in unlike(9)), PROSE[:71]]), "ended_lines", 0.0, 0.12),
        ("\n".join([*(f"Short line {i}." for i in range(7)), *unlike(3)]), "short_lines", 0.7, 0.67),
        (
            "\n".join([*(f"{line}." for line in unlike(9)), "Read more here.", "Read more here."]),
            "duplicate_line_chars",
            0.0291,
            0.01,
        ),
        (
            "\n\n".join(f"Internationalization{i} acknowledgements." for i in range(9)),
            "newlines_per_word",
            0.8889,
            0.3,
        ),
    ],
)
def test_fineweb_drops(text: str, name: str, value: float, threshold: float) -> None:
    found = failures(FineWebRule(), text)
    assert found == {f"fineweb.{name}": (value, threshold)}


@pytest.mark.parametrize(
    "text",
    [
        "\n".join([*unlike(7), unlike(8)[7] + "»"]),
        "\n".join([*(f"Short line number {i}." for i in range(6)), *unlike(4)]),
        "\n".join([*(f"{line}." for line in unlike(20)), "Read on.", "Read on."]),
        "\n\n".join(f"{line}." for line in unlike(9)),
        "पहली पंक्ति यहाँ समाप्त होती है और दूसरी शुरू होती है।",
    ],
)
def test_fineweb_keeps(text: str) -> None:
    assert failures(FineWebRule(), text) == {}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.rule)
def test_an_empty_batch_and_any_text_get_verdicts(rule: LanguageTextRule) -> None:
    texts = ["", " \n\t\u3000 ", "\x00\x01\x1f\x7f\x85", "\u200b" * 50, "\ufffd", "\U0010ffff", "\n" * 9, "."]
    texts += ["a" * 5_000_000]
    for rows in ([], texts):
        for verdict in rule.verdicts(pa.array(rows, pa.large_string())):
            assert len(verdict.passed) == len(verdict.value) == len(rows)
            assert all(value == value and value >= 0 for value in verdict.value.tolist())


@pytest.mark.parametrize(
    "options",
    [
        {"rule": "gopher_quality", "min_word": 3},
        {"rule": "gopher_quality", "stop_words": [f"w{i}" for i in range(65)]},
        {"rule": "gopher_repetition", "max_words": 1 << 24},
        {"rule": "c4", "line_phrases": ["größe"]},
        {"rule": "c4", "document_phrases": [""]},
        {"rule": "fineweb", "max_short_lines": -0.1},
    ],
)
def test_mistaken_options_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Rule).validate_python(options)

"""What a card says of a run, and that whatever data holds is text in it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from pipeline.card.facts import UNKNOWN_LICENCE, CardFacts, CardSource, CardStage, card_facts
from pipeline.card.page import card_page
from pipeline.cli.main import main
from pipeline.inspect.tokens import TokenRow
from tests.looked_runs import NUM_PAGES

STAGE = CardStage(
    "x|y.filter", "filter", 4, 9, 7, 1, {"a_rule": 2, "b": 3}, {"pii": 4}, {"off": None, "keep": ["en"]}
)
ROW = TokenRow("a", 7, 70, None, None, None, None)
FACTS = CardFacts(
    name="<b>[x](y)\n# z",
    fingerprints=("f",),
    sources=(CardSource("a", None, ROW, UNKNOWN_LICENCE),),
    languages={"no": 4, "": 2, "x-odd": 1},
    stages=(STAGE,),
    tokenizer_sha256=None,
    removed=0,
    limits=("Nothing.",),
    warnings=("`w`",),
)


def test_whatever_data_holds_is_text() -> None:
    card = card_page(FACTS, {})
    assert "\n# \\<b\\>\\[x\\]\\(y\\)" in card
    assert "\n# z" not in card
    assert (
        "| x\\|y.filter | filter 4 | 9 | 7 | b 3, a\\_rule 2, changed by pii 4, joined with others 1 |"
        in card
    )
    assert "- x\\|y.filter: keep \\['en'\\]\n" in card
    assert "- Warning of the run: \\`w\\`\n" in card


def test_the_head_is_yaml_that_takes_norwegian_for_a_language() -> None:
    head = yaml.safe_load(card_page(FACTS, {}).split("---\n")[1])
    assert head["language"] == ["no"]
    assert head["license"] == ["unknown"]
    assert "configs" not in head


def test_a_stage_that_dropped_nothing_and_what_was_looked_for_by_source(looked: Path) -> None:
    """A run of one command, over documents of another run."""
    facts = card_facts(str(looked / "near"))
    assert [source.name for source in facts.sources] == ["c4"]
    assert facts.languages == {"": NUM_PAGES + 1}
    assert [(stage.node, dict(stage.dropped)) for stage in facts.stages] == [
        ("remove", {"near_duplicate": 1})
    ]
    assert facts.limits == (
        "Texts of benchmarks, which make scores on them too good, were not looked for.",
        "E-mail and IP addresses of people were not looked for.",
        "Offensive texts were not looked for.",
    )
    raw = card_facts(str(looked / "raw"))
    assert "Near duplicates were not looked for." in raw.limits


def test_it_is_printed_or_written(looked: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["card", str(looked / "raw")])
    printed = capsys.readouterr().out
    main(["card", str(looked / "raw"), "--out", str(tmp_path / "card.md")])
    assert (tmp_path / "card.md").read_text() == printed

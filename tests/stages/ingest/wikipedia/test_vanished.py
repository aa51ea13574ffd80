"""Templates that leave nothing inside a sentence are counted by wiki, each with an example, in bounded space."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from stages.core.manifest import Manifest
from stages.ingest.raw import RawFile
from stages.ingest.wikipedia.stage import WikipediaIngest
from stages.ingest.wikipedia.vanished import (
    VanishedTally,
    VanishedTemplate,
    VanishedTemplates,
    vanished_in,
)
from tests.stages.ingest.wikipedia.test_stage import HEADER, page_xml

TEXTS = (
    "A {{foo bar|x=1}} b, a {{Foo_bar}} c and {{nowrap|5 km}} d{{sfn|A|1990}} e.\n{{Foo bar}}\n",
    "{{Box|{{foo bar}} x}}\nb {{unheard}} c {{foo|12|km}} d\n",
)


def dump(folder: Path) -> Path:
    path = folder / "enwiki-x.xml"
    pages = "".join(
        page_xml(number, f"P{number}", f"<text>{text}</text>") for number, text in enumerate(TEXTS, 1)
    )
    path.write_text(HEADER + pages)
    return path


def row(name: str, count: int, example: str, is_known: bool = False) -> VanishedTemplate:
    return VanishedTemplate(wiki="en", name=name, is_known=is_known, count=count, example=example)


FIRST = "A {{foo bar|x=1}} b, a {{Foo_bar}} c and {{nowrap|5 km}} d{{sfn|A|1990}} e."


def test_those_that_no_rule_knows_are_counted_once_for_every_sentence(tmp_path: Path) -> None:
    path = dump(tmp_path)
    raw = RawFile(str(path), path.name, path.stat().st_size)
    unheard = "{{Box|{{foo bar}} x}} b {{unheard}} c {{foo|12|km}} d"
    unknown = [row("Foo bar", 2, FIRST[:77]), row("Unheard", 1, unheard)]
    found = vanished_in([raw])
    assert [(one.name, one.count) for one in found] == [("Foo bar", 2), ("Unheard", 1)]
    assert found[1] == unknown[1]
    assert found[0].example.startswith("A {{foo bar|x=1}} b")
    with_known = vanished_in([raw], with_known=True)
    assert [(one.name, one.is_known, one.count) for one in with_known] == [
        ("Foo bar", False, 2),
        ("Sfn", True, 1),
        ("Unheard", False, 1),
    ]


def test_a_task_s_report_has_them(tmp_path: Path, run_stage: Callable[..., Manifest]) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    dump(folder)
    manifest = run_stage(WikipediaIngest(input=(str(folder),)))
    (facts,) = manifest.facts_of(VanishedTemplates)
    assert [(one.wiki, one.name, one.count) for one in facts.vanished] == [
        ("en", "Foo bar", 2),
        ("en", "Unheard", 1),
    ]


def test_tallies_add_up_and_are_bounded() -> None:
    tally, other = VanishedTally(), VanishedTally()
    for number in range(20_010):
        tally.of_wiki("en").note(f"name {number}", False, "x")
    other.of_wiki("en").note("name_0", False, "y")
    tally.add(other.rows())
    rows = tally.rows(2)
    assert [(one.name, one.count, one.example) for one in rows] == [("(others)", 10, "x"), ("Name 0", 2, "x")]
    assert len(tally.rows()) == 20_001

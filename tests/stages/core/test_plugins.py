"""Plug-ins: what is ours needs none of them, and each that is no good is one line that names it and what needs it."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from pipeline.config import parse_recipe
from pipeline.graph import Graph
from pipeline.registry import KINDS, VERBS
from stages.core.errors import UserError
from stages.core.mistakes import MistakesError
from stages.filter.rule import RULES
from stages.filter.rules.c4 import C4Rule
from stages.filter.stage import Filter
from stages.tokenize.exports import FORMATS
from tests.demo import ROOT
from tests.plugin_packages import Installed, rule
from tests.stage_lock import stages

STAGE = """
from stages.core.stage import Stage
from stages.core.verb import Verb
class {name}(Stage[None]):
    stage_name = "{stage}"
    def plan(self, inputs):
        return []
    def run(self, task):
        raise AssertionError
class {name}Verb(Verb):
    verb = "{name}"
    def wire(self, wiring, documents):
        return wiring.add({name}(), documents)
"""
KIND = """
from stages.ingest.dataset.stage import DatasetIngest
class Tables(DatasetIngest):
    kind = "tables"
"""


def recipe_mistake(source: dict[str, Any]) -> str:
    """What is told of a source in a recipe."""
    raw = {"name": "r", "sources": {"s": {"kind": "c4", "input": "x"} | source}}
    with pytest.raises(MistakesError) as caught:
        parse_recipe(raw, {})
    return str(caught.value)


def test_a_plugin_is_known_by_the_name_that_its_class_says(install: Installed) -> None:
    files = {"one.py": rule("One", "first"), "two/__init__.py": "", "two/all.py": rule("Two", "second")}
    install("pair", {"x": "one:One", "y": "two.all"}, files)
    assert list(RULES.known())[-2:] == ["first", "second"]
    assert list(RULES.known())[:-2] == list(RULES.own())
    first = RULES.find("first")
    assert (first.__module__, first.__qualname__) == ("one", "One")
    assert RULES.find("two.all:Two") is RULES.find("second")
    assert "first" not in VERBS.known()


def test_a_name_of_ours_imports_no_plugin(install: Installed) -> None:
    install("silent", {"x": "untouched"}, {"untouched.py": rule("Own", "own")})
    assert RULES.find("c4") is C4Rule
    raw = {"name": "r", "sources": {"c4": {"input": "x", "steps": ["dedup_exact", {"filter": ["c4"]}]}}}
    parse_recipe(raw, {})
    assert FORMATS.get("mds") is not None
    assert "untouched" not in sys.modules
    assert RULES.get("own") is not None
    assert "untouched" in sys.modules


@pytest.mark.parametrize(
    ("value", "source", "fault"),
    [
        ("broken", "raise ValueError('no\\nluck')", "ValueError: no luck"),
        ("broken", "raise SystemExit(3)", "SystemExit: 3"),
        ("broken", "import absent_one", "ModuleNotFoundError: No module named 'absent_one'"),
        ("broken:Gone", "", "AttributeError: module 'broken' has no attribute 'Gone'"),
        ("broken:x", "x = 1", "is no class and no module but of type int"),
        ("broken:X", "class X: pass", "is no rule, kind of source, verb or export format"),
        ("broken", "", "no rule, kind of source, verb or export format is defined in this module"),
        (
            "broken:X",
            "from stages.filter.rule import Rule\nclass X(Rule): pass",
            "is abstract; write its judge",
        ),
        (
            "broken:A",
            rule("A", "a b"),
            "broken:A: rule: 'a b' is no name of a rule: letters of ASCII, digits, `_`, `-` and `.`, "
            "a letter or digit first",
        ),
        (
            "broken:A",
            rule("A", "Gopher-Quality"),
            "broken:A and our stages.filter.rules.gopher_quality:GopherQualityRule are both called "
            "'Gopher-Quality'; give it another `rule`",
        ),
        (
            "broken:A",
            rule("A", "a").replace(' = "a"', "", 1),
            "broken:A says no name; give it a `rule`",
        ),
    ],
)
def test_a_plugin_that_is_no_good_stops_only_who_asks_for_it(
    value: str, source: str, fault: str, install: Installed
) -> None:
    install("bad", {"x": value}, {"broken.py": source})
    install("good", {"y": "fine:Fine"}, {"fine.py": rule("Fine", "fine")})
    assert RULES.find("c4") is C4Rule
    assert RULES.find("fine").__module__ == "fine"
    with pytest.raises(UserError) as caught:
        RULES.find("fines")
    line = f"no rule 'fines'; did you mean 'fine'?; plug-ins that could not be loaded: x = {value} of bad 1.0: {fault}"
    assert str(caught.value) == line
    assert recipe_mistake({"steps": [{"filter": ["fines"]}]}) == f"sources.s.steps[0].filter[0]: {line}"


def test_two_plugins_of_one_name_are_refused_and_each_is_still_known_by_its_place(install: Installed) -> None:
    install("one", {"x": "here:A"}, {"here.py": rule("A", "the_same")})
    install("two", {"y": "there:B"}, {"there.py": rule("B", "The-Same")})
    for name in ("the_same", "The-Same"):
        with pytest.raises(UserError) as caught:
            RULES.find(name)
        assert str(caught.value) == (
            "two plug-ins have a rule called 'the-same': x = here:A of one 1.0 and y = there:B of two 1.0; "
            "name one as here:A or there:B"
        )
    assert RULES.find("here:A").__qualname__ == "A"
    assert RULES.find("c4") is C4Rule


def test_a_class_that_two_entry_points_name_is_one(install: Installed) -> None:
    install("twice", {"x": "same:A", "y": "same"}, {"same.py": rule("A", "once")})
    assert RULES.find("once").__module__ == "same"


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("mine:", "'mine:' is no place of a class; write module:Class, as in mypkg.rules:MyRule"),
        ("a/b:C", "'a/b:C' is no place of a class; write module:Class, as in mypkg.rules:MyRule"),
        (
            "absent_one.rules:A",
            "absent_one.rules:A: Python finds no module 'absent_one'; install it, or add its folder to PYTHONPATH",
        ),
        (
            "mine.rules:A",
            "mine.rules:A: Python finds no module 'mine.rules'; install it, or add its folder to PYTHONPATH",
        ),
        ("sad:A", "sad:A: importing sad fails: ValueError: no; mend the module"),
        (
            "needy:A",
            "needy:A: importing needy fails: ModuleNotFoundError: No module named 'absent_one'; mend the module",
        ),
        ("bare:A", "bare:A: bare has no 'A'; it defines nothing of this sort"),
        ("mine:Own1", "mine:Own1: mine has no 'Own1'; did you mean 'Own'?"),
        (
            "mine:number",
            "mine:number is no class but of type int; name a subclass of stages.filter.rule:Rule",
        ),
        ("mine:Other", "mine:Other is no rule; make it a subclass of stages.filter.rule:Rule"),
        ("mine:Half", "mine:Half is abstract; write its judge"),
        (
            "mine:Ours",
            "mine:Ours and our stages.filter.rules.c4:C4Rule are both called 'c4'; give it another `rule`",
        ),
    ],
)
def test_a_place_without_a_rule_is_one_line_with_its_place_in_the_recipe(
    place: str, message: str, install: Installed
) -> None:
    mine = rule("Own", "own") + rule("Ours", "c4") + "number = 1\nclass Other: pass\n"
    mine += "from stages.filter.rule import Rule\nclass Half(Rule): pass\n"
    install(
        "any",
        {},
        {"mine.py": mine, "sad.py": "raise ValueError('no')", "bare.py": "", "needy.py": "import absent_one"},
    )
    told = recipe_mistake({"steps": [{"filter": ["c4", {place: {}}]}]})
    assert told == f"sources.s.steps[0].filter[1]: {message}"


def test_mistakes_in_the_other_places_of_a_recipe(install: Installed) -> None:
    install("any", {}, {"mine.py": rule("Own", "own")})
    base = {"verb": "stages.core.verb:Verb", "kind": "stages.ingest.base:RawStage"}
    assert recipe_mistake({"steps": [{"mine:Own": {}}]}) == (
        f"sources.s.steps[0]: mine:Own is no step; make it a subclass of {base['verb']}"
    )
    assert recipe_mistake({"kind": "mine:Own"}) == (
        f"sources.s: kind: mine:Own is no kind; make it a subclass of {base['kind']}"
    )
    assert recipe_mistake({"steps": [{"filter": [{"mine:Own": {"max": 1}}]}]}) == (
        "sources.s.steps[0].filter[0].mine:Own.max: unknown key; known: rule"
    )
    with pytest.raises(UserError, match="mine:Own is no format; make it a subclass of"):
        FORMATS.find("mine:Own")


def test_a_class_of_ours_may_be_named_by_its_place() -> None:
    assert RULES.find("stages.filter.rules.c4:C4Rule") is C4Rule


def test_a_stage_name_of_ours_is_refused(install: Installed) -> None:
    install(
        "any", {"k": "tables"}, {"tables.py": KIND, "taker.py": STAGE.format(name="Taker", stage="remove")}
    )
    ours = (
        "has the stage_name 'ingest_dataset' of our own stages.ingest.dataset.stage:DatasetIngest; "
        "give it another `stage_name`"
    )
    with pytest.raises(UserError) as caught:
        KINDS.find("tables")
    assert str(caught.value).endswith(
        f"plug-ins that could not be loaded: k = tables of any 1.0: tables:Tables {ours}"
    )
    assert recipe_mistake({"kind": "tables:Tables"}) == f"sources.s: kind: tables:Tables {ours}"
    verb = VERBS.find("taker:TakerVerb")()
    with pytest.raises(UserError) as caught:
        verb.wire(Graph().below(""), "x")
    assert str(caught.value) == (
        "taker:Taker has the stage_name 'remove' of our own stages.dedup.remove:RemoveDocuments; give it another `stage_name`"
    )


@pytest.mark.parametrize(
    ("stage", "message"),
    [
        ("a/b", "odd:Odd: stage_name: 'a/b' is no name of a stage: letters of ASCII, digits"),
        ("one", "odd:Odd and even:Even have one stage_name, 'one'; rename one"),
    ],
)
def test_a_stage_name_is_a_name_and_one_stages_alone(stage: str, message: str, install: Installed) -> None:
    odd, even = STAGE.format(name="Odd", stage=stage), STAGE.format(name="Even", stage="one")
    install("any", {}, {"odd.py": odd, "even.py": even})
    graph = Graph()
    graph.add_union("x", [])
    VERBS.find("even:EvenVerb")().wire(graph.below(""), "x")
    with pytest.raises(UserError) as caught:
        VERBS.find("odd:OddVerb")().wire(graph.below(""), "x")
    assert str(caught.value).startswith(message)


def test_all_stages_of_ours_are_known_to_be_ours() -> None:
    script = "from pipeline.registry import own_stages; print(' '.join(sorted(own_stages())))"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == sorted(stages())


def test_another_class_or_version_of_a_rule_is_another_stage_and_ours_are_as_before(
    install: Installed,
) -> None:
    install("any", {}, {"a.py": rule("Own", "own"), "b.py": rule("Own", "own")})
    one, other = RULES.find("a:Own"), RULES.find("b:Own")
    assert Filter(rules=(one(rule="own"),)).dependencies() == ["a:Own version 1"]
    assert Filter(rules=(other(rule="own"),)).dependencies() == ["b:Own version 1"]
    one.version = 2
    (table,) = C4Rule().dependencies()
    assert Filter(rules=(one(rule="own"), C4Rule())).dependencies() == [table, "a:Own version 2"]
    assert Filter(rules=(C4Rule(),)).dependencies() == [table]

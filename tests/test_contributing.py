"""CONTRIBUTING is true: each of its files, laid where it says and listed nowhere, is known and does what it is for."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import orjson
import pyarrow.parquet as pq
import pytest

from pipeline.cli import dedup as dedup_command
from pipeline.cli import filter as filter_command
from pipeline.cli import ingest as ingest_command
from pipeline.cli.main import main
from pipeline.config import parse_recipe
from pipeline.look.explain import explain
from pipeline.recipe import build
from pipeline.registry import source_kinds, verbs
from stages.core.ledger import LEDGER_SCHEMA
from stages.core.manifest import Manifest
from stages.filter.rule import rule_classes
from stages.tokenize.exports import export_formats, export_tokens
from tests.packed import write_packed
from tests.page_files import files_of_page, lay_out, lost, run_verb, step_of

ROOT = Path(__file__).resolve().parents[1]
BLOCKS = files_of_page(ROOT / "CONTRIBUTING.md")
ROOMS = ("stages.filter.rules", "stages.ingest", "stages.tokenize.export", "stages.dedup")
TEST = "tests/stages/filter/rules/test_shouting.py"
FORTUNES = "Haste makes waste.\n%\nA stitch in time\nsaves nine.\n%\nHm.\n%\nStill waters run deep.\n"


@contextmanager
def laid_out(folder: Path) -> Iterator[None]:
    """The files of CONTRIBUTING below `folder`, as further parts of their rooms; nothing of them is left afterwards."""
    lay_out(BLOCKS, folder)
    rooms = [importlib.import_module(room) for room in ROOMS]
    before, attributes = set(sys.modules), [set(vars(room)) for room in rooms]
    for room in rooms:
        room.__path__.append(str(folder.joinpath(*room.__name__.split("."))))
    importlib.invalidate_caches()
    try:
        yield
    finally:
        for room, known in zip(rooms, attributes, strict=True):
            room.__path__.pop()
            for name in set(vars(room)) - known:
                if str(folder) in _place(vars(room)[name]):
                    delattr(room, name)
        for name in set(sys.modules) - before:
            if str(folder) in _place(sys.modules[name]):
                del sys.modules[name]


def _place(value: object) -> str:
    """Where a module comes from; a folder without `__init__.py` has a path and no file."""
    if not isinstance(value, ModuleType):
        return ""
    return getattr(value, "__file__", None) or " ".join(getattr(value, "__path__", ()))


@pytest.fixture
def added(tmp_path: Path) -> Iterator[None]:
    with laid_out(tmp_path / "added"):
        yield


def test_every_block_of_code_says_which_file_it_is() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert len(BLOCKS) == text.count("```python") == 5
    assert not [name for name in BLOCKS if (ROOT / name).exists()]


@pytest.mark.usefixtures("added")
def test_the_rule_is_a_step_of_a_recipe_and_a_command(
    run_stage: Callable[..., Manifest], make_documents: Callable[..., Manifest]
) -> None:
    rows = [
        {"id": "c4/f/0", "text": "Buy now."},
        {"id": "c4/f/1", "text": "BUY Now!", "url": "https://x.example"},
    ]
    verb = step_of({"filter": [{"shouting": {"max_capitals": 0.25}}]})
    kept, ledger = run_verb(verb, run_stage, make_documents(rows))
    assert kept == ["c4/f/0"]
    assert ledger == [
        lost(
            id="c4/f/1",
            source="c4",
            stage="filter",
            rule="shouting",
            value=4 / 6,
            threshold=0.25,
            text_bytes=8,
            url="https://x.example",
        )
    ]
    assert "shouting" in filter_command.make_group()


@pytest.mark.usefixtures("added")
def test_the_test_of_the_rule_passes(
    tmp_path: Path, run_stage: Callable[..., Manifest], make_documents: Callable[..., Manifest]
) -> None:
    names: dict[str, Any] = {}
    exec(compile(BLOCKS[TEST], str(tmp_path / "added" / TEST), "exec"), names)
    (test,) = [value for name, value in names.items() if name.startswith("test_")]
    test(run_stage, make_documents)


@pytest.fixture
def fortunes(tmp_path: Path) -> str:
    (tmp_path / "fortunes.txt").write_text(FORTUNES, encoding="utf-8")
    return str(tmp_path / "fortunes.txt")


@pytest.mark.usefixtures("added")
def test_the_kind_of_source_is_a_command(
    fortunes: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(ingest_command, "app", ingest_command.make_group())  # the kinds of now
    out = str(tmp_path / "run")
    main(["ingest", "fortunes", fortunes, "--min-chars", "4", "--out", out, "--workers", "0", "--quiet"])
    assert "3 documents, 1 dropped (ledger)" in capsys.readouterr().out
    shard, ledger = next(Path(out).glob("*/documents/*.parquet")), next(Path(out).glob("*/ledger/*.parquet"))
    documents = pq.read_table(shard).to_pylist()
    assert [(row["id"], row["source"], row["text"]) for row in documents] == [
        ("fortunes/fortunes.txt/0", "fortunes", "Haste makes waste."),
        ("fortunes/fortunes.txt/1", "fortunes", "A stitch in time\nsaves nine."),
        ("fortunes/fortunes.txt/3", "fortunes", "Still waters run deep."),
    ]
    assert pq.read_table(ledger, schema=LEDGER_SCHEMA).to_pylist() == [
        lost(
            id="fortunes/fortunes.txt/2",
            source="fortunes",
            stage="ingest_fortunes",
            rule="too_short",
            value=3,
            threshold=4,
            detail="characters",
            text_bytes=3,
        )
    ]
    (event,) = explain(out, "fortunes/fortunes.txt/2")
    assert "dropped by rule too_short" in event.text


@pytest.mark.usefixtures("added")
def test_the_kind_of_source_goes_the_whole_way_of_a_recipe(
    fortunes: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = {
        "name": "r",
        "run": str(tmp_path / "run"),
        "sources": {"fortunes": {"input": fortunes, "min_chars": 4, "steps": ["dedup_exact"]}},
        "all_sources": [{"dedup_exact": {"priority": ["fortunes"]}}],
        "tokenizer": {"vocab_size": 300, "weights": {"fortunes": 1}},
        "mixture": {"sequence_length": 8, "epochs": {"fortunes": 2}},
    }
    (tmp_path / "r.yaml").write_bytes(orjson.dumps(recipe))
    main(["plan", str(tmp_path / "r.yaml")])
    assert "fortunes: 1 files, 81.0 B" in capsys.readouterr().out
    main(["run", str(tmp_path / "r.yaml"), "--workers", "0", "--quiet"])
    table = [line.split() for line in capsys.readouterr().out.splitlines()]
    (row,) = [cells for cells in table if cells[:1] == ["fortunes"]]
    assert (row[1], row[2], row[5], row[6]) == ("3", "68", "100.0%", "2.00")


@pytest.mark.usefixtures("added")
def test_rules_can_name_the_kind_of_source() -> None:
    own = {"language": {"per_source": {"fortunes": {"min_score": 0.1}}}}
    sources = {"fortunes": {"input": "x", "steps": [{"filter": [own]}]}}
    (step,) = parse_recipe({"name": "r", "sources": sources}, {}).sources["fortunes"].steps
    assert step.named_sources() == ("fortunes",)


@pytest.mark.usefixtures("added")
def test_the_export_format_writes_what_was_packed(tmp_path: Path) -> None:
    documents = [("c4/é/0", [1, 7, 2]), ("c4/é/1", [1, 300, 8, 2])]
    pack, out = tmp_path / "pack", tmp_path / "out"
    pack.mkdir()
    write_packed(pack, [("c4", documents), ("books", [("books/a", [1, 2])])], vocab_size=400)
    assert export_tokens(str(pack), str(out), "jsonl") == ["books.jsonl", "c4.jsonl", "dataset.json"]
    rows = [orjson.loads(line) for line in (out / "c4.jsonl").read_bytes().splitlines()]
    assert [(row["id"], row["input_ids"]) for row in rows] == documents
    assert orjson.loads((out / "dataset.json").read_bytes())["format"] == "jsonl"


@pytest.mark.usefixtures("added")
def test_the_verb_is_a_step_of_a_recipe_and_a_command(
    run_stage: Callable[..., Manifest], make_documents: Callable[..., Manifest]
) -> None:
    words = " ".join(f"word{i}" for i in range(300))
    texts = [words, words, f"{words} more", "Nothing like the others is said here."]
    rows = [{"id": f"c4/f/{number}", "text": text} for number, text in enumerate(texts)]
    verb = step_of({"dedup_twins": {}})
    kept, ledger = run_verb(verb, run_stage, make_documents(rows))
    assert len(kept) == 2
    assert "c4/f/3" in kept
    assert [row["rule"] for row in ledger] == ["exact_duplicate", "near_duplicate"]
    assert "twins" in dedup_command.make_group()
    raw = {"name": "r", "sources": {"c4": {"input": "x", "steps": ["dedup_twins"]}}}
    _, (documents,) = build(parse_recipe(raw, {}))
    assert documents.startswith("c4.dedup_twins.")


def test_nothing_of_them_is_known_afterwards(tmp_path: Path) -> None:
    def known() -> list[set[str]]:
        return [set(found()) for found in (rule_classes, source_kinds, export_formats, verbs)]

    before = known()
    with laid_out(tmp_path):
        among = known()
    assert [sorted(new - old) for new, old in zip(among, before, strict=True)] == [
        ["shouting"],
        ["fortunes"],
        ["jsonl"],
        ["dedup_twins"],
    ]
    assert known() == before
    assert not [name for name, module in sys.modules.items() if str(tmp_path) in _place(module)]

"""A stage that keeps nothing is a warning that names the rules; what can be finished is, and the exit code is 3."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml

from pipeline.cli.main import main
from pipeline.emptied import Emptied
from pipeline.graph import run_manifests
from stages.mix.mixture import Mix
from stages.mix.schedule import read_mixture
from tests.demo import ROOT
from tests.small_run import text

MEND = "altiplano: mend the options, or leave the source out; --allow-empty takes it as it is\n"
NOTHING = {"filter": [{"gopher_quality": {"min_words": 10_000}}]}
OPTIONS = ("--workers", "0", "--quiet")


def raw_file(folder: Path, name: str, texts: Sequence[str]) -> str:
    """A raw file of C4."""
    rows = [
        {"text": one, "url": f"https://x.example/{name}/{i}", "timestamp": ""} for i, one in enumerate(texts)
    ]
    path = folder / f"{name}.json.gz"
    path.write_bytes(gzip.compress(b"\n".join(map(orjson.dumps, rows))))
    return str(path)


def recipe(folder: Path, **changes: Any) -> str:
    """Two sources of the kind c4, of which `b` loses all its documents."""
    sources = {
        "a": {"kind": "c4", "input": raw_file(folder, "a", [text(i) for i in range(20)])},
        "b": {
            "kind": "c4",
            "input": raw_file(folder, "b", [text(i) for i in range(20, 26)]),
            "steps": [
                NOTHING,
                "dedup_exact",
                "dedup_near",
                "dedup_lines",
                "dedup_substrings",
                "dedup_sentences",
                "dedup_books",
            ],
        },
    }
    made = {
        "name": "r",
        "run": str(folder / "run"),
        "sources": sources,
        "tokenizer": {"vocab_size": 320},
        "mixture": {"sequence_length": 64},
    }
    path = folder / "recipe.yaml"
    path.write_text(yaml.safe_dump(made | changes))
    return str(path)


def code_of(*line: str) -> int:
    """The exit code of a command."""
    try:
        main([*line, *OPTIONS])
    except SystemExit as stop:
        return int(str(stop.code))
    return 0


@pytest.mark.parametrize(
    "mixture",
    [
        {},
        {"weights": {"a": 0.7, "b": 0.3}},
        {"weights": {"b": 0.3}, "epochs": {"a": 1}},
        {"epochs": {"b": 2}},
        {"language_temperature": {"b": 2}},
    ],
)
def test_a_source_that_loses_everything_is_a_warning_and_the_others_become_a_mixture(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], mixture: dict[str, Any]
) -> None:
    path = recipe(tmp_path, mixture={"sequence_length": 64, **mixture})
    told = "altiplano: warning: b.filter kept nothing of 6 documents; dropped by gopher_quality.words 6\n"
    assert code_of("run", path) == 3
    shown = capsys.readouterr()
    assert shown.err == told + MEND
    assert ("b has no tokens and is passed over" in shown.out) == bool(mixture)
    mixed = read_mixture(run_manifests(str(tmp_path / "run"))[Mix.stage_name].folder)
    assert [(name, part.weight) for name, part in mixed.sources.items()] == [("a", 1.0)]

    assert code_of("run", path) == 3
    assert capsys.readouterr().err == told + MEND
    assert code_of("run", path, "--allow-empty") == 0
    shown = capsys.readouterr()
    assert (shown.err, shown.out.splitlines()[-1]) == (
        told,
        f"{tmp_path}/run: nothing to do, every stage is finished",
    )


def test_a_mixture_that_cannot_be_is_one_line_after_the_warning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = recipe(tmp_path, mixture={"sequence_length": 64, "weights": {"b": 1}})
    assert code_of("run", path, "--allow-empty") == 3
    assert capsys.readouterr().err == (
        "altiplano: warning: b.filter kept nothing of 6 documents; dropped by gopher_quality.words 6\n"
        "altiplano: mix: weights: no source that has one has tokens; give one to a source that has some; "
        "all that does not need it is finished\n"
    )


def test_a_source_lost_among_others_is_told_with_its_own_rules(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [text(i) for i in range(5)]
    sources = {
        "a": {"kind": "c4", "input": raw_file(tmp_path, "one", [*given, text(5)])},
        "b": {"kind": "c4", "input": raw_file(tmp_path, "two", given)},
    }
    path = recipe(
        tmp_path, sources=sources, all_sources=[{"dedup_exact": {"priority": ["a"], "within": "all"}}]
    )
    assert code_of("run", path) == 3
    assert capsys.readouterr().err == (
        "altiplano: warning: all_sources.dedup_exact.remove kept nothing of 5 documents of b; "
        "dropped by exact_duplicate 5\n" + MEND
    )


def test_a_command_of_one_stage_says_it_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = tmp_path / "bad.json.gz"
    bad.write_bytes(gzip.compress(b"no json\n" * 3 + b'{"text": ""}\n'))
    out = str(tmp_path / "out")
    assert code_of("ingest", "c4", str(bad), "--out", out) == 3
    assert capsys.readouterr().err == (
        "altiplano: warning: ingest_c4 kept nothing of 4 raw records; dropped by bad_json 3, empty_text 1\n"
        + MEND
    )
    good, kept = raw_file(tmp_path, "good", [text(1)]), str(tmp_path / "good")
    assert code_of("ingest", "c4", good, "--out", kept) == 0
    line = ("filter", "gopher-quality", kept, "--min-words", "9999", "--out", str(tmp_path / "none"))
    assert code_of(*line) == 3
    assert code_of(*line, "--allow-empty") == 0
    assert "filter kept nothing of 1 document; dropped by gopher_quality.words 1\n" in capsys.readouterr().err


def test_raw_files_without_a_record_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "blank.json").write_bytes(b"\n\n\n")
    assert code_of("ingest", "c4", str(tmp_path / "blank.json"), "--out", str(tmp_path / "out")) == 3
    told = "altiplano: warning: ingest_c4 kept nothing of 3 bytes of raw files: they hold no record\n"
    assert capsys.readouterr().err == told + MEND


def test_the_commonest_rules_come_first() -> None:
    dropped = {"a": 1, "b": 30_000, "c": 7, "d": 7, "e": 2}
    assert Emptied("c4.filter", "30,047 documents", dropped).line() == (
        "c4.filter kept nothing of 30,047 documents; dropped by b 30,000, c 7, d 7, 2 rules more"
    )


def test_what_does_not_need_the_empty_documents_is_finished(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The classifier has no page to learn from; books come after it, and are read and deduplicated all the same."""
    (tmp_path / "one.txt").write_text(text(1), encoding="utf-8")
    dumps = ROOT / "samples" / "dumps" / "wikipedia"
    sources = {
        "cc": {
            "kind": "c4",
            "input": raw_file(tmp_path, "cc", [text(i) for i in range(5)]),
            "steps": [NOTHING, {"filter": ["reference"]}],
        },
        "wikipedia": {"input": str(dumps / "svwiki*.xml.bz2")},
        "books": {"input": str(tmp_path / "one.txt"), "steps": ["dedup_exact"]},
    }
    path = recipe(tmp_path, sources=sources)
    assert code_of("run", path) == 3
    told = capsys.readouterr().err.splitlines()
    assert (
        told[0]
        == "altiplano: warning: cc.filter kept nothing of 5 documents; dropped by gopher_quality.words 5"
    )
    assert told[1].startswith(
        "altiplano: quality.train_quality: quality_classifier: the class 'reference' has no page to train"
    )
    assert told[1].endswith("; all that does not need it is finished")
    finished = run_manifests(str(tmp_path / "run"))
    assert finished["books.dedup_exact.remove"].documents_out == 1
    assert "cc.filter-2" not in finished
    assert "encode" not in finished

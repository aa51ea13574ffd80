"""`filter RULE --help` ends with an example, and every example is one that the command takes."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from pipeline.cli import filter as filter_commands
from pipeline.cli.filter import EXAMPLES, example_of
from pipeline.cli.main import main
from stages.core.verb import Verb
from stages.filter.rule import rule_classes


def test_every_rule_has_an_example() -> None:
    assert set(EXAMPLES) == set(rule_classes())


@pytest.mark.parametrize("rule", sorted(EXAMPLES))
def test_an_example_is_taken_with_what_it_says(
    rule: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "blocked.txt").write_text("word\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    taken: list[tuple[list[str], str, Verb]] = []
    monkeypatch.setattr(
        filter_commands,
        "over_documents",
        lambda name, inputs, where, verb: taken.append((inputs, where.out, verb)),
    )
    program, *arguments = shlex.split(example_of(rule))
    assert program == "altiplano"
    main(arguments)
    ((inputs, out, verb),) = taken
    assert (inputs, out) == (["runs/demo"], f"work/{rule}")
    (made,) = verb.rules  # type: ignore[attr-defined]
    assert type(made).__name__ == rule_classes()[rule].__name__
    assert made != type(made).model_construct(), "it changes an option"


def test_the_help_shows_it(capsys: pytest.CaptureFixture[str]) -> None:
    main(["filter", "language", "--help"])
    assert " ".join(capsys.readouterr().out.split()).endswith(f"Example: {example_of('language')}")

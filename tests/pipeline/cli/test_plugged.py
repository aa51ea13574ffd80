"""Commands of plug-ins: a command of ours imports none of them, and a broken one is told where it may be missed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from pipeline.cli.main import main
from tests.plugin_packages import Installed, rule

BROKEN = "x = gone of bad 1.0: ModuleNotFoundError: No module named 'gone'"


def fails(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as stopped:
        main(list(arguments))
    assert stopped.value.code == 2
    return capsys.readouterr().err


@pytest.fixture
def bad(install: Installed) -> None:
    """A distribution with a broken entry point, and one whose module is not broken."""
    install("bad", {"x": "gone"}, {})
    install("good", {"y": "seen"}, {"seen.py": rule("Seen", "seen_rule")})


@pytest.mark.usefixtures("bad")
@pytest.mark.parametrize(
    "line",
    [
        "--help",
        "run --help",
        "filter c4 --help",
        "filter gopher-quality --help",
        "dedup exact --help",
        "ingest c4 -h",
    ],
)
def test_what_is_ours_imports_no_plugin(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(line.split())
    assert "Usage: altiplano" in capsys.readouterr().out
    assert "seen" not in sys.modules


@pytest.mark.usefixtures("bad")
@pytest.mark.parametrize("line", ["filter", "filter --help", "ingest --help", "dedup --help"])
def test_the_help_of_a_group_tells_what_is_broken(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(line.split())
    shown = " ".join(capsys.readouterr().out.split())
    assert f"There are plug-ins that could not be loaded: {BROKEN}" in shown
    assert ("seen_rule Drop nothing." in shown) == line.startswith("filter")


@pytest.mark.usefixtures("bad")
def test_a_command_that_nobody_knows_tells_what_is_broken(capsys: pytest.CaptureFixture[str]) -> None:
    assert fails(capsys, "filter", "seem-rule", "x") == (
        "altiplano: no command 'filter seem-rule'; did you mean 'seen_rule'?; "
        f"plug-ins that could not be loaded: {BROKEN}\n"
    )
    told = fails(capsys, "export", "tokens", "x", "--out", "y", "--format", "a:B")
    assert told.startswith("altiplano: x: neither a run")


def test_two_plugins_of_one_command_and_wrong_places_are_one_line(
    install: Installed, capsys: pytest.CaptureFixture[str]
) -> None:
    install("one", {"x": "here"}, {"here.py": rule("A", "same")})
    install("two", {"y": "there"}, {"there.py": rule("B", "same")})
    assert fails(capsys, "filter", "same", "x") == (
        "altiplano: two plug-ins have a rule called 'same': x = here of one 1.0 and y = there of two 1.0; "
        "name one as here:A or there:B\n"
    )
    assert fails(capsys, "filter", "here:B", "x") == "altiplano: here:B: here has no 'B'; known: A\n"
    assert fails(capsys, "ingest", "here:A", "x") == (
        "altiplano: here:A is no kind; make it a subclass of stages.ingest.base:RawStage\n"
    )


def test_a_rule_at_a_place_is_a_command(
    install: Installed, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    install("any", {}, {"my_rules.py": rule("A", "nothing")})
    (tmp_path / "given.txt").write_text("A text.")
    given, out = str(tmp_path / "given.txt"), str(tmp_path / "out")
    main(["filter", "my_rules:A", given, "--out", out, "--workers", "0", "--quiet"])
    assert "1 documents, 0 dropped (ledger)" in capsys.readouterr().out

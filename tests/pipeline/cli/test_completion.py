"""Completion: bash completes commands, groups, options and choices by its script; zsh's and fish's name the same."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

import docstring_parser
import pytest

from pipeline.cli.main import COMMANDS, main

TRY = """
source {script}
try() {{ COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _altiplano; echo "${{COMPREPLY[@]}}"; }}
"""


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("completion")
    made = {shell: folder / shell for shell in ("bash", "zsh", "fish")}
    with (
        pytest.MonkeyPatch.context() as patch
    ):  # as for every help: the same sources are read again and again
        patch.setattr(docstring_parser, "parse_from_object", cache(docstring_parser.parse_from_object))
        for shell, place in made.items():
            main(["completion", shell, "--out", str(place)])
    return made


@pytest.mark.slow
def test_bash_completes_commands_groups_options_and_choices(scripts: dict[str, Path]) -> None:
    def tried(*words: str) -> list[str]:
        quoted = " ".join(f"'{word}'" for word in words)
        done = subprocess.run(
            ["bash", "-c", TRY.format(script=scripts["bash"]) + f"try {quoted}"],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        assert done.stderr == ""
        return done.stdout.split()

    assert tried("altiplano", "exp") == ["explain", "explore", "export"]
    assert set(tried("altiplano", "")) >= set(COMMANDS)
    assert tried("altiplano", "inspect", "dr") == ["dropped"]
    assert tried("altiplano", "filter", "gopher_quality", "--min-w") == ["--min-words"]
    assert tried("altiplano", "run", "--on-error", "") == ["stop", "ledger"]


@pytest.mark.slow
def test_all_shells_know_every_command(scripts: dict[str, Path]) -> None:
    for shell, place in scripts.items():
        text = place.read_text(encoding="utf-8")
        assert [name for name in COMMANDS if name not in text] == [], shell
        assert "annotate-only" in text

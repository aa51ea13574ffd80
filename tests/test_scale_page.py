"""docs/scale.md is true: what it shows behind `$ altiplano plan` is what that prints, but for what `...` leaves out."""

from __future__ import annotations

import re
import shlex

import pytest

from pipeline.cli.main import main
from tests.demo import ROOT

PAGE = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```console\n\$ altiplano (plan [^\n]+)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(("command", "shown"), BLOCKS)
def test_the_page_shows_what_the_command_prints(
    command: str, shown: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    main(shlex.split(command))
    printed = capsys.readouterr().out
    for stretch in shown.split("...\n"):
        assert stretch in printed
    assert len(shown.splitlines()) > 5


def test_there_is_such_a_block() -> None:
    assert BLOCKS

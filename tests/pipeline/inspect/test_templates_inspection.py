"""`inspect templates`: of dumps and of what an ingest reports; mistakes in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.cli.main import main
from pipeline.inspect.templates import vanished_table, vanished_templates
from stages.core.errors import UserError
from stages.ingest.wikipedia.vanished import VanishedTemplate

DUMP = (
    "<mediawiki><page><title>A</title><ns>0</ns><id>1</id><revision>"
    "<text>Words {{unheard|a=1}} go on{{sfn|B|1990}} here.</text></revision></page></mediawiki>"
)


@pytest.fixture
def dumps(tmp_path: Path) -> Path:
    folder = tmp_path / "dumps"
    folder.mkdir()
    (folder / "enwiki-x.xml").write_text(DUMP)
    return folder


def test_dumps_are_read(dumps: Path) -> None:
    assert [(row.wiki, row.name, row.count) for row in vanished_templates([str(dumps)])] == [
        ("en", "Unheard", 1)
    ]
    known = vanished_templates([str(dumps / "*.xml")], with_known=True)
    assert [(row.name, row.is_known) for row in known] == [("Sfn", True), ("Unheard", False)]


def test_an_ingest_reports_them(dumps: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / "run")
    main(["ingest", "wikipedia", str(dumps), "--out", out, "--workers", "0", "--quiet"])
    assert [(row.wiki, row.name, row.count) for row in vanished_templates([out])] == [("en", "Unheard", 1)]
    capsys.readouterr()
    main(["inspect", "templates", out])
    assert "1 templates of 1 names leave nothing inside a sentence" in capsys.readouterr().out
    with pytest.raises(UserError, match="reports only templates that no rule knows"):
        vanished_templates([out], with_known=True)


def test_a_run_without_wikipedia_is_one_line(made: Path) -> None:
    with pytest.raises(UserError, match="no finished ingest of Wikipedia"):
        vanished_templates([str(made)])


def test_the_commonest_are_shown(dumps: Path) -> None:
    rows = [
        VanishedTemplate(wiki="en", name=f"N{n}", is_known=False, count=n, example="x") for n in (3, 2, 1)
    ]
    assert vanished_table(rows, 2).row_count == 2

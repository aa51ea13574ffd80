"""What commands print of names, URLs and addresses that data or a user brought: shown as text, secrets left out."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.cli.main import main
from tests.stages.tokenize.conftest import train_model

ID = "c4/a\x1b[2Jb\n[/red]/[bold]0"
SHOWN_ID = "c4/a\\x1b[2Jb\\n[/red]/[bold]0"


@pytest.fixture
def documents(tmp_path: Path) -> str:
    columns = {
        "id": [ID, ID + "1"],
        "source": ["c4", "c4"],
        "text": ["the same text", "the same text"],
        "url": ["https://h.example/\x1b]0;title\x07\r\n[/]", None],
        "language": ["[/red]", "en[b]"],
        "metadata": ["{}", "{}"],
    }
    path = tmp_path / "hostile.parquet"
    pq.write_table(pa.table(columns), path)
    return str(path)


def test_explain_shows_escapes_and_line_ends_of_names_and_urls(
    documents: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = str(tmp_path / "run")
    main(["dedup", "exact", documents, "--out", run, "--workers", "0", "--quiet"])
    capsys.readouterr()
    main(["explain", run, ID])
    out = capsys.readouterr().out
    assert "\\x1b]0;title\\x07\\r\\n[/]" in out
    assert "\x1b" not in out
    assert len(out.splitlines()) == 2, "the event, and the text"
    main(["explain", run, ID + "1"])
    assert f"kept partner {SHOWN_ID}" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["explain", run, ID + "2"])
    assert capsys.readouterr().err.startswith("altiplano: c4/a\\x1b[2Jb [/red]/[bold]02: no document")


def test_tables_show_markup_as_text(
    documents: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = tmp_path / "[b]tokenizer.model"
    model.write_bytes(train_model(320))
    main(["tokenizer", "report", documents, "--models", str(model)])
    out = capsys.readouterr().out
    assert "[/red]" in out
    assert "en[b]" in out


@pytest.mark.parametrize("place", ["s3://AKIA1:hunter2@bucket/x", "https://me:hunter2@127.0.0.1:9/x"])
def test_no_command_prints_or_stores_a_secret_of_an_address(
    documents: str, tmp_path: Path, place: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run = str(tmp_path / "run")
    recipe = tmp_path / "r.yaml"
    recipe.write_text(
        f"name: x\nrun: {run}\nsources: {{c4: {{input: '${{data}}'}}}}\nvariables: {{data: x}}\n"
    )
    commands = [
        ["dedup", "exact", place, "--out", run],
        ["dedup", "exact", documents, "--out", place],
        ["ingest", "c4", place, "--out", run],
        ["run", str(recipe), "--set.data", place],
        ["run", str(recipe), "--run", place],
        ["explain", place, "x"],
        ["verify", place],
        ["export", "tokens", place, "--out", run, "--format", "mds"],
        ["fetch", "c4", "--base-url", place, "--out", run],
        ["filter", place, "--nothing"],
    ]
    for command in commands:
        with pytest.raises(SystemExit) as stopped:
            main(command)
        captured = capsys.readouterr()
        assert stopped.value.code == 2, command
        assert "hunter2" not in captured.out + captured.err
        assert len(captured.err.splitlines()) == 1, captured.err
    assert not any(
        b"hunter2" in path.read_bytes() for path in tmp_path.rglob("*") if path != recipe and path.is_file()
    )

"""Files of anyone's wherever documents are taken: read as they are, or one line that says what to do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import orjson
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.cli.main import main
from pipeline.given import given_documents
from stages.core.manifest import DOCUMENTS, document_uris
from stages.core.parquet import read_documents

TEXT = "The river rose in the night, and gate number {} was closed by the men of the town at noon."
ROWS = [{"text": TEXT.format(number % 25), "id": f"n{number}", "topic": "river"} for number in range(30)]


@pytest.fixture
def notes(tmp_path: Path) -> str:
    path = tmp_path / "notes.jsonl"
    path.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in ROWS))
    return str(path)


def run(*arguments: object) -> None:
    main([*map(str, arguments), "--workers", "0", "--quiet"])


def last(out: Path) -> list[dict[str, object]]:
    with given_documents([str(out)]) as manifests:
        return [row for batch in read_documents(document_uris(manifests)) for row in batch.to_pylist()]


@pytest.mark.parametrize(
    ("command", "kept"),
    [
        (("dedup", "exact"), 25),
        (("dedup", "near"), 25),
        (("dedup", "substrings", "--min-words", "30"), 30),
        (("filter", "pii"), 30),
        (("filter", "language"), 30),
    ],
)
def test_json_lines_are_documents_of_every_command(
    command: tuple[str, ...], kept: int, notes: str, tmp_path: Path
) -> None:
    run(*command, notes, "--out", tmp_path / "out")
    found = last(tmp_path / "out")
    assert len(found) == kept
    assert found[0]["source"] == "dataset"
    assert str(found[0]["id"]).startswith("dataset/n")
    assert orjson.loads(str(found[0]["metadata"])) == {"topic": "river"}


def test_json_lines_to_tokens_and_their_report(
    notes: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("tokenizer", "train", notes, "--vocab-size", 320, "--out", tmp_path / "tokenizer")
    (model,) = (tmp_path / "tokenizer").glob("*/model/tokenizer.model")
    run("tokenize", notes, "--model", model, "--out", tmp_path / "tokens")
    main(["inspect", "tokens", str(tmp_path / "tokens")])
    main(["tokenizer", "report", notes, "--models", str(model)])
    shown = capsys.readouterr().out
    assert "dataset" in shown
    assert "tokens/word" in shown


def test_json_lines_and_a_run_are_taken_together(notes: str, tmp_path: Path) -> None:
    run("ingest", "dataset", notes, "--name", "ours", "--out", tmp_path / "ours")
    run(
        "dedup",
        "exact",
        tmp_path / "ours",
        notes,
        "--priority",
        "ours",
        "--allow-empty",
        "--out",
        tmp_path / "both",
    )
    assert {row["source"] for row in last(tmp_path / "both")} == {"ours"}


DOCUMENTS_OF_OTHERS = {
    "id": ["c4/a", "c4/b"],
    "source": ["c4", "c4"],
    "text": ["first text", "second text"],
    "metadata": ['{"k": 1}', "{}"],
    "language_score": [0.5, None],
}


def with_polars(path: Path) -> None:
    pl.DataFrame(DOCUMENTS_OF_OTHERS).write_parquet(path)


def with_views(path: Path) -> None:
    table = pa.table(DOCUMENTS_OF_OTHERS)
    views = [c.cast(pa.string_view()) if pa.types.is_string(c.type) else c for c in table.columns]
    pq.write_table(pa.table(views, names=table.column_names), path)


def with_dictionaries(path: Path) -> None:
    table = pa.table(DOCUMENTS_OF_OTHERS)
    coded = [c.dictionary_encode() if pa.types.is_string(c.type) else c for c in table.columns]
    pq.write_table(pa.table(coded, names=table.column_names), path)


@pytest.mark.parametrize("write", [with_polars, with_views, with_dictionaries])
def test_documents_that_others_wrote_keep_ids_and_sources(
    write: Callable[[Path], None], tmp_path: Path
) -> None:
    write(tmp_path / "given.parquet")
    run("dedup", "exact", tmp_path / "given.parquet", "--out", tmp_path / "out")
    run("filter", "language", tmp_path / "given.parquet", "--annotate-only", "--out", tmp_path / "values")
    found = last(tmp_path / "out")
    assert [(row["id"], row["source"], row["text"], row["metadata"]) for row in found] == [
        ("c4/a", "c4", "first text", '{"k": 1}'),
        ("c4/b", "c4", "second text", "{}"),
    ]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"metadata": ["no object", "{}"]}, "the metadata 'no object' is no JSON object; mend it, or read"),
        ({"metadata": ["[1]", "{}"]}, "the metadata '[1]' is no JSON object"),
        (
            {"language_score": ["high", "low"]},
            "column language_score is string, not float; cast it or leave it",
        ),
        ({"text": [1, 2]}, "column text is int64, not string"),
    ],
)
def test_documents_of_others_that_are_not_right_are_one_line(
    columns: dict[str, object], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pq.write_table(pa.table(DOCUMENTS_OF_OTHERS | columns), tmp_path / "given.parquet")
    with pytest.raises(SystemExit) as stop:
        run("dedup", "exact", tmp_path / "given.parquet", "--out", tmp_path / "out")
    assert stop.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line


def test_documents_beside_anothers_table_are_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pq.write_table(pa.table(DOCUMENTS_OF_OTHERS), tmp_path / "a.parquet")
    pq.write_table(pa.table({"text": ["x"]}), tmp_path / "b.parquet")
    with pytest.raises(SystemExit):
        run("dedup", "exact", tmp_path, "--out", tmp_path / "out")
    assert (
        "a.parquet holds documents, and b.parquet a table of others; give them apart"
        in capsys.readouterr().err
    )


def test_what_a_table_becomes_is_a_stage_of_the_run(notes: str, tmp_path: Path) -> None:
    """So a second command over the same file does it once, and `verify` and `explain` know it."""
    run("dedup", "exact", notes, "--out", tmp_path / "out")
    names = sorted(path.name.split("-")[1] for path in (tmp_path / "out").glob("[0-9]*"))
    assert "ingest_dataset" in names
    main(["explain", str(tmp_path / "out"), "dataset/n27"])
    main(["verify", str(tmp_path / "out")])
    with given_documents([str(tmp_path / "out")]) as (manifest,):
        assert manifest.rows(DOCUMENTS) == 25

"""The command line: a user's mistake is one line and exit code 2, whatever it is; no traceback ever."""

from __future__ import annotations

import gzip
import re
import shutil
from pathlib import Path

import orjson
import pytest

from pipeline.cli.main import main

WORDS = "The museum opens every morning, and the guide explains how the old clock in the tower works."


HERE = ("--quiet", "--workers", "0")
"""In this process: a Ray of its own would end the one that other tests share."""


def fails(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as stop:
        main([str(argument) for argument in arguments])
    assert stop.value.code == 2
    said = re.sub(
        r"\A\w+: \d+ of \d+ stages done; .*\n", "", capsys.readouterr().err
    )  # where workers start slowly
    assert said.startswith("altiplano: ")
    assert said.count("\n") == 1
    return said


@pytest.fixture
def c4(tmp_path: Path) -> Path:
    """A small raw C4 file."""
    path = tmp_path / "raw" / "c4-train.json.gz"
    path.parent.mkdir()
    rows = [
        {"text": f"{WORDS} Number {i}.", "url": f"https://x.example/{i}", "timestamp": ""} for i in range(9)
    ]
    path.write_bytes(gzip.compress(b"\n".join(orjson.dumps(row) for row in [*rows, rows[0]])))
    return path


@pytest.fixture
def ingested(c4: Path, tmp_path: Path) -> Path:
    main(["ingest", "c4", str(c4), "--out", str(tmp_path / "c4"), "--workers", "0", "--quiet"])
    return tmp_path / "c4"


def test_a_stage_command_reads_raw_files_runs_folders_and_parquet(
    ingested: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (shard,) = ingested.glob("*/documents/*.parquet")
    for number, given in enumerate((ingested, shard.parent, shard, f"{shard.parent}/*.parquet")):
        out = tmp_path / f"exact-{number}"
        main(["dedup", "exact", str(given), "--out", str(out), "--workers", "0", "--quiet"])
        assert "9 documents, 1 dropped (ledger)" in capsys.readouterr().out


def test_a_second_run_of_a_stage_command_says_that_there_is_nothing_to_do(
    ingested: Path, c4: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["ingest", "c4", str(c4), "--out", str(ingested), "--workers", "0", "--quiet"])
    assert "nothing to do" in capsys.readouterr().out


def test_explain_tells_the_story_of_a_dropped_and_of_a_kept_document(
    ingested: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "exact"
    main(["dedup", "exact", str(ingested), "--out", str(out), "--workers", "0", "--quiet"])
    capsys.readouterr()
    main(["explain", str(out), "c4/c4-train.json.gz/9"])
    told = capsys.readouterr().out
    assert "remove: dropped by rule exact_duplicate" in told
    assert "kept partner c4/c4-train.json.gz/0" in told
    main(["explain", str(out), "c4/c4-train.json.gz/0"])
    assert "a document of" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "absent.yaml"], "cannot read the recipe"),
        (["ingest", "boks", "x"], "no command 'ingest boks'; did you mean 'books'?"),
        (["ingest", "c4", "absent.gz", "--out", "o"], "absent.gz: no such file or folder"),
        (["ingest", "c4", "x*.gz", "--out", "o"], "no file matches"),
        (["ingest", "c4", "x.gz"], "--out"),
        (["ingest", "c4", "x.gz", "--out", "o", "--task-bytes", "-1"], "option --task-bytes='-1': input"),
        (
            ["ingest", "c4", "x.gz", "--out", "o", "--task-bites", "1"],
            "no option --task-bites; did you mean --task-bytes?",
        ),
        (["dedup", "exact", "absent", "--out", "o"], "absent: no such file or folder"),
        (["filter", "reference", "absent", "--out", "o"], "needs --model"),
        (
            ["filter", "language", "x", "--out", "o", "--min-score", "high"],
            "option --min-score='high': input",
        ),
        (["tokenize", "absent", "--out", "o"], "needs --model"),
        (["mix", "absent", "--out", "o"], "neither a run nor a finished stage's folder"),
        (["inspect", "tokens", "absent"], "neither a run nor a finished stage's folder"),
        (["explain", "absent", "id"], "not a run"),
        (["models", "fetch", "lid.177"], "known: lid.176"),
    ],
)
def test_a_mistake_is_one_line(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert message in fails(capsys, *arguments)


def test_a_table_without_a_text_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"body": ["x"], "n": [1]}), tmp_path / "other.parquet")
    said = fails(
        capsys, "dedup", "exact", str(tmp_path / "other.parquet"), "--out", str(tmp_path / "o"), *HERE
    )
    assert "other.parquet: no column 'text'; its columns: body, n; say which holds the text" in said
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 nothing")
    said = fails(capsys, "dedup", "exact", str(tmp_path / "bad.parquet"), "--out", str(tmp_path / "o"), *HERE)
    assert "not a Parquet file" in said


def test_an_unfinished_run_is_named(
    tmp_path: Path, ingested: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = fails(capsys, "export", "tokens", str(ingested), "--format", "mds", "--out", str(tmp_path / "mds"))
    assert "holds no packed tokens yet" in said
    next(ingested.glob("*/manifest.json")).unlink()
    said = fails(capsys, "dedup", "exact", str(ingested), "--out", str(tmp_path / "o"), "--workers", "0")
    assert "is not finished; run it again" in said


def test_plan_shows_stages_sizes_and_estimates(capsys: pytest.CaptureFixture[str]) -> None:
    root = Path(__file__).resolve().parents[3]
    main(["plan", str(root / "configs" / "llama1.yaml")])
    shown = capsys.readouterr().out
    assert "cc_2017_51: no raw files here; 64,000 files, 8.5 TB by the recipe" in shown
    assert "65.29 B parameters on 1.4T tokens" in shown
    assert "21.1 days on 2,048" in shown


def test_a_run_folder_that_cannot_be_is_named(
    c4: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    for out in ("file", "file/below"):
        said = fails(capsys, "ingest", "c4", str(c4), "--out", str(tmp_path / out), "--workers", "0")
        assert "file" in said


def test_an_empty_raw_file_is_a_ledger_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for source, name in (("c4", "x.json.gz"), ("books", "x.txt"), ("stackexchange", "Posts.xml")):
        raw = tmp_path / source / "a.site.example" / name
        raw.parent.mkdir(parents=True)
        raw.write_bytes(b"")
        main(
            [
                "ingest",
                source,
                str(raw),
                "--out",
                str(tmp_path / f"{source}-out"),
                "--workers",
                "0",
                "--quiet",
                "--allow-empty",
            ]
        )
        assert "0 documents, 1 dropped (ledger)" in capsys.readouterr().out


def test_no_text_for_the_tokenizer_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    raw = tmp_path / "x.json"
    raw.write_bytes(b"{broken\n")
    main(
        [
            "ingest",
            "c4",
            str(raw),
            "--out",
            str(tmp_path / "c4"),
            "--workers",
            "0",
            "--quiet",
            "--allow-empty",
        ]
    )
    capsys.readouterr()
    said = fails(
        capsys, "tokenizer", "train", str(tmp_path / "c4"), "--out", str(tmp_path / "t"), "--workers", "0"
    )
    assert "no documents there" in said


def test_relative_and_file_uris_of_parquet_are_read(
    ingested: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (shard,) = ingested.glob("*/documents/*.parquet")
    monkeypatch.chdir(shard.parent)
    for number, given in enumerate((shard.name, f"file://{shard}")):
        main(["dedup", "exact", given, "--out", str(tmp_path / f"o{number}"), "--workers", "0", "--quiet"])
        assert "9 documents, 1 dropped" in capsys.readouterr().out


def test_the_same_documents_given_twice_are_refused(
    ingested: Path, c4: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (shard,) = ingested.glob("*/documents/*.parquet")
    out = ["--out", str(tmp_path / "o"), "--workers", "0"]
    assert "is given twice" in fails(capsys, "dedup", "exact", str(ingested), f"{ingested}/", *out)
    assert "is given twice" in fails(capsys, "dedup", "exact", str(ingested), str(shard), *out)
    assert "is given twice" in fails(capsys, "dedup", "exact", str(shard), f"{shard.parent}/*.parquet", *out)
    assert "two patterns match it" in fails(capsys, "ingest", "c4", str(c4), f"{c4.parents[1]}/*/*.gz", *out)


def test_dedup_compares_all_that_it_is_given(
    c4: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = c4.with_name("other.json.gz")
    other.write_bytes(c4.read_bytes())
    for name in (c4, other):
        main(["ingest", "c4", str(name), "--out", str(tmp_path / name.stem), "--workers", "0", "--quiet"])
    capsys.readouterr()
    runs = [str(tmp_path / name.stem) for name in (c4, other)]
    main(["dedup", "exact", *runs, "--out", str(tmp_path / "o"), "--workers", "0", "--quiet"])
    assert "9 documents, 11 dropped" in capsys.readouterr().out


def test_a_folder_that_holds_another_run_is_not_taken_over(
    ingested: Path, c4: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = c4.with_name("other.json.gz")
    other.write_bytes(c4.read_bytes())
    said = fails(capsys, "ingest", "c4", str(other), "--out", str(ingested), "--workers", "0")
    assert "give another --out" in said


def test_a_stage_that_is_under_way_is_not_taken_for_finished(
    ingested: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (stage,) = [path for path in ingested.iterdir() if path.is_dir()]
    (stage / "manifest.json").unlink()
    for given in (stage, next(stage.glob("documents/*.parquet"))):
        said = fails(capsys, "dedup", "exact", str(given), "--out", str(tmp_path / "o"), "--workers", "0")
        assert "this stage is not finished" in said


def test_a_deleted_shard_is_made_again(ingested: Path, c4: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (shard,) = ingested.glob("*/documents/*.parquet")
    data = shard.read_bytes()
    shard.unlink()
    main(["ingest", "c4", str(c4), "--out", str(ingested), "--workers", "0", "--quiet"])
    assert "1 tasks run" in capsys.readouterr().out
    assert shard.read_bytes() == data


def test_models_that_are_missing_are_named(ingested: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = ["--out", str(ingested.parent / "o"), "--workers", "0"]
    for command in (("tokenize",), ("filter", "reference"), ("filter", "language")):
        for model in (str(ingested.parent / "absent.bin"), str(ingested)):
            assert "no such" in fails(capsys, *command, str(ingested), "--model", model, *out)


def test_a_source_that_lost_all_its_documents_is_shown_with_nothing(
    c4: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "noise.txt").write_bytes(bytes(range(256)))
    recipe = tmp_path / "r.yaml"
    recipe.write_text(
        f"name: r\nrun: {tmp_path}/run\nsources: {{c4: {{input: {c4}}}, books: {{input: {tmp_path}/noise.txt}}}}\n"
        "tokenizer: {vocab_size: 330}\nmixture: {sequence_length: 32}\n",
        encoding="utf-8",
    )
    main(["run", str(recipe), "--workers", "0", "--quiet", "--allow-empty"])
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["books", "0", "0", "0", "-", "-", "-", "-"] in lines


def test_a_run_inside_its_input_is_refused(c4: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = fails(capsys, "ingest", "c4", str(c4.parent), "--out", str(c4.parent / "run"), "--workers", "0")
    assert "lies in the input" in said


def test_a_tokenizer_that_changed_under_a_run_is_refused(
    ingested: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    quiet = ("--workers", "0", "--quiet")
    models = []
    for size in ("300", "302"):
        main(
            ["tokenizer", "train", str(ingested), "--vocab-size", size, "--out", str(tmp_path / size), *quiet]
        )
        models += (tmp_path / size).glob("*/model/tokenizer.model")
    model, out = tmp_path / "tokenizer.model", tmp_path / "tokens"
    tokenize = ["tokenize", str(ingested), "--model", str(model), "--out", str(out), *quiet]
    shutil.copy(models[0], model)
    main(tokenize)
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    shutil.copy(models[1], model)
    capsys.readouterr()
    assert "a model that changed); give another --out" in fails(capsys, *tokenize)
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before

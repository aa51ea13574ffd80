"""Two dumps of one kind under names of their own, in a group: every table, mixture and file takes the names."""

from __future__ import annotations

import gzip
from pathlib import Path

import orjson
import pytest

from pipeline.cli.main import main
from pipeline.inspect.tokens import TokenRow, token_rows
from stages.mix.schedule import read_mixture

RECIPE = """\
name: two
run: ${out}
variables: {data: ., out: run}
x-part: &part
  kind: c4
  steps:
    - filter:
        - language: {keep: [en], min_score: 0.1, per_source: {old: {min_score: 0.0}}}
sources:
  old: {<<: *part, input: "${data}/old/*.json.gz"}
  new: {<<: *part, input: "${data}/new/*.json.gz"}
  books: {input: "${data}/books/*.txt"}
groups: {web: [old, new]}
all_sources:
  - dedup_exact: {priority: [new, old]}
tokenizer: {vocab_size: 300, weights: {web: 0.5, books: 0.5}}
mixture: {weights: {web: 0.75, books: 0.25}, sequence_length: 16}
"""

TEXT = "The river rose in the night, and number {} of the gates was closed by the men of the town at noon."


def write_c4(folder: Path, numbers: range) -> None:
    folder.mkdir(parents=True)
    rows = [{"text": TEXT.format(n), "url": f"http://a.example/{n}", "timestamp": "2019"} for n in numbers]
    lines = b"".join(orjson.dumps(row) + b"\n" for row in rows)
    (folder / "c4-train.json.gz").write_bytes(gzip.compress(lines, mtime=0))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("named")
    write_c4(folder / "old", range(30))
    write_c4(folder / "new", range(25, 35))  # five are in both
    (folder / "books").mkdir()
    (folder / "books" / "one.txt").write_text("\n\n".join(TEXT.format(n) for n in range(100, 140)))
    recipe = folder / "two.yaml"
    recipe.write_text(RECIPE)
    out = folder / "run"
    main(["run", str(recipe), "--set", f"data={folder}", "--set", f"out={out}", "--workers", "0", "--quiet"])
    return out


def test_documents_are_called_by_their_sources(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["explain", str(run), "old/c4-train.json.gz/27"])
    told = capsys.readouterr().out
    assert "all_sources.dedup_exact.remove: dropped by rule exact_duplicate" in told
    assert "kept partner new/c4-train.json.gz/2" in told


def test_the_table_of_tokens_has_a_line_for_each_source_and_one_for_their_group(run: Path) -> None:
    rows = {row.source: row for row in token_rows(str(run))}
    # sources of one kind by name, in the order of the paper's table; then the groups
    assert list(rows) == ["new", "old", "books", "web"]
    assert [(name, row.documents) for name, row in rows.items()] == [
        ("new", 10),
        ("old", 25),
        ("books", 1),
        ("web", 35),
    ]
    new, old, web = rows["new"], rows["old"], rows["web"]
    assert web == TokenRow(
        source="web",
        documents=35,
        text_bytes=new.text_bytes + old.text_bytes,
        tokens=(new.tokens or 0) + (old.tokens or 0),
        share=(new.share or 0) + (old.share or 0),
        epochs=web.epochs,
        tokens_drawn=(new.tokens_drawn or 0) + (old.tokens_drawn or 0),
        members=("new", "old"),
    )
    assert new.epochs is not None
    assert old.epochs is not None
    assert web.epochs is not None
    assert min(new.epochs, old.epochs) <= web.epochs <= max(new.epochs, old.epochs)


def test_a_groups_share_is_split_by_the_tokens_of_its_sources(run: Path) -> None:
    (folder,) = run.glob("*-mix-*")
    mixture = read_mixture(str(folder)).sources
    drawn = {name: source.sequences for name, source in mixture.items()}
    there = {name: source.sequences_available for name, source in mixture.items()}
    total = sum(drawn.values())
    assert abs(drawn["new"] + drawn["old"] - 0.75 * total) <= 1
    assert abs(drawn["new"] * there["old"] - drawn["old"] * there["new"]) <= max(there.values())


def test_the_printed_table_and_every_look_into_the_run_name_the_sources(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["inspect", "tokens", str(run)])
    shown = capsys.readouterr().out
    assert "web (2 sources)" in shown
    assert shown.index(" new ") < shown.index(" books ") < shown.index("web (2") < shown.index(" total ")
    main(["inspect", "tokens", str(run), "--by-language"])
    by_language = capsys.readouterr().out
    assert [by_language.index(f" {name} ") for name in ("new", "old", "books")] == sorted(
        by_language.index(f" {name} ") for name in ("new", "old", "books")
    )
    main(["inspect", "batch", str(run), "--step", "0", "--batch-sequences", "4", "--seed", "1"])
    batch = capsys.readouterr().out
    assert any(f"{name}, epoch" in batch for name in ("old", "new", "books"))
    main(["verify", str(run)])
    assert "0 faults" in capsys.readouterr().out

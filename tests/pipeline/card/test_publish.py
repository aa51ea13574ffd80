"""Documents of a run as a dataset with its card: a folder and a repository of the Hub that `load_dataset` reads."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml

from pipeline.card.publish import configurations, export_documents, published_shards, run_card
from pipeline.cli.main import main
from stages.core.errors import UserError
from tests.hub_server import hub, in_a_process
from tests.small_run import NUM_DOCUMENTS, make_small_run, text


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Only looked at."""
    return make_small_run(tmp_path_factory.mktemp("published"))


def head_of(card: str) -> dict[str, object]:
    found: dict[str, object] = yaml.safe_load(card.split("---\n")[1])
    return found


def test_a_folder_holds_the_shards_by_source_and_the_card(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    to = tmp_path / "set"
    main(["export", "documents", str(run), "--to", str(to)])
    assert capsys.readouterr().out == f"{to}: 1 files of documents and README.md\n"
    assert sorted(str(path.relative_to(to)) for path in to.rglob("*.*")) == [
        "README.md",
        "data/c4-00000.parquet",
    ]
    rows = pq.read_table(to / "data" / "c4-00000.parquet").to_pylist()
    assert [row["text"] for row in rows] == [text(i) for i in range(NUM_DOCUMENTS)]
    card = (to / "README.md").read_text()
    assert card == run_card(str(run))
    assert head_of(card) == {
        "pretty_name": "small",
        "license": ["odc-by"],
        "task_categories": ["text-generation"],
        "size_categories": ["n<1K"],
        "tags": ["altiplano", "pretraining"],
        "configs": [
            {"config_name": "default", "data_files": [{"split": "train", "path": ["data/*.parquet"]}]},
            {"config_name": "c4", "data_files": [{"split": "train", "path": ["data/c4-*.parquet"]}]},
        ],
    }


def test_what_is_there_is_not_written_again_and_what_is_strange_is_refused(run: Path, tmp_path: Path) -> None:
    to = tmp_path / "set"
    export_documents(str(run), str(to))
    shard = to / "data" / "c4-00000.parquet"
    before = shard.stat().st_ino
    export_documents(str(run), str(to))
    assert shard.stat().st_ino == before
    shard.write_bytes(b"half")
    export_documents(str(run), str(to))
    assert pq.read_table(shard).num_rows == NUM_DOCUMENTS
    (to / "data" / "old.parquet").write_bytes(b"")
    with pytest.raises(UserError, match=r"data/old\.parquet, which is not of these documents"):
        export_documents(str(run), str(to))


def test_a_source_is_a_configuration_unless_it_shares_a_shard(run: Path) -> None:
    (one,) = published_shards(str(run))
    (totals,) = one.file.sources.values()
    both = replace(one.file, sources={"c4": totals, "books": totals})
    mixed = one.__class__(one.uri, "data/mixed-00000.parquet", both)
    assert configurations([mixed]) == {"default": ["data/*.parquet"]}
    assert configurations([one, mixed]) == {"default": ["data/*.parquet"]}
    assert list(configurations([one])) == ["default", "c4"]


def test_a_repository_of_the_hub_is_made_filled_and_read(run: Path, tmp_path: Path) -> None:
    """Two exports in one process, the second over a shard that is not of these documents any more; then it is loaded."""
    written = {"datasets/ada/old": {("main", "data/c4-00009.parquet"): b"x", ("main", "README.md"): b""}}
    script = f"""
from pipeline.card.publish import export_documents
found = [export_documents({str(run)!r}, "hf://datasets/ada/" + name) for name in ("tales", "old")]
found += [told(export_documents, {str(run)!r}, to) for to in ("hf://ada/tales", "hf://datasets/ada/no/such")]
from datasets import load_dataset
found.append(load_dataset("ada/tales", "c4", split="train").num_rows)
"""
    with hub({}, written) as endpoint:
        found = in_a_process(endpoint, script, tmp_path, HF_TOKEN="hf_none")
    names = ["data/c4-00000.parquet", "README.md"]
    assert found == [
        names,
        names,
        "hf://ada/tales: give a dataset on the Hub as hf://datasets/USER/NAME",
        "hf://datasets/ada/no/such: give a dataset on the Hub as hf://datasets/USER/NAME",
        NUM_DOCUMENTS,
    ]
    assert {path for _, path in written["datasets/ada/old"]} == set(names)
    assert written["datasets/ada/tales"]["main", "README.md"].decode() == run_card(str(run))

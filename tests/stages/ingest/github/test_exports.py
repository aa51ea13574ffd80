"""BigQuery's export: rows by licence, rows that lack something, damage in JSON and in Parquet."""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stages.core.errors import DamagedInputError
from stages.core.manifest import Manifest
from stages.ingest.github.exports import export_json_rows, export_parquet_rows
from stages.ingest.github.stage import GithubIngest
from stages.ingest.raw import Loss, RawDocument, RawFile, RawRecord

CODE = "def add(left, right):\n    return left + right\n"
ROW = {"repo_name": "ada/engine", "path": "src/a.py", "content": CODE, "license": "apache-2.0"}


def write(folder: Path, rows: list[dict[str, Any]], form: str) -> RawFile:
    path = folder / f"contents-000000000000.{form}"
    if form == "parquet":
        names = sorted({name for row in rows for name in row})
        columns = {name: [row.get(name) for row in rows] for name in names}
        pq.write_table(pa.table(columns), path, row_group_size=3)
    else:
        data = "".join(json.dumps(row) + "\n" for row in rows).encode()
        path.write_bytes(gzip.compress(data, mtime=0) if form.endswith("gz") else data)
    return RawFile(str(path), path.name, path.stat().st_size)


def read(raw: RawFile, **config: Any) -> list[RawRecord]:
    return list(GithubIngest(input=(raw.uri,), **config).read(raw))


def rules(records: list[RawRecord]) -> list[tuple[str, str]]:
    return [(record.key, record.rule if isinstance(record, Loss) else "kept") for record in records]


FORMS = ("json", "json.gz", "parquet")


@pytest.mark.parametrize("form", FORMS)
def test_a_document(tmp_path: Path, form: str) -> None:
    extra = {"ref": "refs/heads/dev", "id": "f" * 40, "size": len(CODE), "binary": False, "copies": 3}
    assert read(write(tmp_path, [ROW | extra], form)) == [
        RawDocument(
            "0",
            CODE,
            "https://github.com/ada/engine/blob/dev/src/a.py",
            metadata={
                "repository": "ada/engine",
                "path": "src/a.py",
                "license": ["Apache-2.0"],
                "license_from": ["license"],
                "language": "Python",
                "header_chars": 0,
                "content_hash": hashlib.blake2b(CODE.encode(), digest_size=16).hexdigest(),
                "ref": "refs/heads/dev",
                "blob": "f" * 40,
                "copies": 3,
            },
        )
    ]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({}, "kept"),
        ({"license": "mit"}, "kept"),
        ({"license": "bsd-2-clause"}, "kept"),
        ({"license": "bsd-3-clause"}, "kept"),
        ({"license": "gpl-2.0"}, "license"),
        ({"license": "isc"}, "license"),
        ({"license": None}, "license"),
        ({"content": "# SPDX-License-Identifier: GPL-2.0-only\n" + CODE}, "license"),
        ({"content": "# SPDX-License-Identifier: GPL-2.0-only OR MIT\n" + CODE}, "kept"),
        ({"content": None, "binary": True}, "binary"),
        ({"content": "a\0b", "binary": False}, "binary"),
        ({"content": None, "size": 2_000_000}, "too_large"),
        ({"content": None}, "missing_content"),
        ({"path": None}, "missing_path"),
        ({"repo_name": None}, "missing_repo_name"),
        ({"path": "node_modules/a/index.js"}, "vendored"),
        ({"path": "a.exe"}, "extension"),
        ({"path": "a.min.js"}, "generated"),
    ],
)
def test_each_rule_of_a_row(tmp_path: Path, form: str, change: dict[str, Any], rule: str) -> None:
    assert rules(read(write(tmp_path, [ROW | change, ROW], form))) == [("0", rule), ("1", "kept")]


def test_the_columns_of_the_sample_tables(tmp_path: Path) -> None:
    row = {
        "sample_repo_name": "ada/engine",
        "sample_path": "a.py",
        "sample_ref": "refs/heads/x",
        "content": CODE,
    }
    [record] = read(write(tmp_path, [row | {"license": "mit"}], "json"))
    assert record.url == "https://github.com/ada/engine/blob/x/a.py"


def test_columns_that_are_no_text(tmp_path: Path) -> None:
    odd = {"path": 3, "repo_name": "a/b", "content": CODE, "license": "mit"}
    assert rules(read(write(tmp_path, [odd, ROW | {"license": ["mit", "gpl-2.0"]}], "json"))) == [
        ("0", "missing_path"),
        ("1", "license"),
    ]
    pq.write_table(pa.table({"other": [1, 2]}), tmp_path / "b.parquet")
    raw = RawFile(str(tmp_path / "b.parquet"), "b.parquet", 100)
    assert rules(read(raw)) == [("0", "missing_path"), ("1", "missing_path")]


def test_parquet_content_as_bytes_and_as_dictionary(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    columns = {name: [value] for name, value in ROW.items()} | {"content": [CODE.encode()]}
    table = pa.table(columns)
    pq.write_table(table.set_column(0, "repo_name", table.column("repo_name").dictionary_encode()), path)
    [record] = read(RawFile(str(path), path.name, 1))
    assert isinstance(record, RawDocument)
    assert record.text == CODE


def test_trap_one_content_that_is_no_utf8_costs_no_other_row(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    content = pa.array([CODE.encode(), b"# ann\xe9e pass\xe9e\nx = name\n" * 9, CODE.encode()]).view(
        pa.string()
    )
    columns = {name: [value] * 3 for name, value in ROW.items() if name != "content"}
    pq.write_table(pa.table(columns | {"content": content}), path)
    found = read(RawFile(str(path), path.name, 1), remove_headers=False)
    assert rules(found) == [("0", "kept"), ("1", "kept"), ("2", "kept")]
    assert isinstance(found[1], RawDocument)
    assert found[1].text.startswith("# année passée\n")


def test_equal_paths_have_ids_of_their_own(tmp_path: Path, run_stage: Callable[..., Manifest]) -> None:
    raw = write(tmp_path, [ROW, ROW], "json.gz")
    assert run_stage(GithubIngest(input=(raw.uri,))).documents_out == 2
    assert [record.key for record in read(raw)] == ["0", "1"]


def test_lines_that_are_no_row(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    good = json.dumps(ROW)
    path.write_text("\ufeff" + good + "\r\n\n{broken\n" + "[1]\n" + good + "\n" + "x" * 500 + "\n" + good)
    raw = RawFile(str(path), path.name, path.stat().st_size)
    found = [
        (r.number, "row") if not isinstance(r, Loss) else (int(r.key), r.rule)
        for r in export_json_rows(raw, 400)
    ]
    assert found == [(0, "row"), (2, "bad_json"), (3, "bad_json"), (4, "row"), (5, "too_large"), (6, "row")]


def test_trap_the_half_line_of_a_truncated_export_is_damage(
    tmp_path: Path, run_stage: Callable[..., Manifest]
) -> None:
    rows = [ROW | {"path": f"a{i}.py", "content": CODE + f"# {i * 7919}\n"} for i in range(2000)]
    raw = write(tmp_path, rows, "json.gz")
    path = Path(raw.uri)
    path.write_bytes(path.read_bytes()[: raw.size // 2])
    manifest = run_stage(GithubIngest(input=(raw.uri,)))
    assert manifest.dropped == {"damaged": 1}
    assert 500 < manifest.documents_out < 1500


def test_a_parquet_file_without_footer_is_damage(tmp_path: Path) -> None:
    raw = write(tmp_path, [ROW], "parquet")
    path = Path(raw.uri)
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(DamagedInputError, match="footer"):
        read(dataclasses.replace(raw, size=raw.size - 8))


def test_a_damaged_row_group_leaves_the_others(tmp_path: Path) -> None:
    rows = [ROW | {"path": f"a{i}.py", "content": CODE * (i + 1)} for i in range(9)]
    raw = write(tmp_path, rows, "parquet")
    path = Path(raw.uri)
    column = pq.ParquetFile(path).metadata.row_group(1).column(0)
    start = column.dictionary_page_offset or column.data_page_offset
    data = bytearray(path.read_bytes())
    data[start : start + 40] = b"\xff" * 40
    path.write_bytes(data)
    found = list(export_parquet_rows(raw))
    assert [row.number for row in found if not isinstance(row, Loss)] == [0, 1, 2, 6, 7, 8]
    [loss] = [row for row in found if isinstance(row, Loss)]
    assert (loss.key, loss.rule) == (f"@{start}", "damaged")
    assert loss.detail is not None
    assert loss.detail.startswith("row group 1, rows 3 to 5: ")


def test_a_file_that_is_neither_archive_nor_export(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"nothing that we know")
    assert rules(read(RawFile(str(path), path.name, 20))) == [("", "unknown_format")]

"""Parquet files of others as documents: what is refused, by file, column and count."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stages.core.errors import UserError
from stages.core.given import manifest_of_parquet
from stages.core.manifest import SourceTotals

COLUMNS = {"id": ["c4/a/0", "c4/a/1"], "source": ["c4", "c4"], "text": ["ab", "é"], "metadata": ["{}", "{}"]}


def write(folder: Path, **columns: object) -> str:
    path = folder / "given.parquet"
    pq.write_table(pa.table(COLUMNS | columns), path)
    return str(path)


def test_totals_of_a_given_file(tmp_path: Path) -> None:
    manifest = manifest_of_parquet([write(tmp_path)])
    assert manifest.sources == {"c4": SourceTotals(documents=2, text_bytes=4)}


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"text": ["ab", None]}, r"given\.parquet: 1 documents have no text \(null\); fill it in"),
        ({"id": pa.array([None, None], pa.string())}, r"given\.parquet: 2 documents have no id \(null\)"),
        ({"text": [1, 2]}, r"given\.parquet: column text is int64, not string; cast it first"),
        (
            {"source": ["c4", "../../x"]},
            r"given\.parquet: '\.\./\.\./x' is no name of a source.*column source",
        ),
        ({"source": ["c4", "a\nb"]}, r"given\.parquet: 'a\\nb' is no name of a source"),
        ({"metadata": [b"{}", b"{}"]}, r"given\.parquet: column metadata is binary, not string"),
    ],
)
def test_what_no_document_is_is_refused_by_name(
    tmp_path: Path, columns: dict[str, object], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        manifest_of_parquet([write(tmp_path, **columns)])

"""Document shards: rolled by bytes of text, read back as they were, row groups bounded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.core import parquet as shards
from stages.core.documents import document_batch
from stages.core.manifest import TABLE, SourceTotals
from stages.core.parquet import DocumentWriter, ParquetWriter, read_documents, read_rows, source_totals


def batch_of(texts: list[str], source: str = "c4", first: int = 0) -> pa.RecordBatch:
    ids = [f"{source}/f/{first + i}" for i in range(len(texts))]
    return document_batch(
        {"id": ids, "source": [source] * len(texts), "text": texts, "metadata": ["{}"] * len(texts)}
    )


@given(texts=st.lists(st.text(max_size=30)), cuts=st.integers(1, 5))
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], cuts: int
) -> None:
    folder = str(tmp_path_factory.mktemp("shards"))
    batch = batch_of(texts)
    writer = DocumentWriter(folder, "00000", shard_text_bytes=16)
    for start in range(0, batch.num_rows, cuts):
        writer.write(batch.slice(start, cuts))
    files = writer.commit()
    uris = [f"{folder}/{file.name}" for file in files]
    read = pa.Table.from_batches(read_documents(uris), batch.schema)
    assert read.to_pylist() == batch.to_pylist()
    assert sum(file.rows for file in files) == len(texts)


def test_shards_roll_at_the_target_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shards, "ROW_GROUP_TEXT_BYTES", 10)
    writer = DocumentWriter(str(tmp_path), "00003", shard_text_bytes=20)
    writer.write(batch_of(["x" * 10] * 5))
    files = writer.commit()
    assert [(file.name, file.rows) for file in files] == [
        ("documents/00003-00000.parquet", 2),
        ("documents/00003-00001.parquet", 2),
        ("documents/00003-00002.parquet", 1),
    ]
    assert files[0].sources == {"c4": SourceTotals(documents=2, text_bytes=20)}
    assert pq.ParquetFile(tmp_path / files[0].name).num_row_groups == 2


def test_one_document_longer_than_a_row_group_has_a_row_group_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "ROW_GROUP_TEXT_BYTES", 10)
    writer = DocumentWriter(str(tmp_path), "00000")
    writer.write(batch_of(["ab", "x" * 50, "cd"]))
    (file,) = writer.commit()
    groups = pq.ParquetFile(tmp_path / file.name)
    assert [groups.read_row_group(i).num_rows for i in range(groups.num_row_groups)] == [2, 1]


def test_equal_documents_give_equal_bytes(tmp_path: Path) -> None:
    digests = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        writer = DocumentWriter(str(tmp_path / name), "00000")
        writer.write(batch_of(["one", "two"]))
        digests.append(writer.commit())
    assert digests[0] == digests[1]


def test_no_document_makes_no_file(tmp_path: Path) -> None:
    writer = DocumentWriter(str(tmp_path), "00000")
    writer.write(batch_of([]))
    assert writer.commit() == []
    assert list(tmp_path.iterdir()) == []


def test_an_abandoned_shard_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shards, "ROW_GROUP_TEXT_BYTES", 1)
    writer = DocumentWriter(str(tmp_path), "00000")
    writer.write(batch_of(["some text"]))
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1
    writer.discard()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_foreign_parquet_with_other_string_types_reads_as_documents(tmp_path: Path) -> None:
    table = pa.table({"text": ["t"], "id": ["a"], "source": ["c4"], "metadata": ["{}"], "extra": [1]})
    writer = ParquetWriter(str(tmp_path), "given.parquet", table.schema, TABLE)
    writer.write(table)
    info = writer.commit()
    (batch,) = read_documents([str(tmp_path / info.name)])
    assert batch.to_pylist() == batch_of(["t"]).set_column(0, "id", pa.array(["a"])).to_pylist()


def test_totals_by_source_count_bytes_of_utf8() -> None:
    mixed = pa.concat_batches([batch_of(["é", "ab"], "books"), batch_of(["x"], "c4")])
    assert source_totals(mixed) == {
        "books": SourceTotals(documents=2, text_bytes=4),
        "c4": SourceTotals(documents=1, text_bytes=1),
    }


def test_rows_by_number_from_the_row_groups_that_hold_them(tmp_path: Path) -> None:
    path = str(tmp_path / "a.parquet")
    pq.write_table(pa.table({"n": range(10), "m": range(10)}), path, row_group_size=3)
    batches = list(read_rows(path, np.array([1, 2, 9]), ["n"]))
    assert [batch.to_pydict() for batch in batches] == [{"n": [1, 2]}, {"n": [9]}]
    assert list(read_rows(path, np.array([], np.int64))) == []

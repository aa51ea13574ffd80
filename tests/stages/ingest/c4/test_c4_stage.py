"""C4 ingest: lines to documents, every rule, damage that keeps the lines before it."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import orjson
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stages.core.documents import DOCUMENT_SCHEMA, normalize_text
from stages.core.errors import DamagedInputError
from stages.core.manifest import Manifest
from stages.ingest.c4.blocks import BLOCK_BYTES
from stages.ingest.c4.stage import C4Ingest
from stages.ingest.raw import Loss, RawBatch, RawDocument, RawFile, RawRecord

STAGE = C4Ingest(input=("unused",))


def line(text: str, number: int = 0) -> bytes:
    row = {"text": text, "timestamp": "2019-04-25T12:57:54Z", "url": f"http://a.example/{number}"}
    return orjson.dumps(row) + b"\n"


def raw_file(tmp_path: Path, data: bytes) -> RawFile:
    path = tmp_path / "raw"
    path.write_bytes(data)
    return RawFile(str(path), "raw", len(data))


def one_by_one(records: Iterable[RawRecord | RawBatch]) -> Iterator[RawRecord]:
    """Batches as the documents that they hold."""
    for record in records:
        if not isinstance(record, RawBatch):
            yield record
            continue
        for row in record.documents.to_pylist():
            key = row["id"].rpartition("/")[2]
            yield RawDocument(key, row["text"], row["url"], metadata=orjson.loads(row["metadata"]))


def read(tmp_path: Path, data: bytes, stage: C4Ingest = STAGE) -> list[RawRecord]:
    return list(one_by_one(stage.read(raw_file(tmp_path, data))))


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress, bytes])
def test_lines_to_documents(tmp_path: Path, compress: Callable[[bytes], bytes]) -> None:
    data = b"\xef\xbb\xbf" + line("first\ntext") + b"\n" + line("second é", 2).replace(b"\n", b"\r\n")
    assert read(tmp_path, compress(data)) == [
        RawDocument("0", "first\ntext", "http://a.example/0", metadata={"timestamp": "2019-04-25T12:57:54Z"}),
        RawDocument("2", "second é", "http://a.example/2", metadata={"timestamp": "2019-04-25T12:57:54Z"}),
    ]


def test_last_line_without_its_end(tmp_path: Path) -> None:
    assert [r.key for r in read(tmp_path, line("a") + line("b").rstrip())] == ["0", "1"]


def test_rules(tmp_path: Path) -> None:
    stage = C4Ingest(input=("unused",), max_line_bytes=200)
    rows = [
        line("kept"),
        b'{"text": "half\n',
        b'["a list"]\n',
        b'{"url": "http://a.example/x"}\n',
        b'{"text": 7}\n',
        b'{"text": "no url"}\n',
        line("x" * 300),
        b'{"text": "\xff\xfe"}\n',
        line("kept too"),
    ]
    found = [
        (r.key, r.rule if isinstance(r, Loss) else r.text) for r in read(tmp_path, b"".join(rows), stage)
    ]
    assert found == [
        ("0", "kept"),
        ("1", "bad_json"),
        ("2", "bad_json"),
        ("3", "missing_text"),
        ("4", "missing_text"),
        ("5", "no url"),
        ("6", "too_large"),
        ("7", "bad_json"),
        ("8", "kept too"),
    ]


def test_bad_json_says_why_and_where(tmp_path: Path) -> None:
    first = line("kept")
    _, loss = read(tmp_path, first + b'{"text" "x"}\n')
    assert isinstance(loss, Loss)
    assert loss.detail is not None
    assert f"byte {len(first)} of" in loss.detail


@pytest.mark.parametrize("cut", [20, 60, 200])
def test_half_line_at_the_cut_belongs_to_the_damage(tmp_path: Path, cut: int) -> None:
    data = gzip.compress(b"".join(line(f"text {i} " * 40 + str(i * 7919), i) for i in range(50)))
    stream = one_by_one(STAGE.read(raw_file(tmp_path, data[:-cut])))
    keys: list[str] = []
    with pytest.raises(DamagedInputError):
        while True:
            record = next(stream)
            assert isinstance(record, RawDocument)
            keys.append(record.key)
    assert keys == [str(i) for i in range(len(keys))]
    assert len(keys) > 10


def test_damage_becomes_a_ledger_row(tmp_path: Path, run_stage: Callable[..., Manifest]) -> None:
    source = tmp_path / "in"
    source.mkdir()
    (source / "a.json.gz").write_bytes(gzip.compress(line("first")) + gzip.compress(line("second"))[:-4])
    manifest = run_stage(C4Ingest(input=(str(source),)))
    assert (manifest.created, manifest.documents_out, manifest.dropped) == (3, 2, {"damaged": 1})


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(st.text(max_size=200), max_size=8))
def test_any_texts_come_back_whole(tmp_path: Path, texts: list[str]) -> None:
    records = read(tmp_path, gzip.compress(b"".join(map(line, texts))))
    found = [(r.key, r.text if isinstance(r, RawDocument) else None) for r in records]
    public = normalize_text(pa.array(texts, pa.large_string())).to_pylist()
    expected = [(str(i), public[i] if text.strip() else None) for i, text in enumerate(texts)]
    assert sorted(found) == sorted(expected)


def test_memory_holds_no_more_than_blocks(tmp_path: Path) -> None:
    data = b"".join(line(f"text {i} " * 100, i) for i in range(10_000))
    batches = [r.documents for r in STAGE.read(raw_file(tmp_path, gzip.compress(data, 1)))]  # type: ignore[union-attr]
    assert len(batches) == -(-len(data) // BLOCK_BYTES)
    assert [row for batch in batches for row in batch["id"].to_pylist()] == [
        f"c4/raw/{i}" for i in range(10_000)
    ]
    assert all(batch.schema == DOCUMENT_SCHEMA for batch in batches)


@pytest.mark.real
def test_real_file(shared_data: Path) -> None:
    path = shared_data / "c4" / "c4-train.00000-of-00001.json.gz"
    records = list(one_by_one(STAGE.read(RawFile(str(path), path.name, path.stat().st_size))))
    rows = [orjson.loads(row) for row in gzip.decompress(path.read_bytes()).splitlines()]
    texts = normalize_text(pa.array([row["text"] for row in rows], pa.large_string())).to_pylist()
    assert [(r.key, r.text, r.url) for r in records if isinstance(r, RawDocument)] == [
        (str(i), text, row["url"]) for i, (text, row) in enumerate(zip(texts, rows, strict=True))
    ]
    assert len(rows) == 1480

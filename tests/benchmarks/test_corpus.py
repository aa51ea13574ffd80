"""The documents that the benchmarks read: distinct ones, copies only at the end, the same for our stages and for peers."""

from __future__ import annotations

import gzip
from pathlib import Path

import orjson

from benchmarks.corpus import documents, write_documents
from benchmarks.measure import measure
from benchmarks.peer import Peers
from stages.core.manifest import DOCUMENTS
from stages.core.parquet import read_documents


def dumps(folder: Path, count: int) -> Path:
    """A C4 file of `count` texts of 300 words each."""
    lines = [
        orjson.dumps(
            {
                "text": " ".join(f"t{text}w{word * (word + text) % 97}" for word in range(300)),
                "timestamp": "2019-04-25T12:57:54Z",
                "url": f"https://example.org/{text}",
            }
        )
        for text in range(count)
    ]
    (folder / "c4").mkdir()
    with gzip.open(folder / "c4" / "c4-train.00000-of-00001.json.gz", "wb") as out:
        out.write(b"\n".join(lines) + b"\n")
    return folder


def test_what_the_real_text_lacks_is_generated_and_copies_come_last(tmp_path: Path) -> None:
    data = dumps(tmp_path, 30)
    rows, made = documents(data, tmp_path, 0.4)
    assert sum(len(text) for _, text in rows) >= 400_000
    assert 0.5 < made < 1
    originals = next(
        count
        for count in range(len(rows))
        if count + len(rows[:count:10]) + len(rows[:count:20]) == len(rows)
    )
    texts = [text for _, text in rows]
    assert len(set(texts[:originals])) == originals
    assert texts[-len(texts[:originals:20]) :] == texts[:originals:20]


def test_real_text_alone_is_taken_as_far_as_it_reaches(tmp_path: Path) -> None:
    data = dumps(tmp_path, 30)
    rows, made = documents(data, tmp_path, 0.02)
    assert made == 0
    assert {source for source, _ in rows} == {"c4"}


def test_shards_and_json_lines_hold_the_same_documents_in_the_same_order(tmp_path: Path) -> None:
    rows = [("c4", "one\r\ntwo"), ("books", "Grüße"), ("c4", "three")]
    manifest = write_documents(rows, tmp_path / "shards", tmp_path / "lines.jsonl")
    lines = [orjson.loads(line) for line in (tmp_path / "lines.jsonl").read_bytes().splitlines()]
    assert lines == [
        {"id": "c4/00000000", "text": "one\ntwo"},
        {"id": "books/00000001", "text": "Grüße"},
        {"id": "c4/00000002", "text": "three"},
    ]
    found = [row for batch in read_documents(manifest.uris(DOCUMENTS)) for row in batch.to_pylist()]
    assert [{"id": row["id"], "text": row["text"]} for row in found] == lines


def test_peers_that_are_not_installed_do_nothing_and_are_named(tmp_path: Path) -> None:
    peers = Peers(tmp_path)
    assert peers.versions() == {}
    assert peers.run("datatrove", "sign", tmp_path) is None
    assert peers.measure("dolma", "lines", tmp_path) is None
    assert [line.split()[0] for line in peers.missing()] == ["datatrove", "data-juicer", "dolma"]


def test_the_peak_of_a_measured_process_is_not_that_of_the_process_that_started_it() -> None:
    held = b"x" * (600 << 20)
    assert measure(len, b"").peak_memory_bytes < len(held)

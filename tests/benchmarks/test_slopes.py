"""The benchmark of the whole chain's growth: its text passes the filters, its files are WET, its fits are right."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import scale
from benchmarks.io_time import IoSeconds
from benchmarks.slopes import Size, exponent, exponent_lines, generated_texts, ratio_lines, write_wet_files
from stages.ingest.common_crawl.records import ArchiveRecord, read_records
from stages.ingest.common_crawl.splits import ArchiveShare
from stages.ingest.raw import RawFile


def size(gb: float, workers: int, factor: float = 1.0) -> Size:
    return Size(
        text_bytes=int(gb * 1e9),
        workers=workers,
        documents=10,
        packed=9,
        tasks=round(gb * 8),
        cpu_seconds=100 * gb,
        task_seconds=200 * gb * factor,
        wall_seconds=200 * gb * factor / workers + 10,
        peak_memory_bytes=10**9,
        exchange_bytes=int(gb * gb * 1e8),
        written_bytes=int(gb * 1e9),
        files=round(gb * 16),
    )


def test_files_hold_whole_pages(tmp_path: Path) -> None:
    texts = [f"Page {number}.\n" + "word " * 300 for number in range(9)]
    files = write_wet_files(tmp_path / "wet", 9_000, iter(texts), file_bytes=4_000)
    assert len(files) == 2
    found = []
    for name in files:
        share = ArchiveShare(RawFile(name, Path(name).name, Path(name).stat().st_size))
        found += list(read_records(share.events(), plain=False, max_record_bytes=1 << 20))
    assert [one.block.decode() for one in found if isinstance(one, ArchiveRecord)] == texts[: len(found)]
    assert len(found) == 6


def test_generated_pages_are_lines_that_end_as_sentences(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scale, "VOCABULARY", 500)
    monkeypatch.setattr(scale, "BLOCK_DOCUMENTS", 10)
    lines = next(generated_texts(1)).split("\n")
    assert len(lines) == scale.LINES
    assert all(line.endswith(".") and len(line.split()) == scale.LINE_WORDS for line in lines)
    assert "the" in " ".join(lines).split()


def test_exponents() -> None:
    assert exponent([1, 2, 4], [5, 10, 20]) == pytest.approx(1)
    assert exponent([1, 2, 8], [3, 12, 192]) == pytest.approx(2)
    assert exponent([1, 2, 4], [7, 7, 7]) == pytest.approx(0)
    (line,) = exponent_lines([size(1, 1), size(2, 1), size(4, 1), size(1, 2)])
    assert line.startswith(
        "Exponents with 1 worker: CPU seconds 1.00, wall seconds 0.97, memory 0.00, exchange 2.00,"
    )


def test_throughput_of_two_workers() -> None:
    (line,) = ratio_lines([size(1, 1), size(1, 2, 1.05)])
    assert line == "2 workers against one, 1 GB: tasks 1.90 times as fast, wall time 1.83 times."


def test_what_is_read_while_writing_counts_once() -> None:
    spent = IoSeconds()
    write = spent.call(lambda: sum(range(200_000)))

    def pieces() -> Iterator[int]:
        yield write()

    assert len(list(spent.each(pieces)())) == 1
    assert spent.cpu["reading"] > 0
    assert spent.cpu["writing"] == 0

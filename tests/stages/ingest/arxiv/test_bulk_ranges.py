"""A bulk tar that several tasks read by ranges: every paper and every ledger row in exactly one, as if it were read whole."""

from __future__ import annotations

import gzip
import io
import random
import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.core.manifest import DOCUMENTS, LEDGER, Manifest
from stages.core.storage import FoundFile
from stages.ingest.archives import BytesFile
from stages.ingest.arxiv import stage as arxiv
from stages.ingest.arxiv.stage import ArxivIngest
from stages.ingest.base import byte_ranges
from stages.ingest.raw import RawRecord

TEX = b"\\documentclass{article}\\begin{document}\\section{A}\nText %d.\n\\end{document}\n"


def tar_of(members: Sequence[tuple[str, bytes]], mode: str = "w", form: int = tarfile.PAX_FORMAT) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode, format=form) as tar:  # type: ignore[call-overload]
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            if not content:
                info.type = tarfile.DIRTYPE if name.endswith("/") else tarfile.SYMTYPE
            tar.addfile(info, io.BytesIO(content))
    return stream.getvalue()


def papers(seed: int) -> list[tuple[str, bytes]]:
    """Papers of every kind, one of them twice, and a name that takes a header of its own."""
    chance = random.Random(seed)
    found = [("2001/", b"")]
    for number in range(1, 9):
        tex = TEX % number + b"%" * chance.randrange(900)
        kinds = [
            (f"2001/2001.{number:05d}.gz", gzip.compress(tex, mtime=0)),
            (
                f"2001/2001.{number:05d}.gz",
                tar_of([("ms.tex", tex), ("noise.txt", chance.randbytes(700))], "w:gz"),
            ),
            (f"2001/2001.{number:05d}.gz", tar_of([("ms.tex", tex)])),
            (f"2001/2001.{number:05d}.pdf", b"%PDF-" + chance.randbytes(2000)),
            (f"2001/2001.{number:05d}.gz", gzip.compress(tex, mtime=0)[:-30]),
            (f"{'long' * 40}/2001.{number:05d}.gz", gzip.compress(tex, mtime=0)),
            (f"2001/2001.{number:05d}.gz", b""),
        ]
        found.append(kinds[0] if number == 1 else chance.choice(kinds))
    return [*found, found[1], ("../evil", b"x"), ("2001/2001.00099.gz", gzip.compress(TEX % 99, mtime=0))]


def read(data: bytes, ranges: Sequence[tuple[int, int]]) -> list[RawRecord]:
    found: list[RawRecord] = []
    for start, stop in ranges:
        end = None if stop == len(data) else stop
        raw = BytesFile("", "arXiv_src_2001_001.tar", len(data), data, start=start, stop=end)
        found += ArxivIngest(input=("x",)).read(raw)
    return found


def same_in_ranges(data: bytes, counts: Sequence[int] = (2, 3, 7, 16)) -> list[RawRecord]:
    """The records of the file read whole, which those of its ranges together must be."""
    whole = read(data, [(0, len(data))])
    for count in counts:
        assert read(data, byte_ranges(len(data), -(-len(data) // count))) == whole
    return whole


@given(
    st.integers(0, 10_000), st.sampled_from([tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
)
def test_ranges_give_together_what_the_whole_gives(seed: int, form: int) -> None:
    members = [one for one in papers(seed) if form != tarfile.USTAR_FORMAT or len(one[0]) < 100]
    whole = same_in_ranges(tar_of(members, form=form))
    keys = [record.key for record in whole]
    assert keys[0] == "2001/2001.00001.gz" and keys[-1] == "2001/2001.00099.gz"
    assert keys.count("2001/2001.00001.gz") == 2 and "../evil" in keys


@given(st.integers(0, 10_000), st.sampled_from(["flipped", "cut", "zeroed", "out", "in"]))
def test_damage_is_told_by_one_range(seed: int, damage: str) -> None:
    data, chance = tar_of(papers(seed)), random.Random(seed)
    at, size = chance.randrange(len(data)), chance.choice([1, 300, 512, 1024, 3000])
    rest = data[at + size :]
    made = {
        "flipped": data[:at] + bytes([data[at] ^ 255]) + data[at + 1 :],
        "cut": data[:at],
        "zeroed": data[:at] + bytes(len(data[at : at + size])) + rest,
        "out": data[:at] + rest,
        "in": data[:at] + chance.randbytes(size) + data[at:],
    }[damage]
    same_in_ranges(made, (2, 5))


@pytest.mark.parametrize(
    "data",
    [
        tar_of([("ms.tex", TEX % 1), ("fig.eps", b"%!PS" * 900)]),
        gzip.compress(tar_of(papers(1)), mtime=0),
        gzip.compress(TEX % 1, mtime=0),
        TEX % 1,
        tar_of([]),
        b"",
        b"PK\x03\x04 no zip",
    ],
)
def test_what_only_has_the_name_is_read_by_the_first_task(data: bytes) -> None:
    def keys(ranges: Sequence[tuple[int, int]]) -> list[Any]:
        try:
            return list(read(data, ranges))
        except Exception as error:  # noqa: BLE001 - what reading it whole raises, the first range raises too
            return [repr(error)]

    half = len(data) // 2
    assert keys([(0, half)] if half else [(0, len(data))]) == keys([(0, len(data))])
    assert not half or keys([(half, len(data))]) == []


def test_only_large_tars_are_split_and_not_into_many(monkeypatch: pytest.MonkeyPatch) -> None:
    ranges = ArxivIngest(input=("x",), task_bytes=100).ranges
    assert ranges(FoundFile("a/x.tar", "x.tar", 250)) == [(0, 83), (83, 166), (166, 250)]
    assert ranges(FoundFile("a/x.tar", "x.tar", 100)) == [(0, 100)]
    assert ranges(FoundFile("a/x.tar.gz", "x.tar.gz", 250)) == [(0, 250)]
    monkeypatch.setattr(arxiv, "MOST_RANGES", 2)
    assert ranges(FoundFile("a/x.tar", "x.tar", 250)) == [(0, 125), (125, 250)]


def test_documents_and_ledger_of_tasks_are_those_of_one(
    tmp_path: Path, run_stage: Callable[..., Manifest]
) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw/arXiv_src_2001_001.tar").write_bytes(tar_of(papers(3)))
    found = []
    for task_bytes in (1 << 20, 3000):
        made = run_stage(ArxivIngest(input=(str(tmp_path / "raw"),), task_bytes=task_bytes))
        rows = {
            kind: [row for uri in made.uris(kind) for row in pq.read_table(uri).to_pylist()]
            for kind in (DOCUMENTS, LEDGER)
        }
        found.append((rows, made.created, made.documents_out, made.dropped, made.bytes_in))
        assert (len(made.reports) > 2) == (task_bytes == 3000)
    assert found[0] == found[1]
    assert found[0][1] > found[0][2] > 0

"""Ranges of a WARC file hold every record of it once, and give the ledger rows of the whole file, damaged or not."""

from __future__ import annotations

import gzip
import random
import zlib
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stages.core.manifest import DOCUMENTS, LEDGER, Manifest
from stages.core.storage import FoundFile
from stages.ingest.base import byte_ranges
from stages.ingest.common_crawl import splits
from stages.ingest.common_crawl.records import ArchiveRecord, read_records
from stages.ingest.common_crawl.splits import ArchiveShare, is_split_point
from stages.ingest.common_crawl.stage import CommonCrawlIngest
from stages.ingest.raw import Loss, RawFile

Found = list[ArchiveRecord | Loss]


def warc(
    block: bytes, kind: str = "conversion", end: bytes = b"\r\n\r\n", length: int | None = None
) -> bytes:
    head = (
        f"WARC/1.0\r\nWARC-Type: {kind}\r\nContent-Length: {len(block) if length is None else length}\r\n\r\n"
    )
    return head.encode() + block + end


def member(content: bytes, level: int = 6) -> bytes:
    return gzip.compress(content, level, mtime=0)


def noise(num_bytes: int, seed: int = 0) -> bytes:
    return random.Random(seed).randbytes(num_bytes)


def records_of(path: Path, start: int = 0, stop: int | None = None) -> Found:
    share = ArchiveShare(RawFile(str(path), path.name, path.stat().st_size, start=start, stop=stop))
    return list(
        read_records(share.events(), plain=share.is_plain, max_record_bytes=1 << 20, end=lambda: share.end)
    )


def shares_of(path: Path, range_bytes: int) -> list[Found]:
    size = path.stat().st_size
    return [
        records_of(path, start, None if stop == size else stop)
        for start, stop in byte_ranges(size, range_bytes)
    ]


def check(path: Path, data: bytes, *range_bytes: int) -> list[list[Found]]:
    """That ranges of these sizes give what the whole file gives; what each range gives."""
    path.write_bytes(data)
    whole = records_of(path)
    found = [shares_of(path, size) for size in range_bytes]
    for shares in found:
        assert [record for share in shares for record in share] == whole
    return found


def test_each_task_reads_the_records_that_begin_in_its_range(tmp_path: Path) -> None:
    data = b"".join(member(warc(noise(20_000, seed))) for seed in range(20))
    ((first, second, third),) = check(tmp_path / "a.warc.gz", data, len(data) // 3 + 1)
    # The last point has less than 64 KB behind it, and is one because the file ends there as it should.
    assert [len(first), len(second), len(third)] == [7, 7, 6]
    for size in (1_000, 20_000, 70_000, 150_000):
        check(tmp_path / "a.warc.gz", data, size)


def test_damage_at_a_boundary_is_told_once(tmp_path: Path) -> None:
    members = [member(warc(noise(30_000, seed))) for seed in range(12)]
    start = sum(map(len, members[:4]))
    data = bytearray(b"".join(members))
    data[start + 200 : start + 210] = b"\0" * 10
    shares = check(tmp_path / "a.warc.gz", bytes(data), start - 1, start, start + 1, start + 15_000)
    for one in shares:
        told = [record for share in one for record in share if isinstance(record, Loss)]
        assert [loss.key for loss in told] == [str(start), f"@{start}"]
    assert all(len(one) > 1 and all(one) for one in shares)


def test_an_archive_inside_a_payload_is_no_part_of_the_file(tmp_path: Path) -> None:
    """A stored block holds it as it is: its members look like the file's own."""
    inner = b"".join(member(warc(noise(1_000, seed), "response")) for seed in range(50))
    plain = [member(warc(noise(20_000, seed))) for seed in range(8)]
    data = b"".join([*plain[:4], member(warc(inner, "resource"), 0), *plain[4:]])
    place = data.index(inner[:40_000])
    path = tmp_path / "a.warc.gz"
    path.write_bytes(data)
    with path.open("rb") as stream:
        assert not is_split_point(stream, place)
        assert is_split_point(stream, len(b"".join(plain[:3])))
    check(path, data, place - 10, place + 5, place + 2_000)


@pytest.mark.parametrize(
    "last",
    [
        b"WARC/1.0\r\nWARC-Type: conversion",  # a header that ends nowhere, with no line end
        b"WARC/1.0\r\nWARC-Type: conversion\r\n",
        warc(b"too short", length=900),
        warc(b"too short", length=13 + 3, end=b""),  # its length reaches three bytes into the next member
        warc(b"text", end=b"stray"),
        warc(b"text", end=b"\nWARC/1.0\r\nWARC"),
        b"http://a.example/ 1.2.3.4 20140216050221 text/html ",
        b"no record at all",
        b"\r\n\r\n",
        b"",
    ],
)
def test_whatever_stands_before_a_boundary_its_record_is_found(tmp_path: Path, last: bytes) -> None:
    before = [member(warc(noise(9_000, seed))) for seed in range(4)]
    behind = [member(warc(noise(9_000, seed))) for seed in range(4, 16)]
    boundary = len(b"".join(before)) + len(member(last))
    shares = check(tmp_path / "a.warc.gz", b"".join([*before, member(last), *behind]), boundary)[0]
    first = shares[1][0]
    assert isinstance(first, ArchiveRecord)
    assert (first.key, first.block) == (str(boundary), noise(9_000, 4))


@given(
    st.lists(st.sampled_from([b"r", b"r", b"r", b"two", b"cut", b"odd", b"pad"]), min_size=2, max_size=12),
    st.lists(st.tuples(st.integers(0, 9_999), st.integers(1, 255)), max_size=3),
    st.integers(40, 900),
    st.integers(0, 200),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_damage_in_any_place_is_told_as_of_the_whole_file(
    tmp_path: Path, kinds: list[bytes], damage: list[tuple[int, int]], range_bytes: int, proof_bytes: int
) -> None:
    made = {
        b"r": lambda seed: member(warc(noise(150, seed))),
        b"two": lambda seed: member(warc(noise(60, seed)) + warc(noise(70, seed))),
        b"cut": lambda seed: member(warc(noise(60, seed), length=500)),
        b"odd": lambda seed: member(noise(90, seed)),
        b"pad": lambda seed: b"\0" * 30 + member(warc(noise(40, seed))),
    }
    data = bytearray(b"".join(made[kind](seed) for seed, kind in enumerate(kinds)))
    for place, change in damage:
        data[place % len(data)] ^= change
    with mock.patch.object(splits, "PROOF_BYTES", proof_bytes):
        check(tmp_path / "a.warc.gz", bytes(data), range_bytes)


@pytest.mark.parametrize(
    "data",
    [
        b"".join(warc(noise(20_000, seed)) for seed in range(9)),  # not compressed
        gzip.compress(b"".join(warc(noise(20_000, seed)) for seed in range(9)), mtime=0),  # one member
        noise(90_000),
        b"BZh9" + noise(60_000),
        b"".join(zlib.compress(warc(noise(20_000, seed))) for seed in range(5)),
    ],
)
def test_what_has_no_members_is_read_by_one_task(tmp_path: Path, data: bytes) -> None:
    (shares,) = check(tmp_path / "a.warc.gz", data, 30_000)
    assert [bool(share) for share in shares] == [True] + [False] * (len(shares) - 1)


def test_large_gzip_files_alone_are_split() -> None:
    stage = CommonCrawlIngest(input=("x",), task_bytes=100)
    assert stage.ranges(FoundFile("a.warc.gz", "a.warc.gz", 250)) == [(0, 83), (83, 166), (166, 250)]
    assert stage.ranges(FoundFile("a.warc.gz", "a.warc.gz", 100)) == [(0, 100)]
    assert stage.ranges(FoundFile("a.warc", "a.warc", 250)) == [(0, 250)]


def test_documents_ledger_and_dump_of_a_split_run_are_those_of_a_whole_one(
    tmp_path: Path, run_stage: Callable[..., Manifest]
) -> None:
    info = b"WARC-Type: warcinfo\r\nisPartOf: CC-MAIN-2016-50\r\n"
    pages = [f"Page {seed} of many. {noise(9_000, seed).hex()}".encode() for seed in range(20)]
    members = [member(warc(info, "warcinfo")), *(member(warc(page)) for page in pages)]
    members[9] = members[9][:3_000]
    (tmp_path / "raw.warc.gz").write_bytes(b"".join(members))

    def rows(task_bytes: int) -> tuple[int, list[object], list[object]]:
        place = str(tmp_path / "raw.warc.gz")
        stage = CommonCrawlIngest(input=(place,), task_bytes=task_bytes, remove_boilerplate=False)
        manifest = run_stage(stage)
        kinds = [
            [row for uri in manifest.uris(kind) for row in pq.read_table(uri).to_pylist()]
            for kind in (DOCUMENTS, LEDGER)
        ]
        return len(manifest.reports), kinds[0], kinds[1]

    whole, split = rows(1 << 28), rows(40_000)
    assert split[0] > 3
    assert split[1:] == whole[1:]
    assert len(whole[1]) == 19
    assert {row["metadata"].count('"dump":"CC-MAIN-2016-50"') for row in split[1]} == {1}  # type: ignore[index]

"""A read that fails, anywhere in any format, ends the stage with that error: it never becomes a row, or silence."""

from __future__ import annotations

import errno
import itertools
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO
from unittest import mock

import pyarrow as pa
import pytest

from stages.core import storage
from stages.core.errors import ReadFaultError
from stages.ingest import compressed, frames, parquet_rows, seven_zip
from stages.ingest.c4.stage import C4Ingest
from stages.ingest.common_crawl import members, url_lists
from stages.ingest.raw import Loss, RawDocument, RawFile, RawRecord
from stages.ingest.stackexchange import rows
from stages.ingest.wikipedia import streams
from tests.stages.ingest.fault_cases import is_apart, names, stage_of, write_all
from tests.stages.ingest.fault_files import archives
from tests.stages.ingest.faulty_reads import KINDS, Faults, run_stage, sampled, tells_of

READ_BYTES = 512
MOST_CALLS, MOST_CALLS_APART = 16, 3
BUFFERS = (
    (compressed, "READ_BYTES"),
    (seven_zip, "READ_BYTES"),
    (frames, "PIECE_BYTES"),
    (parquet_rows, "BUFFER_BYTES"),
    (members, "READ_BYTES"),
    (members, "SCAN_BYTES"),
    (url_lists, "PIECE_BYTES"),
    (rows, "READ_BYTES"),
    (streams, "READ_BYTES"),
    (streams, "SCAN_BYTES"),
)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("inputs")
    write_all(folder)
    return folder


@pytest.fixture(autouse=True)
def small_buffers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Small files with many reads."""
    for module, name in BUFFERS:
        monkeypatch.setattr(module, name, READ_BYTES)
    yield


@pytest.mark.slow
@pytest.mark.parametrize("name", names())
def test_a_failed_read_is_raised_or_makes_no_difference(name: str, inputs: Path, tmp_path: Path) -> None:
    counted = Faults()
    with counted.injected():
        expected = run_stage(stage_of(name, inputs), tmp_path / "whole")
    assert expected.error is None
    for kind in KINDS:
        for at in sampled(counted.calls, MOST_CALLS_APART if is_apart(name) else MOST_CALLS):
            faults = Faults(at, kind)
            with faults.injected():
                found = run_stage(stage_of(name, inputs), tmp_path / f"{kind}-{at}")
            if found.error is None:
                assert not faults.raised, f"{kind} at call {at} of {counted.calls} is lost"
                assert found == expected, f"{kind} at call {at} of {counted.calls}"
            else:
                assert tells_of(found.error, faults), f"{kind} at call {at}: {found.error!r}"
                assert found.left == (), f"{kind} at call {at} leaves files"


EIO, EACCES = OSError(errno.EIO, "Input/output error"), PermissionError(errno.EACCES, "Permission denied")


@pytest.mark.parametrize("name", ["scandir", "open_whole"])
def test_a_checkout_that_cannot_be_listed_or_read_this_time(
    name: str, inputs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, module = stage_of("r/checkouts", inputs), os if name == "scandir" else storage
    works, calls, at = getattr(module, name), itertools.count(1), 0

    def call(*arguments: Any) -> Any:
        if next(calls) == at:
            raise EIO
        return works(*arguments)

    monkeypatch.setattr(module, name, call)
    expected = run_stage(stage, tmp_path / "whole")
    assert expected.error is None
    last = next(calls)
    for at in range(1, last):
        calls = itertools.count(1)
        assert run_stage(stage, tmp_path / str(at)).error is EIO, f"call {at} of {last - 1}"


def test_what_the_input_forbids_is_a_row(
    inputs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, listed = storage.open_input, os.scandir

    def open_input(uri: str) -> BinaryIO:
        if uri.endswith("a1.py"):
            raise EACCES
        return opened(uri)

    def scandir(folder: str) -> Any:
        if str(folder).endswith("repo1/src"):
            raise EACCES
        return listed(folder)

    monkeypatch.setattr(storage, "open_input", open_input)
    monkeypatch.setattr(os, "scandir", scandir)
    found = run_stage(stage_of("r/checkouts", inputs), tmp_path / "out")
    assert found.error is None
    assert '"unreadable":3' in found.reports[1]


def test_a_file_that_shrank_since_it_was_planned_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(archives()["c4/a.json"])
    stage = C4Ingest(input=(str(path),))
    (task,) = stage.plan(())
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ReadFaultError, match="it was cut short"):
        stage.run(task.at(str(tmp_path)))
    (task,) = stage.plan(())
    assert stage.run(task.at(str(tmp_path))).documents_out == 11


def test_a_reader_that_keeps_silent_is_found_out(inputs: Path, tmp_path: Path) -> None:
    class Careless(C4Ingest):
        def read(self, raw: RawFile) -> Iterator[RawRecord]:
            yield RawDocument("first", "text")
            with suppress(Exception):
                raw.open().read()
            yield Loss("second", "damaged")

    path = inputs / "c4" / "a.json"
    faults = Faults(2, "disk")
    (task,) = C4Ingest(input=(str(path),)).plan(())
    with faults.injected(), pytest.raises(ReadFaultError):
        Careless(input=(str(path),)).run(task.at(str(tmp_path)))
    assert list(tmp_path.iterdir()) == []


def test_no_memory_in_a_decoder_is_no_damage(inputs: Path, tmp_path: Path) -> None:
    def fails(*arguments: object, **options: object) -> None:
        raise MemoryError

    for name, place in (
        ("c4/a.json.7z", "py7zr.SevenZipFile.extract"),
        ("wiki/srwiki-a.xml.7z", "py7zr.SevenZipFile"),
    ):
        with mock.patch(place, fails):
            assert isinstance(run_stage(stage_of(name, inputs), tmp_path / place).error, MemoryError)
    for name in ("c4/a.parquet", "code/a.parquet"):
        for place in ("ParquetFile", "ParquetFile.iter_batches"):
            error = pa.ArrowMemoryError("malloc of size 1 failed")
            with mock.patch(f"pyarrow.parquet.{place}", side_effect=error):
                found = run_stage(stage_of(name, inputs), tmp_path / f"{name}-{place}")
            assert found.error is error

"""`verify`: whatever was removed, changed, cut, swapped or added in a finished run is named, file by file."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pyarrow.parquet as pq
import pytest

from pipeline.cli.main import main
from pipeline.inspect.verify import verify
from stages.core.errors import UserError
from stages.core.sealed import SEAL, sealed
from tests.damage import check_all_damage, cut, flip


def test_a_whole_run_has_no_faults(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = verify(str(made))
    assert found.faults == ()
    assert found.num_files > 5
    main(["verify", str(made)])
    assert f"{found.num_files} files, {found.num_bytes:,} bytes, 0 faults" in capsys.readouterr().out


def test_a_flipped_token_is_named_by_file_offset_and_document(run: Path) -> None:
    (tokens,) = run.glob("*pack*/tokens/tokens-00000.bin")
    (index,) = run.glob("*pack*/tokens/tokens-00000.index.parquet")
    rows = pq.read_table(index).to_pylist()
    start, length = rows[7]["offset"] * 2, rows[7]["length"] * 2
    flip(tokens, start + 5)
    (fault,) = verify(str(run)).faults
    assert fault.uri == str(tokens)
    assert fault.reason == f"bytes {start:,} to {start + length:,} changed: document {rows[7]['id']}"


@pytest.mark.parametrize("last", [False, True])
def test_flips_at_the_borders_of_a_shard_are_found(run: Path, last: bool) -> None:
    (tokens,) = run.glob("*pack*/tokens/tokens-00000.bin")
    flip(tokens, tokens.stat().st_size - 1 if last else 0)
    (fault,) = verify(str(run)).faults
    assert "changed: document c4/c4.json.gz/" in fault.reason


def test_a_flipped_byte_of_a_parquet_shard_is_named_by_its_row_group(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (shard,) = run.glob("*ingest_c4*/documents/*-00000.parquet")
    flip(shard, 200)
    (fault,) = verify(str(run)).faults
    assert fault.reason.startswith("row group 0 changed, in bytes 4 to ")
    with pytest.raises(SystemExit) as stop:
        main(["verify", str(run)])
    assert stop.value.code == 1
    assert "1 faults" in capsys.readouterr().out


def test_a_damaged_footer_a_short_file_and_a_missing_one_are_named(run: Path) -> None:
    (shard,) = run.glob("*ingest_c4*/documents/*-00000.parquet")
    flip(shard, shard.stat().st_size - 10)
    (tokens,) = run.glob("*pack*/tokens/tokens-00000.bin")
    size = tokens.stat().st_size
    tokens.write_bytes(tokens.read_bytes()[:-2])
    (mixture,) = run.glob("*mix*/model/mixture.json")
    mixture.unlink()
    reasons = [fault.reason for fault in verify(str(run)).faults]
    assert reasons[0].startswith("its footer changed (")
    assert reasons[1:] == [
        f"has {size - 2:,} bytes; it was written with {size:,}",
        reasons[2],
    ]
    assert reasons[2].startswith("missing; it had ")


def test_with_a_damaged_index_the_shard_is_still_told(run: Path) -> None:
    (tokens,) = run.glob("*pack*/tokens/tokens-00000.bin")
    (index,) = run.glob("*pack*/tokens/tokens-00000.index.parquet")
    flip(tokens, 0)
    flip(index, 20)
    reasons = [fault.reason for fault in verify(str(run)).faults]
    assert reasons[0] == "its bytes changed (SHA-256); where is not known"
    assert reasons[1].startswith("row group 0 changed")


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="not a run"):
        verify(str(tmp_path))


def test_every_damage_to_every_kind_of_file_is_named(run: Path) -> None:
    assert sum(check_all_damage(run).values()) >= 30


@pytest.mark.slow
def test_every_damage_to_every_kind_of_file_of_the_demo_is_named(demo_runs: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(demo_runs / "demo", tmp_path / "demo"))
    assert sum(check_all_damage(copy).values()) >= 90


def numbers_changed(value: Any) -> Iterator[Any]:
    """The same JSON value with one of its numbers changed, for every number in it."""
    if isinstance(value, bool) or not isinstance(value, dict | list | int | float):
        return
    if isinstance(value, int | float):
        yield value + 1
    elif isinstance(value, dict):
        for key, held in value.items():
            yield from (value | {key: changed} for changed in numbers_changed(held))
    else:
        for place, held in enumerate(value):
            yield from ([*value[:place], changed, *value[place + 1 :]] for changed in numbers_changed(held))


@pytest.mark.parametrize("is_sealed_again", [False, True])
def test_every_changed_number_of_a_manifest_is_named(run: Path, is_sealed_again: bool) -> None:
    """Also where whoever changed it knows how to make its checksum."""
    options = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS
    for path in sorted(run.glob("*/manifest.json")):
        whole = path.read_bytes()
        content = orjson.loads(whole)
        for changed in numbers_changed({key: held for key, held in content.items() if key != SEAL}):
            data = orjson.dumps(changed | {SEAL: content[SEAL]}, option=options) + b"\n"
            path.write_bytes(sealed(changed) if is_sealed_again else data)
            assert str(path) in {fault.uri for fault in verify(str(run)).faults}
        path.write_bytes(whole)


def test_every_changed_value_of_the_runs_record_is_named(run: Path) -> None:
    path = run / "run.json"
    whole = path.read_bytes()
    for place in range(0, len(whole), 7):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        assert [fault.uri for fault in verify(str(run)).faults] == [str(path)]
    for place in range(0, len(whole), 50):
        path.write_bytes(whole[:place])
        (fault,) = verify(str(run)).faults
        assert "delete this file and run the run's command again" in fault.reason


def test_a_folder_that_was_removed_is_named(run: Path) -> None:
    for folder in sorted(path for path in run.iterdir() if path.is_dir()):
        shutil.move(folder, run.parent / "aside")
        assert str(folder / "manifest.json") in {fault.uri for fault in verify(str(run)).faults}
        shutil.move(run.parent / "aside", folder)
    assert verify(str(run)).faults == ()


@pytest.mark.parametrize(
    "name", ["notes.txt", "x/y.parquet", "{stage}/documents/9.parquet", "{stage}/reports/9.json"]
)
def test_a_file_too_many_is_named(run: Path, name: str) -> None:
    stage = next(path.name for path in sorted(run.iterdir()) if path.is_dir())
    extra = run / name.format(stage=stage)
    extra.parent.mkdir(exist_ok=True)
    extra.write_bytes(b"x")
    (fault,) = verify(str(run)).faults
    assert (fault.uri, fault.reason) == (str(extra), "no stage of this run wrote it; delete it")


def test_a_stage_of_an_earlier_recipe_is_told_and_is_no_fault(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = run / "07-c4.filter-0123456789abcdef" / "documents"
    old.mkdir(parents=True)
    (old / "00000-00000.parquet").write_bytes(b"x")
    main(["verify", str(run)])
    assert f"{old.parent.name} is of no stage of this run" in capsys.readouterr().err


def test_documents_that_vanish_between_two_stages_are_named_whatever_the_checksums_say(run: Path) -> None:
    """Someone who makes all checksums anew still cannot make a document vanish."""
    (path,) = run.glob("*-encode-*/manifest.json")
    content = orjson.loads(path.read_bytes())
    content |= {"documents_in": content["documents_in"] - 1, "documents_out": content["documents_out"] - 1}
    path.write_bytes(sealed({key: held for key, held in content.items() if key != SEAL}))
    reasons = [fault.reason for fault in verify(str(run)).faults if fault.uri == str(path)]
    assert "read 39 documents, and its inputs gave 40" in reasons


def test_a_damaged_manifest_or_report_stops_a_resume_with_what_to_delete(
    run: Path, made: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = made.parent / "small.yaml"
    again = ["run", str(recipe), "--run", str(run), "--workers", "0", "--quiet"]
    (manifest,) = run.glob("*pack*/manifest.json")
    report = manifest.parent / "reports" / "00000.json"
    whole = {path: path.read_bytes() for path in (manifest, report)}
    for path in (manifest, report):
        cut(path, run)
        if path is report:
            manifest.unlink()
        with pytest.raises(SystemExit) as stop:
            main(again)
        assert stop.value.code == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith(f"altiplano: {path}: damaged (")
        assert line.endswith("delete this file and run the run's command again, which makes it anew")
        path.unlink()
        main(again)
        assert verify(str(run)).faults == ()
    assert manifest.read_bytes() == whole[manifest]


def test_a_manifest_of_another_run_stops_a_resume(
    run: Path, made: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (manifest,) = run.glob("*pack*/manifest.json")
    content = orjson.loads(manifest.read_bytes())
    content["bytes_in"] += 1
    manifest.write_bytes(sealed({key: held for key, held in content.items() if key != SEAL}))
    with pytest.raises(SystemExit):
        main(["run", str(made.parent / "small.yaml"), "--run", str(run), "--workers", "0", "--quiet"])
    assert f"{manifest}: damaged (it is not what run.json says)" in capsys.readouterr().err

"""A run whose raw files, models and folder lie on S3: the same bytes as on a disk, however badly the store behaves."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
import yaml

from pipeline.cli.main import main
from pipeline.config import load_recipe
from pipeline.library import Packed
from pipeline.plan import make_plan
from pipeline.run_lock import LOCK_FILE
from stages.models.find import find_language_model
from tests.demo import ROOT, TIMEOUT_SECONDS
from tests.s3_store import ACCESS_KEY, BUCKET, SECRET_KEY, Faults, Store, faulty, s3_store
from tests.small_run import bytes_of, make_small_run

pytestmark = pytest.mark.slow
FAULTS = Faults(refused=0.3, slow=0.03, cut=0.05, reset=0.03, seed=1)


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with s3_store() as running:
        yield running


def altiplano(store: Store, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pipeline.cli", *arguments],
        cwd=ROOT,
        env=os.environ | store.environment(),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )


def recipe(folder: Path, data: str, model: str) -> str:
    """The small run's recipe with a language filter, over raw files and a model that lie anywhere."""
    content = yaml.safe_load((folder / "small.yaml").read_text())
    steps = [{"filter": [{"language": {"keep": ["en"], "model": model}}]}]
    content["sources"] = {"c4": {"input": f"{data}/*.json.gz", "steps": steps}}
    path = folder / f"{len(data)}.yaml"
    path.write_text(yaml.safe_dump(content))
    return str(path)


def test_a_run_on_a_store_that_refuses_delays_cuts_and_resets_gives_the_same_bytes(
    store: Store, tmp_path: Path
) -> None:
    make_small_run(tmp_path)
    model = find_language_model(None)
    local = recipe(tmp_path, str(tmp_path), model)
    done = altiplano(store, "run", local, "--run", str(tmp_path / "there"), "--workers", "0", "--quiet")
    assert done.returncode == 0, done.stderr
    store.client().upload_file(str(tmp_path / "c4.json.gz"), BUCKET, "raw/c4.json.gz")
    store.client().upload_file(model, BUCKET, "models/lid.176.ftz")
    remote = recipe(tmp_path, f"s3://{BUCKET}/raw", f"s3://{BUCKET}/models/lid.176.ftz")
    run = f"s3://{BUCKET}/run"
    with faulty(store, FAULTS) as front:
        done = altiplano(front, "run", remote, "--run", run, "--workers", "0", "--quiet")
        assert done.returncode == 0, done.stderr
        assert min(front.counts[name] for name in ("refused", "slow", "cut", "reset")) > 3
        done = altiplano(front, "verify", run)
        assert (done.returncode, done.stdout.endswith(", 0 faults\n")) == (0, True), done.stdout
    found = {name: data for name, data in store.objects("run").items() if "/reports/" not in name}
    assert found == bytes_of(tmp_path / "there")
    whole = b"".join(store.objects("run").values()) + (done.stdout + done.stderr).encode()
    assert ACCESS_KEY.encode() not in whole
    assert SECRET_KEY.encode() not in whole


def test_a_plan_tells_the_requests_of_a_run(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten raw files of a task each, within a fifth: what they are billed as, and not of what kind they are."""
    make_small_run(tmp_path)
    lines = gzip.decompress((tmp_path / "c4.json.gz").read_bytes()).splitlines(keepends=True)
    for number in range(10):
        body = gzip.compress(b"".join(lines[number::10]), mtime=0)
        store.client().put_object(Bucket=BUCKET, Key=f"parts/{number}.json.gz", Body=body)
    content = yaml.safe_load((tmp_path / "small.yaml").read_text())
    steps = ["dedup_lines", {"filter": ["pii"]}]
    content["sources"] = {"c4": {"input": f"s3://{BUCKET}/parts", "task_bytes": 1, "steps": steps}}
    (tmp_path / "parts.yaml").write_text(yaml.safe_dump(content))
    with faulty(store, Faults()) as front:
        for name, value in front.environment().items():
            monkeypatch.setenv(name, value)
        plan = make_plan(load_recipe(str(tmp_path / "parts.yaml"))).estimate
        front.kinds.clear()
        run = f"s3://{BUCKET}/planned"
        main(["run", str(tmp_path / "parts.yaml"), "--run", run, "--workers", "0", "--quiet"])
    assert plan is not None
    assert plan.requests.gets == pytest.approx(front.kinds["GET"], rel=0.2)
    assert plan.requests.puts == pytest.approx(front.kinds["PUT"], rel=0.2)


def test_a_second_writer_on_a_store_is_told(store: Store, tmp_path: Path) -> None:
    make_small_run(tmp_path)
    command = (
        "run",
        str(tmp_path / "small.yaml"),
        "--run",
        f"s3://{BUCKET}/locked",
        "--workers",
        "0",
        "--quiet",
    )
    held = {"host": "elsewhere", "space": "", "pid": 7, "started": 1, "token": "t", "beat": 0}

    def write(beat: int) -> None:
        body = orjson.dumps(held | {"beat": beat})
        store.client().put_object(Bucket=BUCKET, Key=f"locked/{LOCK_FILE}", Body=body)

    write(0)
    with subprocess.Popen(
        [sys.executable, "-m", "pipeline.cli", *command],
        cwd=ROOT,
        env=os.environ | store.environment(),
        stderr=subprocess.PIPE,
        text=True,
    ) as second:
        beat = 0
        while second.poll() is None:
            beat += 1
            write(beat)
        assert second.stderr is not None
        errors = second.stderr.read()
    assert second.returncode == 2, errors
    assert errors.startswith(
        f"altiplano: s3://{BUCKET}/locked: process 7 on elsewhere is at work in this run"
    )


def test_packed_tokens_of_a_store_are_copied_once_and_not_asked_for_by_sequence(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Read by two ranks, by workers in processes of their own, and again later: each block is asked for once."""
    pytest.importorskip("torch")
    from stages.train.dataset import PackedIterable, PackedLoader

    here = Packed(make_small_run(tmp_path)).sequences()
    store.upload(tmp_path / "run", "packed")
    with faulty(store, Faults()) as front:
        for name, value in front.environment().items():
            monkeypatch.setenv(name, value)
        there = Packed(f"s3://{BUCKET}/packed", tmp_path / "cache").sequences()
        (shard,) = [name for name in store.objects("packed") if name.endswith(".bin")]
        assert front.gets[f"packed/{shard}"] == 0
        assert len(there) == len(here) > 40
        expected = here.read(0, len(here), documents=True)
        found = there.read(0, len(there), documents=True)
        assert found.ids.tolist() == expected.ids.tolist()
        assert found.positions is not None
        assert expected.positions is not None
        assert found.positions.tolist() == expected.positions.tolist()
        for rank in range(2):
            again = Packed(f"s3://{BUCKET}/packed", tmp_path / "cache").sequences()
            data = PackedIterable(again, 4, rank=rank, world_size=2)
            rows = [row for batch in PackedLoader(data, num_workers=rank) for row in batch["input_ids"]]
            wanted = [slot for slot in range(len(here) // 4 * 4) if slot % 2 == rank]
            assert [row.tolist() for row in rows] == [expected.ids[slot, :-1].tolist() for slot in wanted]
        assert front.gets[f"packed/{shard}"] == 1


@pytest.mark.parametrize("place", ["s3://", "s3:///x", "s3://no-such-bucket/x"])
def test_an_address_without_a_bucket_is_one_line(store: Store, tmp_path: Path, place: str) -> None:
    done = altiplano(
        store, "ingest", "c4", place, "--out", str(tmp_path / "run"), "--workers", "0", "--quiet"
    )
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("altiplano: ")

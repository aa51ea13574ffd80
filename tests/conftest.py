"""Fixtures that every test may use: the real dumps, and running a stage on a folder of its own."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from stages.core.documents import document_batch
from stages.core.given import manifest_of_parquet
from stages.core.manifest import Manifest, write_record
from stages.core.merge import MergeParts, second_level
from stages.core.parquet import DocumentWriter
from stages.core.stage import AnyStage, make_manifest, placed_tasks
from tests.demo import run_demo
from tests.plugin_packages import install  # noqa: F401 - a fixture

# Equal inputs on every run, here too; HYPOTHESIS_PROFILE=search looks for new ones. No deadline: kernels compile.
settings.register_profile("fixed", derandomize=True, deadline=None)
settings.register_profile("search", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fixed"))

SLOW_FIXTURES = {"demo_runs", "ray_pool"}
"""What takes a whole run, or Ray: a test that uses one is slow, as one of `shared_data` is real, without saying so."""

SHARED_DATA = Path(__file__).resolve().parents[1].parent / "shared" / "data"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests whose fixtures say that they are slow or real, for `make fast` to leave out."""
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        if "shared_data" in fixtures:
            item.add_marker(pytest.mark.real)
        if fixtures & SLOW_FIXTURES:
            item.add_marker(pytest.mark.slow)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name bytes that are no text after their argument: what is packed holds the time, and processes that share the tests
    have to collect the same ones."""
    is_packed = isinstance(val, bytes) and not (val.isascii() and val.decode().isprintable())
    return argname if is_packed else None


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real dumps beside the checkout; the test is skipped, and says so, where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the real dumps (../shared/data) are not here")
    return SHARED_DATA


@pytest.fixture(scope="session")
def demo_runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds the finished run `demo`, run once for all tests with two workers; only looked at."""
    folder = tmp_path_factory.mktemp("two-workers")
    run_demo(folder, "--workers", "2")
    return folder


@pytest.fixture
def run_stage(tmp_path: Path) -> Callable[..., Manifest]:
    """Run all tasks of a stage in this process, in a folder of its own, and return the manifest."""
    counter = iter(range(1_000_000))

    def run(stage: AnyStage, inputs: Sequence[Manifest] = (), node: str | None = None) -> Manifest:
        folder = tmp_path / f"{next(counter):02d}-{node or stage.stage_name}"
        folder.mkdir()
        tasks = placed_tasks(stage.plan(inputs), str(folder))
        reports = [stage.run(task) for task in tasks]
        reports += [MergeParts().run(task) for task in second_level(str(folder), reports)]
        fingerprint = stage.fingerprint([manifest.fingerprint for manifest in inputs])
        name = node or stage.stage_name
        manifest = make_manifest(name, stage, fingerprint, inputs, tasks, reports, str(folder))
        write_record(str(folder / "manifest.json"), manifest)
        return manifest

    return run


@pytest.fixture
def make_documents(tmp_path: Path) -> Callable[..., Manifest]:
    """Write documents, given as one list of columns (dicts) per shard, and return a manifest over them.

    `id` and `text` must be given; `source` is the id's first part, `metadata` is empty unless given.
    """
    counter = iter(range(1_000_000))

    def make(*shards: Sequence[dict[str, Any]]) -> Manifest:
        folder = tmp_path / f"given-{next(counter)}"
        folder.mkdir()
        for number, rows in enumerate(shards):
            writer = DocumentWriter(str(folder), f"{number:05d}")
            full = [{"source": row["id"].split("/")[0], "metadata": "{}"} | row for row in rows]
            names = sorted({name for row in full for name in row})
            writer.write(document_batch({name: [row.get(name) for row in full] for name in names}))
            writer.commit()
        return manifest_of_parquet([str(folder)])

    return make

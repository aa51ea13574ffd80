"""Processes that watch each other: who is silent, failed, or holds a store that is gone is named; who ended is not."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

torch = pytest.importorskip("torch")

from torch.distributed import HashStore  # noqa: E402

from stages.train import alive  # noqa: E402
from stages.train.alive import RankWatch  # noqa: E402


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alive, "BEAT_SECONDS", 0.01)
    monkeypatch.setattr(alive, "SILENT_SECONDS", 0.3)


def until(done: Callable[[], object]) -> None:
    for _ in range(1000):
        if done():
            return
        time.sleep(0.01)
    raise AssertionError("nothing came of it")


def test_one_that_falls_silent_is_named_to_all_others() -> None:
    store, lines = HashStore(), []
    watches = [RankWatch(store, rank, 3, lines.append) for rank in range(3)]
    for one in watches:
        one.start()
    time.sleep(0.1)
    assert lines == []
    watches[1]._stop.set()  # as one that was killed: it says nothing more
    until(lambda: len(lines) == 2)
    assert lines[0] == lines[1]
    assert lines[0].startswith("rank 1 of 3 on ")
    assert "nothing was heard of it for" in lines[0]


def test_one_that_failed_is_named_with_its_error_and_one_that_ended_is_not() -> None:
    store, lines = HashStore(), []
    watches = [RankWatch(store, rank, 3, lines.append) for rank in range(3)]
    for one in watches:
        one.start()
    watches[2].ended()
    watches[1].failed(ValueError("no\nmemory"))
    until(lambda: lines)
    assert lines[0].startswith("rank 1 of 3 on ")
    assert lines[0].endswith(": ended with ValueError: no memory")
    watches[0].wait_for_lost()


def test_an_error_of_all_is_told_by_each_and_by_no_watch() -> None:
    store, lines = HashStore(), []
    watches = [RankWatch(store, rank, 2, lines.append) for rank in range(2)]
    for one in watches:
        one.start()
    for one in watches:
        one.failed(ValueError("the same"))
    time.sleep(0.1)
    assert lines == []


def test_a_store_that_is_gone_is_named() -> None:
    class Gone(HashStore):  # type: ignore[misc]
        def set(self, key: str, value: str) -> None:
            raise RuntimeError("Connection reset by peer")

    lines: list[str] = []
    watch = RankWatch(Gone(), 1, 2, lines.append)
    watch.start()
    until(lambda: lines)
    assert lines[0].startswith(
        "the store of the processes, which rank 0's machine holds, is gone (Connection reset"
    )
    watch.failed(RuntimeError("gloo"))  # says it to nobody, and ends

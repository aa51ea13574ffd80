"""Fixtures of the fetch tests: a server of its own for every test, and a client that never really sleeps."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from stages.fetch.client import Client
from stages.fetch.pace import Pacer
from tests.stages.fetch.dump_server import DumpServer, FakeTime, running_server


@pytest.fixture
def server() -> Iterator[DumpServer]:
    """A server of its own for every test."""
    with running_server() as dump_server:
        yield dump_server


@pytest.fixture
def fake_time() -> FakeTime:
    """Time that costs none."""
    return FakeTime()


@pytest.fixture
def client(fake_time: FakeTime) -> Client:
    """A client that never really sleeps."""
    return Client(pacer=Pacer(clock=fake_time.clock, sleep=fake_time.sleep), timeout_seconds=120.0, retries=3)

"""Where attempts at tasks run: this process, this machine's workers, or a cluster. Only here is ray imported."""

from __future__ import annotations

import logging
import re
import resource
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Protocol

from pipeline.at_hand import cores_at_hand
from pipeline.execute import Outcome, Step, execute
from pipeline.machine import machine_trouble
from stages.core.errors import MachineError, UserError
from stages.core.reading import told
from stages.core.threads import let_threads_sleep

SECONDS_BETWEEN_LOOKS = 2.0
OPEN_FILES, MIN_OPEN_FILES = 65_536, 128
"""What Ray recommends for busy machines, and with what it still ran here (2.60; with 24 it did not start)."""

OBJECT_STORE_BYTES = 100 << 20
"""Shards travel through storage, so Ray's own object store stays small."""

DASHBOARD_MODULES = ("aiohttp", "aiohttp_cors", "opencensus", "prometheus_client")
"""What Ray's dashboard imports beside Ray; without them Ray goes on and shows none."""

_NOT_IMPORTED = re.compile(r"^((?:ModuleNotFoundError|ImportError|AttributeError): .+)", re.MULTILINE)


class Pool(Protocol):
    """Where attempts run: steps that hand documents on. `finished` waits a while for one to end; `alone` asks for a
    machine to itself."""

    @property
    def size(self) -> int: ...
    def submit(self, key: tuple[str, int], steps: Sequence[Step], alone: bool = False) -> None: ...
    def finished(self) -> Iterator[tuple[tuple[str, int], Outcome]]: ...
    def kill(self, key: tuple[str, int]) -> None: ...
    def close(self) -> None: ...


class InlinePool:
    """Runs every task in this process, one at a time: for tests and debuggers, no Ray."""

    size = 1

    def __init__(self) -> None:
        self._queue: deque[tuple[tuple[str, int], Sequence[Step]]] = deque()

    def submit(self, key: tuple[str, int], steps: Sequence[Step], alone: bool = False) -> None:
        """Queue a task."""
        self._queue.append((key, steps))

    def finished(self) -> Iterator[tuple[tuple[str, int], Outcome]]:
        """Run the next queued task."""
        key, steps = self._queue.popleft()
        yield key, execute(steps)

    def kill(self, key: tuple[str, int]) -> None:
        """Nothing: what runs in this process ends by itself, or by its own alarm."""

    def close(self) -> None:
        """Forget what is queued."""
        self._queue.clear()


@dataclass(frozen=True)
class TaskResources:
    """What a task asks Ray for: cores, bytes of memory, and the GPUs of a training (None: one where there is one)."""

    cpus: int = 1
    memory_bytes: int | None = None
    gpus: int | None = None


def open_pool(
    workers: int | None, address: str | None, resources: TaskResources, dashboard: bool = False
) -> Pool:
    """Where `workers` processes of this machine run tasks, or a cluster; 0: this process, None: one for each core.

    `dashboard` starts Ray's for workers of this machine; a cluster has its own, and this process alone has no Ray.
    """
    if workers == 0 and address is None:
        if dashboard:
            raise UserError("--dashboard: there is no Ray with --workers 0")
        return InlinePool()
    if dashboard and address is not None:
        raise UserError(
            "--dashboard: a cluster has its own, which `ray start --head` names; leave it out with --address"
        )
    return RayPool(cores_at_hand() if workers is None else workers, address, resources, dashboard)


class RayPool:
    """Ray tasks on this machine (`workers` processes) or on a cluster (`address`)."""

    def __init__(
        self,
        workers: int,
        address: str | None,
        resources: TaskResources | None = None,
        dashboard: bool = False,
    ) -> None:
        import ray  # here, since a run that has nothing left to do needs no Ray

        self._ray: Any = ray
        handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        if address is None:
            self._start(workers, dashboard)
        else:
            self._join(address)
        if threading.current_thread() is threading.main_thread():
            for number, handler in handlers.items():  # Ray puts its own in their place
                signal.signal(number, handler or signal.SIG_DFL)
        self._resources = resources or TaskResources()
        self._size, self._counted = 1, float("-inf")
        # The runner counts attempts by itself, a dead worker's too, so Ray does not retry.
        self._execute = self._ray.remote(max_retries=0)(execute)
        self._running: dict[Any, tuple[str, int]] = {}

    @property
    def size(self) -> int:
        """Cores of the cluster by now: nodes join and leave while a run is under way, and more tasks ask for more nodes."""
        now = time.monotonic()
        if now - self._counted >= SECONDS_BETWEEN_LOOKS:
            self._size, self._counted = max(1, int(self._ray.cluster_resources().get("CPU", 1))), now
        return self._size

    def _start(self, workers: int, dashboard: bool) -> None:
        """A Ray of our own."""
        if dashboard and any(find_spec(name) is None for name in DASHBOARD_MODULES):
            raise UserError("--dashboard: needs what Ray calls its default extra: pip install 'ray[default]'")
        let_threads_sleep()
        _allow_open_files()
        try:
            # Not without an address: Ray would join whatever cluster it finds, by RAY_ADDRESS or on this machine.
            started = self._ray.init(
                address="local",
                num_cpus=workers,
                include_dashboard=dashboard,
                log_to_driver=False,
                logging_level=logging.ERROR,
                object_store_memory=OBJECT_STORE_BYTES,
                ignore_reinit_error=True,
            )
        except (RuntimeError, OSError) as error:
            raise MachineError(
                f"Ray does not start on this machine ({machine_trouble(error) or told(error)}); --workers 0 does without it"
            ) from error
        if dashboard:
            sys.stderr.write(f"altiplano: Ray's dashboard is at http://{started.dashboard_url}\n")

    def _join(self, address: str) -> None:
        try:
            self._ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
        except (ConnectionError, ValueError) as error:
            raise UserError(
                f"--address {address}: no Ray cluster answers there ({' '.join(str(error).split())}); a cluster that was"
                " started with a token, as `ray start` does where one lies in ~/.ray, needs RAY_AUTH_MODE=token here too"
            ) from error

    def submit(self, key: tuple[str, int], steps: Sequence[Step], alone: bool = False) -> None:
        """Start a task on one core, or on all of one machine when a stage wants them, or it died beside others."""
        asked = self._resources
        options: dict[str, int] = {"num_cpus": self._largest_machine() if alone else asked.cpus}
        if any(step.stage.uses_all_cores for step in steps):
            # Ray hides every GPU from a task that asks for none.
            has_gpu = self._ray.cluster_resources().get("GPU", 0) >= 1
            gpus = int(has_gpu) if asked.gpus is None else asked.gpus
            options = {"num_cpus": self._largest_machine(), "num_gpus": gpus}
        if asked.memory_bytes is not None:
            options["memory"] = asked.memory_bytes
        self._running[self._execute.options(**options).remote(steps)] = key

    def finished(self) -> Iterator[tuple[tuple[str, int], Outcome]]:
        """Wait for a task, but not for long: nothing may come of it. All that are done by then, since to ask costs by how
        many run."""
        done, others = self._ray.wait(list(self._running), num_returns=1, timeout=SECONDS_BETWEEN_LOOKS)
        if done and others:
            done += self._ray.wait(others, num_returns=len(others), timeout=0)[0]
        for reference in done:
            key = self._running.pop(reference)
            try:
                yield key, self._ray.get(reference)
            except (
                self._ray.exceptions.RayTaskError
            ) as error:  # `execute` raises nothing, so it was not reached
                yield key, _unread(error)
            except self._ray.exceptions.RayError as error:
                yield key, _died(error)

    def kill(self, key: tuple[str, int]) -> None:
        """End the process of a task, which then counts as one that died."""
        for reference, running in self._running.items():
            if running == key:
                self._ray.cancel(reference, force=True)

    def _largest_machine(self) -> int:
        """Cores of the machine that has the most."""
        cores = [node.get("Resources", {}).get("CPU", 1) for node in self._ray.nodes() if node.get("Alive")]
        return max(1, *map(int, cores)) if cores else 1

    def close(self) -> None:
        """Leave Ray, which ends the workers of whoever leaves.

        Nothing is cancelled before: a task that ends while it is cancelled makes Ray (2.60) abort this process, with
        "Tried to complete task that was not pending", and on Ctrl-C all tasks end at once.
        """
        with _uninterrupted():
            self._ray.shutdown()


def _died(error: Exception) -> Outcome:
    return Outcome(trace=f"{error}\nthe worker process died ({type(error).__name__})", has_died=True)


def _unread(error: Exception) -> Outcome:
    """What came of a task that a worker could not read: most often it does not find the module of a plug-in."""
    if (found := _NOT_IMPORTED.search(str(error))) is None:
        return _died(error)
    return Outcome(
        mistake=f"a worker cannot import what a stage is made of ({found[1]}); install the package of the plug-in there, or"
        " name its folder in the workers' PYTHONPATH (docs/extending.md)"
    )


def _allow_open_files() -> None:
    """As many open files as the machine lets a process have; a MachineError when those are too few for Ray."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    if wanted < MIN_OPEN_FILES:
        raise MachineError(
            f"a process may have {wanted} open files here, and Ray needs {MIN_OPEN_FILES}; raise `ulimit -n`,"
            " or run with --workers 0"
        )


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Let no second Ctrl-C in, which would leave Ray's processes behind."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

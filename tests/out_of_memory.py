"""`python -m tests.out_of_memory`: Ray's memory monitor kills a worker at a record that eats memory; it is given up.

The monitor's threshold is set a little above what the machine uses now; other processes are left alone. A process of its
own, since the threshold is of a Ray, and tests share one.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from cyclopts import App

from pipeline.runner import OnError
from stages.core.errors import StageFailedError

HERE = Path(__file__).parent

app = App(name="out_of_memory", help="A record that eats memory under Ray's memory monitor.")


def memory_bytes(name: str) -> int:
    """A size that /proc/meminfo tells."""
    lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))


@app.default
def main(*, on_error: OnError = "ledger", room_mb: int = 3072) -> None:
    """Run three records, the second of which eats; print what was told, what became of them, and each attempt's cores.

    Parameters
    ----------
    on_error
        what the run does with such a record
    room_mb
        what the machine may use more than now
    """
    total = memory_bytes("MemTotal")
    threshold = (total - memory_bytes("MemAvailable") + (room_mb << 20)) / total
    sys.path.insert(0, str(HERE / "pipeline"))
    os.environ["PYTHONPATH"] = os.pathsep.join([str(HERE / "pipeline"), str(HERE.parent)])
    os.environ |= {"RAY_memory_usage_threshold": f"{threshold:.5f}", "RAY_memory_monitor_refresh_ms": "50"}
    from toys import Copy, Hungry

    from pipeline.graph import Graph
    from pipeline.pools import RayPool
    from pipeline.progress import Progress
    from pipeline.runner import Runner

    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "lines.txt"
        raw.write_text("one\neat\nthree")
        graph = Graph()
        graph.add("copy", Copy(), [graph.add("read", Hungry(input=(str(raw),)))])
        runner = Runner(graph, str(Path(folder) / "run"), "toy", Progress(sys.stderr), on_error)
        try:
            result = runner.run(lambda: RayPool(2, None), ["copy"])
        except StageFailedError as error:
            sys.stdout.write(f"{error}, {error.trace.splitlines()[-1]}\n")
        else:
            dropped, kept = result.manifests["read"].dropped, result.manifests["copy"].documents_out
            sys.stdout.write(f"dropped {dropped}, kept {kept}\n")
        sys.stdout.write(f"cores of the attempts: {' '.join(Hungry.notes(str(raw)).read_text().split())}\n")


if __name__ == "__main__":
    app()

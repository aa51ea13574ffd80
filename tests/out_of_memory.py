"""`python -m tests.out_of_memory`: Ray's memory monitor kills a worker at a record that eats memory; it is given up.

The monitor's threshold is set 3 GB above what the machine uses now; other processes are left alone.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
ROOM_BYTES = 3 << 30


def threshold() -> float:
    """Share of the machine's memory that is used now, and ROOM_BYTES."""
    lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    sizes = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in lines}
    return (sizes["MemTotal"] - sizes["MemAvailable"] + ROOM_BYTES) / sizes["MemTotal"]


def main() -> None:
    """Run three records, the second of which eats; print what became of them."""
    sys.path.insert(0, str(HERE / "pipeline"))
    os.environ["PYTHONPATH"] = os.pathsep.join([str(HERE / "pipeline"), str(HERE.parent)])
    os.environ |= {"RAY_memory_usage_threshold": f"{threshold():.3f}", "RAY_memory_monitor_refresh_ms": "50"}
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
        runner = Runner(graph, str(Path(folder) / "run"), "toy", Progress(sys.stdout), "ledger")
        result = runner.run(lambda: RayPool(2, None), ["copy"])
    dropped, kept = result.manifests["read"].dropped, result.manifests["copy"].documents_out
    sys.stdout.write(f"dropped {dropped}, kept {kept}\n")
    raise SystemExit(0 if (dropped, kept) == ({"poison": 1}, 2) else 1)


if __name__ == "__main__":
    main()

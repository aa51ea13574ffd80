"""A peer's work on a file of documents in, its time and memory out, measured by a script in the peers' own environment."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.measure import Measured

SCRIPTS = Path(__file__).parent / "peers"
PACKAGES = {"datatrove": "datatrove", "data-juicer": "py-data-juicer", "dolma": "dolma"}
_ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"), "1"
)
_OFFLINE = {  # data-juicer installs what it misses when it is imported; here nothing is installed behind one's back
    "PIP_NO_INDEX": "1",
    "UV_OFFLINE": "1",
    "HF_HUB_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "TOKENIZERS_PARALLELISM": "false",
}


class PeerFailedError(RuntimeError):
    """A peer that is installed did not do its work."""


@dataclass(frozen=True)
class Peers:
    """The environment that `make peers` makes, at `folder`."""

    folder: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder.absolute() / "bin" / "python"

    def versions(self) -> dict[str, str]:
        """The version of every peer that is installed."""
        if not self.python.exists():
            return {}
        code = (
            "import json, sys; from importlib.metadata import distributions\n"
            "print(json.dumps({d.metadata['Name']: d.version for d in distributions()}))"
        )
        found = json.loads(subprocess.run([self.python, "-c", code], capture_output=True, check=True).stdout)
        return {tool: found[name] for tool, name in PACKAGES.items() if name in found}

    def missing(self) -> list[str]:
        """A line for every peer that is not installed."""
        installed = self.versions()
        return [
            f"{tool} is not installed, so the rows beside it are left out; `make peers` installs it."
            for tool in PACKAGES
            if tool not in installed
        ]

    def run(self, tool: str, what: str, *arguments: object) -> dict[str, Any] | None:
        """What the script of `tool` says of its work; None when the peer is not installed."""
        if tool not in self.versions():
            return None
        script = SCRIPTS / f"run_{tool.replace('-', '_')}.py"
        command = [str(self.python), str(script), what, *map(str, arguments)]
        environment = os.environ | _ONE_THREAD | _OFFLINE
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise PeerFailedError(f"{tool} {what} failed:\n{done.stderr[-4000:]}")
        said: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
        return said

    def measure(self, tool: str, what: str, documents: Path) -> Measured | None:
        """Time and memory of `tool` at `what` on the JSON lines of `documents`, on one core."""
        said = self.run(tool, what, documents)
        return None if said is None else Measured(said["seconds"], said["peak_memory_bytes"])

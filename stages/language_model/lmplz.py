"""Lines of pieces in, a KenLM model in its binary form out: kenlm's own `lmplz` and `build_binary`, run on scratch files."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from stages.core.errors import UserError

TOOLS = ("lmplz", "build_binary")


def find_tool(name: str) -> str:
    """Path of one of kenlm's programs: beside this Python, else on PATH."""
    places = [str(Path(sys.executable).parent), os.environ.get("PATH", "")]
    found = shutil.which(name, path=os.pathsep.join(places))
    if found is None:
        raise UserError(f"no program {name!r}: `make lmplz` builds it from kenlm's source (cmake and Boost)")
    return found


def estimate(sentences: Iterable[str], binary: Path, order: int, memory_bytes: int) -> None:
    """Estimate an n-gram model with modified Kneser-Ney smoothing, as CCNet does, and write it as `binary`."""
    lmplz, build_binary = (find_tool(tool) for tool in TOOLS)
    scratch = binary.parent
    arpa = scratch / "model.arpa"
    # --discount_fallback: a text too small to estimate a discount gets a usual one
    options = ["--discount_fallback", "--skip_symbols", "-S", f"{memory_bytes}b", "-T", f"{scratch}/sort-"]
    _run([lmplz, "-o", str(order), *options, "--arpa", str(arpa)], scratch, sentences)
    _run([build_binary, "-T", f"{scratch}/build-", "probing", str(arpa), str(binary)], scratch)
    arpa.unlink()


def _run(command: Sequence[str], scratch: Path, lines: Iterable[str] = ()) -> None:
    """Run a program on `lines`; a UserError with its own last words when it fails."""
    log = scratch / "log.txt"
    with log.open("wb") as errors:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=errors)
        try:
            _feed(process.stdin, lines)
        except BrokenPipeError:
            pass  # it has stopped; its exit code and log say why
        finally:
            code = process.wait()
    if code != 0:
        said = log.read_text(encoding="utf-8", errors="replace").split("\n")
        last = next((line for line in reversed(said) if line.strip()), f"exit code {code}")
        raise UserError(f"{Path(command[0]).name} failed: {' '.join(last.split())[-300:]}")


def _feed(stdin: Any, lines: Iterable[str]) -> None:
    with stdin:
        for line in lines:
            stdin.write(f"{line}\n".encode())

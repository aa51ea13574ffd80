"""Command lines of `altiplano` in, run one after another in this process: a page of them loads imports and kernels once.

`python -m tests.command_server REQUESTS ANSWERS` reads requests from one pipe (process number of the shell that asks, its
folder, the arguments; each ends in a NUL, a request in two) and writes an exit code a line into the other. What a command
prints goes where the shell's own output goes, redirections included.
"""

from __future__ import annotations

import os
import subprocess
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path

from pipeline.cli.main import main

SHELL_FUNCTION = r"""
altiplano() {
  BEFORE
  local code shell=$BASHPID
  # in a shell of its own: a redirection of `printf` would be this shell's output for as long as it lasts
  (printf '%s\0' "$shell" "$PWD" "$@"; printf '\0') > REQUESTS &
  wait $!
  read -r code < ANSWERS
  return "$code"
}
"""
"""What makes `altiplano` of a shell ask the server; REQUESTS and ANSWERS are its pipes, BEFORE may change its arguments."""


def shell_function(requests: Path, answers: Path, before: str) -> str:
    """SHELL_FUNCTION for two pipes, and a line of shell that comes first."""
    pipes = SHELL_FUNCTION.replace("REQUESTS", f"'{requests}'").replace("ANSWERS", f"'{answers}'")
    return pipes.replace("BEFORE", before)


def run_lines(
    lines: list[str], folder: Path, environment: Mapping[str, str], before: str = ":"
) -> subprocess.CompletedProcess[str]:
    """The lines in a shell whose `altiplano` is one process for all of them: each would load all kernels again."""
    requests, answers = folder / "requests", folder / "answers"
    for pipe in (requests, answers):
        os.mkfifo(pipe)
    server = [sys.executable, "-m", "tests.command_server", str(requests), str(answers)]
    with subprocess.Popen(server, env=dict(environment)) as serving:
        try:
            return subprocess.run(
                ["bash", "-c", "\n".join(["set -e", shell_function(requests, answers, before), *lines])],
                cwd=folder,
                env=dict(environment),
                capture_output=True,
                text=True,
                timeout=900,
                check=False,
            )
        finally:
            serving.kill()


def serve(requests: str, answers: str) -> None:
    """Answer until the pipe of requests is gone."""
    held = b""
    # Both to read and to write: then none ends when the shell's end is closed, nor does the shell meet an end in between.
    asked, told = os.open(requests, os.O_RDWR), os.open(answers, os.O_RDWR)
    while piece := os.read(asked, 1 << 16):
        held += piece
        while b"\0\0" in held:
            request, _, held = held.partition(b"\0\0")
            shell, folder, *arguments = request.decode().split("\0")
            os.write(told, b"%d\n" % _run(shell, folder, arguments))


def _run(shell: str, folder: str, arguments: list[str]) -> int:
    os.chdir(folder)
    _print_to({number: f"/proc/{shell}/fd/{number}" for number in (1, 2)})
    sys.argv = ["altiplano", *arguments]
    try:
        main(arguments)
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        print(end.code, file=sys.stderr)  # noqa: T201
        return 1
    except BaseException:  # noqa: BLE001 - as the interpreter does with what no one catches
        traceback.print_exc()
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        _print_to({1: os.devnull, 2: os.devnull})  # who reads the shell's output waits until nobody holds it
    return 0


def _print_to(places: dict[int, str]) -> None:
    for number, place in places.items():
        target = os.open(place, os.O_WRONLY | os.O_APPEND)
        os.dup2(target, number)
        os.close(target)
    # new ones, since a stream remembers of a file that one can seek in it, and a pipe is none
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", buffering=1, closefd=False)  # noqa: SIM115


if __name__ == "__main__":
    serve(*sys.argv[1:])

"""`altiplano status`: how far a run is, from any terminal."""

from __future__ import annotations

import sys
import time

from pipeline.cli.output import AsJson, print_table, say, say_json
from pipeline.inspect.status import WAITING, RunStatus, run_status, status_lines, status_table
from stages.core.errors import UserError

_TO_THE_TOP = "\x1b[H\x1b[2J"


def status(run: str, /, *, watch: bool = False, every: float = 2.0, as_json: AsJson = False) -> None:
    """How far the stages of a run are, finished or under way, who is at work on it, and how it stopped, where it did.

    Parameters
    ----------
    run
        folder of a run
    watch
        show it again and again until it is finished, or Ctrl-C
    every
        seconds between two looks
    """
    if not every > 0:
        raise UserError(f"--every {every:g}: give seconds, more than 0")
    try:
        while True:
            found = run_status(run)
            if watch and not as_json and sys.stdout.isatty():
                sys.stdout.write(_TO_THE_TOP)
            _show(found, as_json)
            if not watch or found.is_finished:
                return
            sys.stdout.flush()
            time.sleep(every)
    except KeyboardInterrupt:
        if not watch:
            raise


def _show(found: RunStatus, as_json: bool) -> None:
    if as_json:
        say_json(found)
        return
    if any(one.state != WAITING for one in found.stages):
        print_table(status_table(found.stages))
    for line in status_lines(found):
        say(line)

"""`altiplano status`: how far a run is, from any terminal."""

from __future__ import annotations

from pipeline.cli.output import AsJson, print_table, say, say_json
from pipeline.inspect.status import WAITING, run_status, status_lines, status_table


def status(run: str, /, *, as_json: AsJson = False) -> None:
    """How far the stages of a run are, finished or under way, and who is at work on it.

    Parameters
    ----------
    run
        folder of a run
    """
    found = run_status(run)
    if as_json:
        say_json(found)
        return
    if any(one.state != WAITING for one in found.stages):
        print_table(status_table(found.stages))
    for line in status_lines(found):
        say(line)

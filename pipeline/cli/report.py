"""`altiplano report`: a run as one HTML file."""

from __future__ import annotations

from pipeline.cli.output import say
from pipeline.report.gather import gather_facts
from pipeline.report.page import report_page
from pipeline.report.shell import chart_script
from stages.core import storage
from stages.core.atomic import write_bytes
from stages.core.errors import UserError


def report(run: str, /, *, out: str | None = None, examples: int = 3, seed: int = 0) -> None:
    """Write a report of a run: one HTML file with charts, examples and tables, that opens offline.

    Parameters
    ----------
    run
        folder of a run, finished or under way
    out
        the file (default: <name of the run>-report.html here)
    examples
        documents of each rule that are shown
    seed
        another one draws other examples
    """
    if examples < 1 or seed < 0:
        raise UserError("--examples: give 1 or more; --seed: 0 or more")
    script = chart_script()
    facts = gather_facts(run, examples, seed)
    place = out or f"{storage.absolute(run).rstrip('/').rpartition('/')[2]}-report.html"
    data = "".join(report_page(facts, script)).encode()
    write_bytes(place, data)
    say(f"{place}: {len(data) / 1e6:.1f} MB, of which {len(script) / 1e6:.1f} MB is the script of the charts")

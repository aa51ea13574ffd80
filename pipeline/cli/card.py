"""`altiplano card`: the dataset card of a run."""

from __future__ import annotations

from pipeline.card.publish import run_card
from pipeline.cli.output import say
from stages.core.atomic import write_bytes


def card(run: str, /, *, out: str | None = None) -> None:
    """Write the dataset card of a run: sources, licences, what each stage dropped, languages, takedowns, limits.

    Parameters
    ----------
    run
        folder of a run
    out
        the file (default: standard output)
    """
    text = run_card(run)
    if out is None:
        for line in text.splitlines():
            say(line)
        return
    write_bytes(out, text.encode())
    say(f"{out}: {len(text.splitlines())} lines")

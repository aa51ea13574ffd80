"""`altiplano explore`: the documents of a run in a browser, which are read and marked there."""

from __future__ import annotations

import sys

from pipeline.cli.output import note, say
from pipeline.explore.marks import Marks
from pipeline.explore.run_view import RunView
from pipeline.explore.server import HOST, ExploreServer
from stages.core import storage
from stages.core.errors import UserError

MAX_PORT = 65_535


def explore(run: str, /, *, labels: str | None = None, port: int = 0, browser: bool = False) -> None:
    """Read and mark the documents of a run in a browser: by source, rule, value, language, words and URL.

    It prints an address that holds a token, answers this machine alone, and ends with Ctrl-C.

    Parameters
    ----------
    run
        folder of a run, finished or under way
    labels
        file of the marks, JSON lines that `quality evaluate --labels` takes (default: <name of the run>-labels.jsonl here)
    port
        where it listens; 0 is any port that is free
    browser
        open the page in the browser of this machine
    """
    if not 0 <= port <= MAX_PORT:
        raise UserError(f"--port {port}: give 0 to {MAX_PORT}")
    view = RunView(run)
    name = storage.absolute(run).rstrip("/").rpartition("/")[2]
    marks = Marks(labels or f"{name}-labels.jsonl")
    try:
        server = ExploreServer(view, marks, port)
    except OSError as error:
        raise UserError(f"--port {port}: {HOST} does not let it listen there ({error.strerror})") from error
    with server:
        try:
            _serve(server, browser)
        except KeyboardInterrupt:
            note(f"ended; {len(marks):,} documents are marked in {marks.place}")


def _serve(server: ExploreServer, browser: bool) -> None:
    """Say where the pages are, and answer until Ctrl-C."""
    say(server.address)
    sys.stdout.flush()
    note("it shows the run to whoever has this address on this machine; Ctrl-C ends it")
    if browser:
        import webbrowser

        webbrowser.open(server.address)
    server.serve_forever()

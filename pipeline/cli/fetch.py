"""`altiplano fetch SITE`: a command for every site, its options made from the site's class."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter
from pydantic import Field, create_model
from rich.console import Console

from pipeline.cli.fetch_cited import cited
from pipeline.cli.output import FAILURE_CODE, print_table, say
from pipeline.cli.politeness import Politeness
from pipeline.cli.running import checked
from pipeline.registry import sites
from pipeline.text_table import add_text_row, text_table
from stages.core.errors import UserError
from stages.core.manifest import Record
from stages.core.printing import printable
from stages.fetch.fetcher import FAILED, FETCHED, PRESENT, Fetcher, FetchOutcome
from stages.fetch.remote import RemoteFile
from stages.fetch.site import Site

MAX_FAILURES_SHOWN = 20


class FetchOptions(Politeness):
    """How to fetch, for every site."""

    out: str | None = Field(
        None, description="folder to fetch into; what is there already is not fetched again"
    )
    dry_run: Annotated[bool, Parameter(name="--list", negative="")] = Field(
        False, description="show names, sizes and checksums, and fetch nothing"
    )
    verify: Annotated[bool, Parameter(negative="")] = Field(
        False, description="check the digest of files that are there already, not only their size"
    )


def _add(group: App, name: str, site: type[Site]) -> None:
    def command(*, chosen=None, options=None):  # type: ignore[no-untyped-def]
        given = chosen.model_dump(exclude_unset=True) if chosen is not None else {}
        fetch(checked(site, given), options or FetchOptions())

    fields: dict[str, Any] = {key: (info.annotation, info) for key, info in site.model_fields.items()}
    bare = create_model(f"{site.__name__}Options", __base__=Record, **fields)
    command.__annotations__ = {
        "chosen": Annotated[bare | None, Parameter(name="*")],
        "options": Annotated[FetchOptions | None, Parameter(name="*")],
    }
    group.command(command, name=name, help=site.help)


def fetch(site: Site, options: FetchOptions) -> None:
    """Fetch what a site's options choose, or list it; exit code 1 when a file failed."""
    connections = options.connections or site.default_connections
    site.check_connections(connections)
    if options.out is None and not options.dry_run:
        raise UserError(f"fetch {site.site}: needs --out FOLDER, or --list to see what would be fetched")
    client = options.client(site.seconds_between)
    files = site.list_files(client)
    if options.dry_run:
        show_list(files)
        return
    progress = _Progress(len(files), options.quiet)
    fetcher = Fetcher(client, site.site, Path(options.out or ""), connections, options.verify, progress.add)
    show_outcomes(fetcher.run(files), options.out or "")


class _Progress:
    """A line on standard error for every file."""

    def __init__(self, num_files: int, quiet: bool) -> None:
        self._num_files, self._done = num_files, 0
        self._console = Console(stderr=True, quiet=quiet, highlight=False, markup=False, soft_wrap=True)

    def add(self, outcome: FetchOutcome) -> None:
        self._done += 1
        what = (
            outcome.reason
            if outcome.state == FAILED
            else f"{outcome.remote.name}, {outcome.num_bytes:,} bytes"
        )
        self._console.print(printable(f"{self._done}/{self._num_files} {outcome.state}: {what}"))


def show_list(files: Sequence[RemoteFile]) -> None:
    """Name, size and checksum of every file, and the sum."""
    for remote in files:
        size = "size unknown" if remote.size is None else f"{remote.size:,}"
        say(f"{remote.name}\t{size}\t{remote.checksum or 'no checksum'}")
    known = [remote.size for remote in files if remote.size is not None]
    unknown = len(files) - len(known)
    say(f"{len(files):,} files, {sum(known):,} bytes" + (f"; {unknown:,} of unknown size" if unknown else ""))


def show_outcomes(outcomes: Sequence[FetchOutcome], out: str) -> None:
    """A table of what became of the files; exit code 1 when one failed."""
    table = text_table(("",), ("files", "bytes"))
    for state in (FETCHED, PRESENT, FAILED):
        those = [outcome for outcome in outcomes if outcome.state == state]
        add_text_row(table, state, f"{len(those):,}", f"{sum(outcome.num_bytes for outcome in those):,}")
    print_table(table, 60)
    failed = [outcome for outcome in outcomes if outcome.state == FAILED]
    for outcome in failed[:MAX_FAILURES_SHOWN]:
        say(f"failed: {outcome.reason}")
    if len(failed) > MAX_FAILURES_SHOWN:
        say(f"and {len(failed) - MAX_FAILURES_SHOWN:,} more")
    if failed:
        say(f"{out}: run the same command again to fetch what failed")
        raise SystemExit(FAILURE_CODE)


def make_group() -> App:
    """The group of commands that download raw dumps."""
    group = App(name="fetch", help="Download raw dumps: resumable, checked, at a polite pace.")
    for name, site in sites().items():
        _add(group, name, site)
    group.command(cited)
    return group


app = make_group()

"""`altiplano fetch cited`: what Wikipedia cites in, WARC files of those very pages out of CommonCrawl's archives."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console

from pipeline.chain import stage_at
from pipeline.cli.output import FAILURE_CODE, note, print_table, say
from pipeline.cli.politeness import Politeness
from pipeline.cli.running import checked, flat
from pipeline.graph import RUN_FILE
from pipeline.text_table import add_text_row, text_table
from quality_classifier.captures.cited_fetch import CaptureOptions, CitedFetch, CitedFetched
from quality_classifier.captures.wanted import is_table, wanted_pages
from quality_classifier.references import ReferenceUrls
from stages.core import storage
from stages.core.manifest import MANIFEST_NAME, TABLE
from stages.core.printing import printable

MAX_UNREAD_SHOWN = 20


def cited(
    inputs: Annotated[
        list[str],
        Parameter(
            help="runs of `altiplano quality references`, their tables, or lists of addresses: files, patterns"
        ),
    ],
    /,
    *,
    out: Annotated[str, Parameter(help="folder to fetch into; what is there already is not fetched again")],
    options: flat(CaptureOptions) = None,  # type: ignore[valid-type]
    polite: Annotated[Politeness | None, Parameter(name="*")] = None,
) -> None:
    """Fetch the pages that Wikipedia cites out of Common Crawl: their newest captures by its index, as WARC files."""
    given = {} if options is None else options.model_dump(exclude_unset=True)
    chosen, polite = checked(CaptureOptions, given), polite or Politeness()
    wanted = wanted_pages(*_tables_and_lists(inputs))
    console = Console(stderr=True, quiet=polite.quiet, highlight=False, markup=False, soft_wrap=True)
    between = chosen.seconds_between_questions if chosen.index == "cdx" else 0.0
    fetch = CitedFetch(
        chosen,
        Path(out),
        asking=polite.client(between),
        reading=polite.client(0.0),
        connections=polite.connections or chosen.default_connections,
        on_line=lambda line: console.print(printable(line)),
    )
    show_fetched(fetch.run(wanted), out)


def _tables_and_lists(inputs: list[str]) -> tuple[list[str], list[str]]:
    tables: list[str] = []
    lists: list[str] = []
    for given in inputs:
        if any(storage.exists(storage.join(given, name)) for name in (RUN_FILE, MANIFEST_NAME)):
            tables += stage_at(given, ReferenceUrls).uris(TABLE)
            continue
        for file in storage.find_files(given):
            (tables if is_table(file.uri) else lists).append(file.uri)
    return tables, lists


def show_fetched(fetched: CitedFetched, out: str) -> None:
    """A table of pages by outcome; exit code 1 when some are to be asked for again."""
    table = text_table(("",), ("pages", "hosts", "bytes"))
    for one in fetched.counts:
        add_text_row(table, one.outcome, f"{one.pages:,}", f"{one.hosts:,}", f"{one.num_bytes:,}")
    print_table(table, 60)
    if fetched.read.row_groups:
        say(f"index: {fetched.read.row_groups_read:,} of {fetched.read.row_groups:,} row groups were read")
    for line in fetched.unread[:MAX_UNREAD_SHOWN]:
        note(f"warning: not read: {line}")
    if fetched.unread or fetched.unreachable:
        again = len(fetched.unread), len(fetched.unreachable)
        say(
            f"{out}: {again[0]:,} parts of the index and {again[1]:,} pages could not be had; run the same command again"
        )
        raise SystemExit(FAILURE_CODE)

"""A run's ingest of Wikipedia, or dumps, in; a table of templates that vanish inside sentences, by wiki, out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.table import Table

from pipeline.graph import RUN_FILE, run_manifests
from pipeline.text_table import add_text_row, text_table
from stages.core import storage
from stages.core.errors import UserError
from stages.core.manifest import MANIFEST_NAME, Manifest, read_manifest
from stages.ingest.base import list_raw_files
from stages.ingest.raw import RawFile
from stages.ingest.wikipedia.stage import WikipediaIngest
from stages.ingest.wikipedia.streams import refuse_other_dumps
from stages.ingest.wikipedia.vanished import (
    VanishedTally,
    VanishedTemplate,
    VanishedTemplates,
    vanished_in,
)


def vanished_templates(given: Sequence[str], with_known: bool = False) -> list[VanishedTemplate]:
    """The templates of a run's or stage's report, or of all articles of dumps, the commonest first.

    `with_known` adds those that a rule gives no text, such as notes; a run does not report them.
    """
    manifests = [manifest for place in given for manifest in _manifests(place)]
    if not manifests:
        files = list_raw_files(given)
        for file in files:
            refuse_other_dumps(file)
        return vanished_in([RawFile(file.uri, file.name, file.size) for file in files], with_known)
    if with_known:
        raise UserError(
            f"--known: {given[0]} reports only templates that no rule knows; give the dumps themselves"
        )
    found = [manifest for manifest in manifests if manifest.stage == WikipediaIngest.stage_name]
    if not found:
        raise UserError(f"{given[0]}: no finished ingest of Wikipedia is there; give its run, or dumps")
    tally = VanishedTally()
    for manifest in found:
        for facts in manifest.facts_of(VanishedTemplates):
            tally.add(facts.vanished)
    return tally.rows()


def _manifests(place: str) -> list[Manifest]:
    """The manifests of a run or of a stage's folder; none where the place is neither."""
    if storage.exists(storage.join(place, RUN_FILE)):
        return list(run_manifests(place).values())
    return [read_manifest(place)] if storage.exists(storage.join(place, MANIFEST_NAME)) else []


def vanished_table(rows: Iterable[VanishedTemplate], limit: int) -> Table:
    """The first `limit` rows as a table."""
    table = text_table(("wiki", "template", "known", "example"), ("count",))
    for row in list(rows)[:limit]:
        add_text_row(
            table, row.wiki, row.name, "yes" if row.is_known else "no", row.example, f"{row.count:,}"
        )
    return table

"""Tables of references in, their totals, and a file of each cited page once, out."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from quality_classifier.references import MAX_UNREAD, CitedUrls
from stages.core.atomic import AtomicFile
from stages.core.errors import UserError
from stages.core.manifest import TABLE, Manifest

COPY_BYTES = 1 << 20

_DISTINCT = """COPY (SELECT min(url) FROM read_parquet(?) GROUP BY page ORDER BY page)
TO '{place}' (FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER '\t')"""


@dataclass(frozen=True)
class ReferenceTotals:
    """What a finished list of references holds, and what was left out of it."""

    articles: int
    rows: int
    damaged: int
    left_out: dict[str, int]
    unread: tuple[str, ...]

    def line(self) -> str:
        """For a person."""
        reasons = ", ".join(f"{reason} {count:,}" for reason, count in self.left_out.items())
        return (
            f"{self.rows:,} pages cited by {self.articles:,} articles; left out: {reasons or 'none'}; "
            f"damaged places: {self.damaged:,}"
        )


def reference_totals(references: Manifest) -> ReferenceTotals:
    """The sums over all tasks."""
    facts = references.facts_of(CitedUrls)
    left_out: Counter[str] = Counter()
    for one in facts:
        left_out.update(one.left_out)
    return ReferenceTotals(
        articles=sum(one.articles for one in facts),
        rows=sum(file.rows for file in references.of_kind(TABLE)),
        damaged=sum(one.damaged for one in facts),
        left_out=dict(sorted(left_out.items())),
        unread=tuple(line for one in facts for line in one.unread)[:MAX_UNREAD],
    )


def write_urls(tables: Sequence[str], place: str) -> int:
    """Write each page of tables of references once, by its first address in order, one a line; returns how many.

    Sorted by the pages' normal form; sorts on disk where memory does not hold them.
    """
    if any("://" in uri for uri in tables):
        raise UserError(f"{tables[0]}: addresses are listed of local runs only; copy its tables here")
    with tempfile.TemporaryDirectory() as scratch, duckdb.connect() as connection:
        made = Path(scratch) / "urls.txt"
        connection.execute(f"SET temp_directory = '{scratch}/spilled'")
        found = connection.execute(_DISTINCT.format(place=made), [list(tables)]).fetchone()
        with made.open("rb") as lines:
            out = AtomicFile(place)
            while piece := lines.read(COPY_BYTES):
                out.write(piece)
            out.finish()
            out.commit()
    return 0 if found is None else int(found[0])

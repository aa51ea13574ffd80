"""A run's folder in, what the pages of its explorer show out: what there is to choose from, documents, and their stories."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.explore.asked import KEPT_VIEW, MEASURED_VIEW
from pipeline.graph import RUN_FILE
from pipeline.look.explain import Event, story_of
from pipeline.look.places import Places, ends_of, places_of
from pipeline.look.rows import Row, rows_by_id
from pipeline.look.values import SCORES, scores_of, values_by_id
from stages.core import storage
from stages.core.errors import UserError
from stages.core.manifest import DOCUMENTS, LEDGER, VALUES
from stages.core.parquet import read_batches
from stages.core.stored import open_stored
from stages.core.values import FIXED

LANGUAGE_ROWS = 200_000
"""Rows in which languages are looked for, for a reader to choose from; any other can be typed."""

_COLUMNS = ("id", "source", "url", "language", "text", *SCORES)


@dataclass(frozen=True)
class Choices:
    """What a reader can choose from: names of views, stages by view, sources, rules by view, values by view, languages."""

    views: tuple[str, ...]
    nodes: Mapping[str, tuple[str, ...]]
    sources: tuple[str, ...]
    rules: Mapping[str, tuple[str, ...]]
    values: Mapping[str, tuple[str, ...]]
    languages: tuple[str, ...]


@dataclass(frozen=True)
class Story:
    """All that is known of a document: what happened to it, its row where it was last a text, and what rules measured."""

    id: str
    events: tuple[Event, ...]
    row: Row | None
    node: str
    values: Mapping[str, float]


class RunView:
    """A run that pages are made of, finished or under way: it is read anew when a stage ends."""

    def __init__(self, run: str) -> None:
        self.run = run
        self._lock = threading.Lock()
        self._judging = threading.Lock()
        self._seen: bytes | None = None
        self._known: tuple[Places, Choices]
        self.now()

    def now(self) -> tuple[Places, Choices]:
        """The run as it is now; a UserError when the folder is no run."""
        uri = storage.join(self.run, RUN_FILE)
        with self._lock:
            seen = storage.read_bytes(uri) if storage.exists(uri) else None
            if seen is None or seen != self._seen:  # written anew whenever a stage ends
                places = places_of(self.run)
                self._known, self._seen = (places, choices_of(places)), seen
            return self._known

    def story(self, document: str, node: str = "", full: bool = False) -> Story:
        """What is known of a document; a UserError where nothing is. `node` says where it was seen, if anywhere."""
        places, _ = self.now()
        events = story_of(places, document, full)
        if not events:
            raise UserError(f"{document}: no document of this id in {self.run}")
        found = _row_of(places, [node, *(one.node for one in reversed(events))], document)
        row, at = (None, events[-1].node) if found is None else found
        with self._judging:  # models keep tables of words that they met
            values, _ = values_by_id(places, places.filters_before(at), [document])
        scores = {} if row is None else scores_of(row)
        return Story(document, tuple(events), row, at, scores | values[document])

    def row_to_mark(self, document: str, node: str = "") -> Row | None:
        """A document as a mark keeps it, from where it was seen, else from the end of the run; None where it has no text."""
        places, _ = self.now()
        found = _row_of(places, [node, *reversed(places.manifests)], document)
        return None if found is None else found[0] | {"node": found[1]}


def _row_of(places: Places, nodes: Iterable[str], document: str) -> tuple[Row, str] | None:
    """The row of a document in the first of these stages that wrote or read it, and the stage."""
    for name in dict.fromkeys(nodes):
        if name in places.manifests:
            uris = [*places.manifests[name].uris(DOCUMENTS), *places.texts_before(name)]
            if (row := rows_by_id(uris, [document], _COLUMNS).get(document)) is not None:
                return row, name
    return None


def choices_of(places: Places) -> Choices:
    """What the finished stages of a run hold."""
    all_of = places.manifests.items()
    nodes = {
        KEPT_VIEW: tuple(node for node, one in all_of if one.of_kind(DOCUMENTS)),
        "dropped": tuple(node for node, one in all_of if one.of_kind(LEDGER) and one.dropped),
        "edited": tuple(node for node, one in all_of if one.of_kind(LEDGER) and one.edited),
        "merged": tuple(node for node, one in all_of if one.of_kind(LEDGER) and one.merged),
        MEASURED_VIEW: tuple(node for node, one in all_of if one.of_kind(VALUES)),
    }
    rules = {
        "dropped": _with_families({rule for _, one in all_of for rule in one.dropped}),
        "edited": _with_families({rule for _, one in all_of for rule in one.edited}),
    }
    measured = [places.manifests[node].uris(VALUES)[0] for node in nodes[MEASURED_VIEW]]
    return Choices(
        views=tuple(view for view, there in nodes.items() if there or view == KEPT_VIEW),
        nodes=nodes,
        sources=tuple(dict.fromkeys(source for _, one in all_of for source in one.sources)),
        rules=rules,
        values={KEPT_VIEW: SCORES, MEASURED_VIEW: tuple(dict.fromkeys(_measures(measured)))},
        languages=_languages(places),
    )


def _with_families(rules: set[str]) -> tuple[str, ...]:
    """Rules, and those that they are parts of: `gopher_quality` of `gopher_quality.words`."""
    return tuple(sorted(rules | {rule.partition(".")[0] for rule in rules}))


def _measures(uris: list[str]) -> list[str]:
    """Names of what tables of values hold, thresholds left out."""
    fixed = {field.name for field in FIXED}
    names = []
    for uri in uris:
        with open_stored(uri) as raw:
            names += [name for name in pq.read_schema(raw).names if name not in fixed and ":" not in name]
    return names


def _languages(places: Places) -> tuple[str, ...]:
    found: set[str] = set()
    rows = 0
    for manifest in ends_of(places).values():
        for batch in read_batches(manifest.uris(DOCUMENTS), ["language"]):
            found |= set(pc.unique(batch.column(0)).to_pylist()) - {None}
            rows += batch.num_rows
            if rows >= LANGUAGE_ROWS:
                return tuple(sorted(found))
    return tuple(sorted(found))

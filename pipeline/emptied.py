"""A graph and its manifests in, what kept nothing of its input out: the stage, the source, and the rules that dropped it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pyarrow.compute as pc

from pipeline.graph import Graph, Node
from pipeline.registry import source_kinds
from stages.core.ledger import DROP
from stages.core.manifest import LEDGER, Manifest, add_sources
from stages.core.parquet import read_batches
from stages.ingest.base import IngestStage

MAX_RULES = 3


@dataclass(frozen=True)
class Emptied:
    """A stage that kept nothing, or nothing of one source: what it was given, and what it dropped by rule."""

    node: str
    given: str
    dropped: Mapping[str, int]

    def line(self) -> str:
        """What a person is told; the commonest rule comes first."""
        rules = sorted(self.dropped.items(), key=lambda rule: (-rule[1], rule[0]))
        told = [f"{rule} {count:,}" for rule, count in rules[:MAX_RULES]]
        more = [f"{len(rules) - MAX_RULES} rules more"] if len(rules) > MAX_RULES else []
        by = f"; dropped by {', '.join(told + more)}" if rules else ""
        return f"{self.node} kept nothing of {self.given}{by}"


def emptied_stages(graph: Graph, manifests: Mapping[str, Manifest]) -> list[Emptied]:
    """What the finished stages of a graph kept nothing of, in its order: the first stage that loses it all is told."""
    found: list[Emptied] = []
    for node in graph.nodes.values():
        if (manifest := manifests.get(node.name)) is None:
            continue
        inputs = [manifests[name] for name in graph.parts(node.inputs) if name in manifests]
        found += _emptied(node, manifest, inputs)
    return found


def _emptied(node: Node, manifest: Manifest, inputs: Sequence[Manifest]) -> Iterator[Emptied]:
    is_ingest = isinstance(node.stage, (IngestStage, *source_kinds().values()))
    if not manifest.dropped:
        if is_ingest and manifest.bytes_in and not manifest.created:
            yield Emptied(node.name, f"{manifest.bytes_in:,} bytes of raw files: they hold no record", {})
        return
    if manifest.documents_out == 0:
        count = manifest.documents_in + manifest.created
        what = "raw record" if is_ingest else "document"
        yield Emptied(node.name, f"{count:,} {what}{'' if count == 1 else 's'}", manifest.dropped)
        return
    given = add_sources(one.sources for one in inputs if one.wrote_documents)
    for source, totals in given.items():
        if totals.documents and manifest.wrote_documents and source not in manifest.sources:
            documents = f"{totals.documents:,} document{'' if totals.documents == 1 else 's'} of {source}"
            yield Emptied(node.name, documents, _dropped(manifest, source))


def _dropped(manifest: Manifest, source: str) -> dict[str, int]:
    """Documents of a source that a stage dropped, by rule."""
    counts: Counter[str] = Counter()
    for batch in read_batches(manifest.uris(LEDGER), ["source", "action", "rule"]):
        own = pc.and_(pc.equal(batch.column("source"), source), pc.equal(batch.column("action"), DROP))
        counts.update(batch.column("rule").filter(own).to_pylist())
    return dict(counts)

"""A run in, what its dataset card says out: sources with licences, stages with what they dropped, languages, takedowns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import pyarrow as pa

from pipeline.chain import finished_documents, token_stages
from pipeline.graph import read_run, run_manifests
from pipeline.inspect.tokens import TokenRow, token_rows
from pipeline.look.places import places_of
from pipeline.report.facts import run_warnings
from pipeline.sources import kinds_of_run
from stages.core.manifest import DOCUMENTS, Manifest
from stages.core.parquet import read_batches
from stages.core.stage import is_made_by
from stages.filter.stage import Filter
from stages.takedown.documents import RULE
from stages.takedown.earlier import as_it_was
from stages.tokenize.pack import PackedShard


@dataclass(frozen=True)
class KindLicence:
    """What is known of the licences of all dumps of a kind: the Hub's names of them, and a sentence."""

    names: tuple[str, ...]
    text: str


LICENCES: Mapping[str, KindLicence] = MappingProxyType(
    {
        "common_crawl": KindLicence(
            ("other",), "of each page its owner's; the crawl by Common Crawl's terms of use"
        ),
        "c4": KindLicence(
            ("odc-by",),
            "ODC-BY, as AllenAI published C4; of each page its owner's, by Common Crawl's terms of use",
        ),
        "github": KindLicence(
            ("other",), "of each repository its own, in `metadata`; those allowed are below"
        ),
        "wikipedia": KindLicence(
            ("cc-by-sa-3.0", "cc-by-sa-4.0", "gfdl"),
            "CC BY-SA 4.0 and GFDL, dumps before June 2023 CC BY-SA 3.0; an article's URL names its authors",
        ),
        "books": KindLicence(
            ("other",),
            "Project Gutenberg's works are free in the USA and maybe not elsewhere; other books: not known",
        ),
        "arxiv": KindLicence(
            ("other",),
            "of each paper its authors' choice, on its page; most leave arXiv alone the right to share",
        ),
        "stackexchange": KindLicence(
            ("cc-by-sa-4.0",), "CC BY-SA 2.5, 3.0 or 4.0 by date, in `metadata`; the URL names the authors"
        ),
    }
)
"""Licences by kind of source, as the publishers of the dumps state them."""

NEAR = "near_decide"

_LOOKED_FOR: Mapping[str, str] = MappingProxyType(
    {
        NEAR: "Near duplicates",
        "overlaps_cut": "Texts of benchmarks, which make scores on them too good,",
        "pii": "E-mail and IP addresses of people",
        "word_list": "Offensive texts",
    }
)
"""What a reader should know that nobody looked for, by the stage or rule that does."""

UNKNOWN_LICENCE = KindLicence(("unknown",), "not known to Altiplano; say it here")


@dataclass(frozen=True)
class CardSource:
    """A source: its kind, what the run ended with of it, and what is known of its licence."""

    name: str
    kind: str | None
    row: TokenRow
    licence: KindLicence


@dataclass(frozen=True)
class CardStage:
    """A stage that dropped, edited or merged documents, or was to: counts of documents by rule, and its options."""

    node: str
    stage: str
    version: int
    documents_in: int
    documents_out: int
    merged: int
    dropped: Mapping[str, int]
    edited: Mapping[str, int]
    config: Mapping[str, Any]


@dataclass(frozen=True)
class CardFacts:
    """All that a card says."""

    name: str
    fingerprints: tuple[str, ...]
    sources: tuple[CardSource, ...]
    languages: Mapping[str, int]
    stages: tuple[CardStage, ...]
    tokenizer_sha256: str | None
    removed: int
    limits: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def documents(self) -> int:
        """Documents of all sources."""
        return sum(source.row.documents for source in self.sources)


def card_facts(run: str) -> CardFacts:
    """What a run's manifests and the columns `source` and `language` of its documents say."""
    manifests = {name: as_it_was(manifest) for name, manifest in run_manifests(run).items()}
    kinds, holders = kinds_of_run(manifests), finished_documents(run)
    rows = [row for row in token_rows(run) if not row.members]
    found = token_stages(run)
    packed = [] if found is None else found.packed.facts_of(PackedShard)
    stages = tuple(_stage(name, manifest) for name, manifest in manifests.items() if _is_told(manifest))
    return CardFacts(
        name=read_run(run).name,
        fingerprints=tuple(sorted(manifest.fingerprint for manifest in holders)),
        sources=tuple(_source(row, kinds) for row in rows),
        languages=_languages(holders),
        stages=stages,
        tokenizer_sha256=packed[0].tokenizer_sha256 if packed else None,
        removed=sum(manifest.dropped.get(RULE, 0) for manifest in manifests.values()),
        limits=tuple(_limits(manifests, [row.source for row in rows])),
        warnings=tuple(run_warnings(run, places_of(run))),
    )


def _source(row: TokenRow, kinds: Mapping[str, str]) -> CardSource:
    kind = kinds.get(row.source)
    return CardSource(row.source, kind, row, LICENCES.get(kind or "", UNKNOWN_LICENCE))


def _is_told(manifest: Manifest) -> bool:
    counted = (manifest.created, manifest.merged, *manifest.dropped.values(), *manifest.edited.values())
    return any(counted) or is_made_by(manifest, Filter)


def _stage(name: str, manifest: Manifest) -> CardStage:
    return CardStage(
        node=name,
        stage=manifest.stage,
        version=manifest.version,
        documents_in=manifest.documents_in + manifest.created,
        documents_out=manifest.documents_out,
        merged=manifest.merged,
        dropped=manifest.dropped,
        edited=manifest.edited,
        config=manifest.config,
    )


def _languages(holders: list[Manifest]) -> dict[str, int]:
    """Documents by language, the commonest first; those that say none are counted under an empty name."""
    counts: Counter[str] = Counter()
    for batch in read_batches((uri for one in holders for uri in one.uris(DOCUMENTS)), ["language"]):
        groups = pa.table({"language": batch.column("language")}).group_by("language")
        for row in groups.aggregate([([], "count_all")]).to_pylist():
            counts[row["language"] or ""] += row["count_all"]
    return dict(sorted(counts.items(), key=lambda one: (-one[1], one[0])))


def _limits(manifests: Mapping[str, Manifest], sources: Sequence[str]) -> list[str]:
    """What was not looked for, by the sources that it was not looked for in."""
    looked: dict[str, set[str]] = {text: set() for text in _LOOKED_FOR.values()}
    for name, manifest in manifests.items():
        # the stage that decides holds no documents; the one beside it that removes them does
        holder = manifests.get(f"{name.removesuffix(NEAR)}remove") if manifest.stage == NEAR else manifest
        for what in {manifest.stage, *_rules(manifest)} & _LOOKED_FOR.keys():
            looked[_LOOKED_FOR[what]] |= set() if holder is None else holder.sources.keys()
    found = []
    for text, where in looked.items():
        if left_out := [source for source in sources if source not in where]:
            places = f" in {', '.join(left_out)}" if where else ""
            found.append(f"{text} were not looked for{places}.")
    return found


def _rules(manifest: Manifest) -> list[str]:
    """The rules of a filter; none of another stage."""
    rules = manifest.config["rules"] if is_made_by(manifest, Filter) else []
    return [str(rule["rule"]) for rule in rules]

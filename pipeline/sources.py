"""Names of sources and their kinds in, the order in which runs and tables have them out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from pipeline.graph import RUN_FILE, run_manifests
from pipeline.registry import source_kinds
from stages.core import storage
from stages.core.documents import SOURCES
from stages.core.manifest import Manifest
from stages.takedown.earlier import as_it_was

_NO_KINDS: Mapping[str, str] = MappingProxyType({})


def sources_in_order(names: Iterable[str], kinds: Mapping[str, str] = _NO_KINDS) -> list[str]:
    """Sources in the order of the paper's table by their kinds, one kind's by name; a name of no known kind is one itself."""
    places = {kind: place for place, kind in enumerate(SOURCES)}

    def place(name: str) -> tuple[int, str, str]:
        kind = kinds.get(name, name)
        return places.get(kind, len(places)), kind if kind not in places else "", name

    return sorted(set(names), key=place)


def kinds_at(folder: str) -> dict[str, str]:
    """`kinds_of_run` of a run's folder; none of another folder."""
    is_run = storage.exists(storage.join(folder, RUN_FILE))
    return kinds_of_run(run_manifests(folder)) if is_run else {}


def kinds_of_run(manifests: Mapping[str, Manifest]) -> dict[str, str]:
    """The kind of every source that the finished stages of a run read, by the source's name; of ours only, since tables
    are shown where no plug-in is."""
    kind_of = {stage.stage_name: kind for kind, stage in source_kinds().items()}
    return {
        str(manifest.config["source"]): kind_of[manifest.stage]
        for manifest in map(as_it_was, manifests.values())
        if manifest.stage in kind_of
    }

"""A recipe and a share in, a recipe over a sample of its raw files out, and how much of each source that sample is.

Whole raw files are drawn, or whole folders of files where folders are small (editions of a book lie in one). Of a source
whose files are too few and too large for that, records are drawn inside them, where its format lets them be told apart.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.config import LoadedRecipe, SourceRecipe
from pipeline.plan.thin import can_thin, draw, thin
from stages.core import storage
from stages.core.errors import UserError
from stages.core.names import below
from stages.core.storage import FoundFile

MIN_UNITS = 16
"""Files, or folders, that a sample of a source has at least: of fewer no spread can be told."""

MAX_FOLDERS_BYTES = 64_000_000
"""Folders are drawn in place of files where MIN_UNITS of them are no larger, or no larger than the sample."""


@dataclass(frozen=True)
class SourceSample:
    """What stands for a source: of how many raw bytes it is (`of_bytes`), and for how many of them it stands.

    `units` are the drawn files or folders with their raw bytes; none where records were drawn.
    """

    of_bytes: int
    stands_for: float
    units: Mapping[str, int]
    records: int
    how: str

    @property
    def share(self) -> float:
        """The share of the raw bytes that was drawn."""
        return self.stands_for / self.of_bytes if self.of_bytes else 1.0


@dataclass(frozen=True)
class SampledRecipe:
    """The recipe over the sample, and the sample of each source."""

    loaded: LoadedRecipe
    sources: Mapping[str, SourceSample]


def sample_recipe(
    loaded: LoadedRecipe, share: float, folder: Path, min_units: int = MIN_UNITS
) -> SampledRecipe:
    """Draw a share of every source's raw files into a folder.

    A UserError where a source has no raw files, or nothing of it is in so small a sample.
    """
    samples: dict[str, SourceSample] = {}
    sources: dict[str, SourceRecipe] = {}
    for name, recipe in loaded.sources.items():
        own = folder / name
        try:
            files = recipe.ingest.raw_files()
        except UserError as error:
            raise UserError(
                f"{name}: --measure runs a sample of raw files, and there are none: {error}"
            ) from error
        samples[name] = _draw(files, recipe.ingest.kind, share, loaded.recipe.seed, own, min_units)
        if samples[name].of_bytes and not any(own.rglob("*")):
            raise UserError(
                f"--measure {share * 100:g}%: no record of {name} is in so small a sample of"
                f" {samples[name].of_bytes:,} bytes; take a larger share"
            )
        ingest = recipe.ingest.model_copy(update={"input": (str(own),)})
        if not {file.name for file in ingest.raw_files()} <= {file.name for file in files}:
            # A kind that finds files in ways of its own is measured whole.
            total = sum(file.size for file in files)
            samples[name] = SourceSample(total, total, {}, len(files), "all")
            ingest = recipe.ingest
        sources[name] = replace(recipe, ingest=ingest)
    return SampledRecipe(replace(loaded, sources=sources), samples)


def _draw(
    files: Sequence[FoundFile], kind: str, share: float, seed: int, folder: Path, min_units: int
) -> SourceSample:
    total = sum(file.size for file in files)
    if share >= 1:
        for file in files:
            _take(file, folder)
        return SourceSample(total, total, {file.name: file.size for file in files}, len(files), "all files")
    if max(file.size for file in files) * MIN_UNITS > share * total and any(
        can_thin(kind, file.name) for file in files
    ):
        return _draw_records(files, kind, share, seed, folder)
    units, what = _units(files, share)
    chosen = draw_units(
        {name: sum(file.size for file in own) for name, own in units.items()}, share, seed, min_units
    )
    for name in chosen:
        for file in units[name]:
            _take(file, folder)
    drawn = sum(chosen.values())
    return SourceSample(total, drawn, chosen, len(chosen), f"{len(chosen):,} of {len(units):,} {what}")


def _units(files: Sequence[FoundFile], share: float) -> tuple[dict[str, list[FoundFile]], str]:
    """Files, or the folders that they lie in."""
    folders: dict[str, list[FoundFile]] = {}
    for file in files:
        folders.setdefault(file.name.rpartition("/")[0] or file.name, []).append(file)
    total = sum(file.size for file in files)
    few = MIN_UNITS * total / len(folders) <= max(share * total, MAX_FOLDERS_BYTES)
    if MIN_UNITS <= len(folders) < len(files) and few:
        return folders, "folders"
    return {file.name: [file] for file in files}, "files"


def draw_units(sizes: Mapping[str, int], share: float, seed: int, min_units: int) -> dict[str, int]:
    """Every so-many-th unit in the order of their sizes, from a drawn one on: `min_units` at least, where there are such."""
    count = min(len(sizes), max(min_units, math.ceil(len(sizes) * share)))
    ordered = sorted(sizes, key=lambda name: (sizes[name], draw(seed, name.encode()), name))
    first = draw(seed, b"first")
    places = [int((first + i) * len(ordered) / count) for i in range(count)]
    return {ordered[place]: sizes[ordered[place]] for place in places}


def _draw_records(
    files: Sequence[FoundFile], kind: str, share: float, seed: int, folder: Path
) -> SourceSample:
    """Records of every file in which they can be told apart; other files whole, by a hash of their names."""
    stands_for, kept = 0.0, 0
    for file in files:
        target = Path(below(str(folder), file.name))
        thinned = None
        if can_thin(kind, file.name):
            target.parent.mkdir(parents=True, exist_ok=True)
            with storage.open_input(file.uri) as source:
                thinned = thin(source, file.size, target, kind, share, seed)
        if thinned is not None and thinned.records:
            stands_for, kept = stands_for + thinned.share * file.size, kept + thinned.kept
            if not thinned.kept:
                target.unlink()
            continue
        target.unlink(missing_ok=True)
        if draw(seed, file.name.encode()) < share:
            _take(file, folder)
            stands_for, kept = stands_for + file.size, kept + 1
    total = sum(file.size for file in files)
    return SourceSample(total, stands_for, {}, kept, f"{kept:,} records of {len(files):,} files")


def _take(file: FoundFile, folder: Path) -> None:
    """Put a whole file into the sample: a link to what lies on this machine, else a copy."""
    target = Path(below(str(folder), file.name))
    target.parent.mkdir(parents=True, exist_ok=True)
    if "://" not in file.uri:
        target.symlink_to(storage.absolute(file.uri))
        return
    with storage.open_input(file.uri) as source, target.open("wb") as copy:
        shutil.copyfileobj(source, copy)

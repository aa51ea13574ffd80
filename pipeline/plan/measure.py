"""A recipe and a share in, rates measured on a sample of its raw files out: the very stages, run in a folder that goes away.

The sample is run after a smaller one, in the same process: so what a process does once (compiling kernels, loading
models) is not taken for work that grows with the bytes, and two sizes tell apart what a task takes and what a byte takes.
"""

from __future__ import annotations

import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import NormalDist

import pyarrow.compute as pc

from pipeline.config import LoadedRecipe
from pipeline.graph import Graph
from pipeline.plan.flow import Flow, flow_of, work_bytes
from pipeline.plan.rates import Rates, StageRates
from pipeline.plan.sample import SampledRecipe, SourceSample, sample_recipe
from pipeline.plan.units import shown_bytes
from pipeline.pools import InlinePool, Pool
from pipeline.progress import Progress
from pipeline.recipe import build
from pipeline.runner import Runner
from stages.core.documents import source_of, text_lengths_bytes
from stages.core.errors import UserError
from stages.core.manifest import DOCUMENTS, Manifest, read_report
from stages.core.parquet import read_documents
from stages.mix.mixture import Mix
from stages.tokenize.pack import Pack, PackedShard
from stages.train.stage import Train

SMALL_PART = 0.25
"""The share of the sample that the run before it takes."""

MIN_SMALL_UNITS = 4

CONFIDENCE = 0.95
MIN_GROWTH = 1.2
"""How many times a stage's bytes must grow from the smaller run to the sample for a slope to be told."""


@dataclass(frozen=True)
class Timing:
    """What a node took in one run: bytes of work, core-seconds, tasks."""

    work_bytes: float
    core_seconds: float
    tasks: int


def parse_share(value: str) -> float:
    """A share such as 1% or 0.01; a UserError for what is none."""
    text = value.strip()
    try:
        share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        share = 0.0
    if not 0 < share <= 1:
        raise UserError(f"--measure {value}: is no share; write one above 0 and up to 100%, as in 1%")
    return share


def measured_rates(
    loaded: LoadedRecipe, share: float, open_pool: Callable[[], Pool] = InlinePool, quiet: bool = True
) -> Rates:
    """Run a sample and take its rates. A UserError where there is nothing to sample, or the sample's run has a mistake."""
    loaded = _at_sample_size(loaded, share)
    with tempfile.TemporaryDirectory(prefix="altiplano-plan-") as scratch:
        sampled = sample_recipe(loaded, share, Path(scratch, "raw"))
        small = _smaller(loaded, share, Path(scratch, "small")) or sampled
        cold, warm, found = (
            _run(one, str(Path(scratch, name)), open_pool, quiet)
            for name, one in (("cold", small), ("warm", small), ("sample", sampled))
        )
        start = max(0.0, cold.core_seconds - warm.core_seconds)
        return replace(_rates(sampled, found, warm), start_seconds=start)


def _at_sample_size(loaded: LoadedRecipe, share: float) -> LoadedRecipe:
    """The recipe with models that may learn from a sample's share of the documents; the quality classifier else leaves it to
    rules."""
    options = loaded.recipe.quality_classifier
    fewer = {
        "min_pages": max(1, round(options.min_pages * share)),
        "min_hosts": max(1, round(options.min_hosts * share)),
        "when_too_few": "rules" if options.when_too_few == "error" else options.when_too_few,
    }
    models = loaded.recipe.language_model
    changed = {
        "quality_classifier": options.model_copy(update=fewer),
        "language_model": models.model_copy(
            update={"min_documents": max(1, round(models.min_documents * share))}
        ),
        "train": None,
    }
    return replace(loaded, recipe=loaded.recipe.model_copy(update=changed))


def _smaller(loaded: LoadedRecipe, share: float, folder: Path) -> SampledRecipe | None:
    """A smaller sample; none where nothing would be in it."""
    try:
        return sample_recipe(loaded, share * SMALL_PART, folder, min_units=MIN_SMALL_UNITS)
    except UserError:
        return None


@dataclass(frozen=True)
class _Sampled:
    """One run over a sample: its graph without mixture and training, the bytes that flowed, what each node took."""

    graph: Graph
    final: Sequence[str]
    flow: Flow
    manifests: Mapping[str, Manifest]
    timings: Mapping[str, Timing]
    memory: Mapping[str, int]

    @property
    def core_seconds(self) -> float:
        """Of all its nodes."""
        return sum(timing.core_seconds for timing in self.timings.values())


def _run(sampled: SampledRecipe, folder: str, open_pool: Callable[[], Pool], quiet: bool) -> _Sampled:
    graph, final = build(sampled.loaded)
    for name in [one.name for one in graph.nodes.values() if isinstance(one.stage, Mix | Train)]:
        del graph.nodes[name]
    result = Runner(graph, folder, "plan", Progress(quiet=quiet)).run(open_pool)
    manifests = result.manifests
    raw = {name: round(one.stands_for) for name, one in sampled.sources.items()}

    def text_of(output: str, given: Mapping[str, int]) -> Mapping[str, int]:
        there = manifests[output].sources
        return {source: there[source].text_bytes if source in there else 0 for source in given}

    flow = flow_of(graph, raw, text_of)
    timings, memory = {}, {}
    for name in graph.nodes:
        reports = [read_report(manifests[name].folder, task) for task in manifests[name].reports]
        measured = [one.measured for one in reports if one is not None]
        seconds = sum(one.cpu_seconds for one in measured)
        timings[name] = Timing(work_bytes(graph, flow, name), seconds, len(measured))
        memory[name] = max((one.peak_memory_bytes for one in measured), default=0)
    return _Sampled(graph, final, flow, manifests, timings, memory)


def _rates(sampled: SampledRecipe, found: _Sampled, before: _Sampled) -> Rates:
    stages, yields = {}, {}
    for name, timing in found.timings.items():
        per_byte, per_task = slope(before.timings[name], timing)
        sizes: Counter[str] = Counter()
        for file in found.manifests[name].files:
            sizes[file.kind] += file.bytes
        follows = timing.work_bytes > 0
        stages[name] = StageRates(
            per_byte,
            per_task,
            {kind: size / timing.work_bytes for kind, size in sizes.items()} if follows else {},
            {} if follows else dict(sizes),
            found.memory[name],
        )
    for output, texts in found.flow.documents.items():
        for source, given in found.flow.given[output].items():
            share = texts[source] / given if given else 0.0
            yields[output, source] = (share, share)
    spread = {name: _spread(name, one, found) for name, one in sampled.sources.items()}
    return Rates(
        stages, yields, _bytes_per_token(found), _origin(sampled), spread, _core_spread(found, spread)
    )


def slope(small: Timing, large: Timing) -> tuple[float, float]:
    """Core-seconds per byte and per task from two runs of a stage; all of it by bytes where they differ too little, and
    all by tasks where it does not follow bytes."""
    tasks = max(1, large.tasks)
    if not large.work_bytes:
        return 0.0, large.core_seconds / tasks
    whole = large.core_seconds / large.work_bytes
    if large.work_bytes < MIN_GROWTH * small.work_bytes:
        return whole, 0.0
    grown = (large.core_seconds - small.core_seconds) / (large.work_bytes - small.work_bytes)
    per_byte = min(whole, max(0.0, grown))
    return per_byte, (large.core_seconds - per_byte * large.work_bytes) / tasks


def _bytes_per_token(found: _Sampled) -> dict[str, float]:
    tokens: Counter[str] = Counter()
    text: Counter[str] = Counter()
    for manifest in found.manifests.values():
        if manifest.stage == Pack.stage_name:
            for shard in manifest.facts_of(PackedShard):
                tokens[source_of(shard.source)] += shard.tokens
                text[source_of(shard.source)] += shard.text_bytes
    sources = {source for given in found.flow.given.values() for source in given}
    return {name: text[name] / tokens[name] if tokens[name] else 1.0 for name in sources}


def _spread(source: str, sample: SourceSample, found: _Sampled) -> float:
    """Half the 95% interval of a source's tokens, as a share of them: over drawn units, or over drawn records."""
    if sample.share >= 1:
        return 0.0
    names = [f"{source}/{unit}" for unit in sample.units]
    by_unit, squares, total = Counter[str](), 0.0, 0
    uris = [
        uri
        for end in found.final
        for part in found.graph.parts([end])
        for uri in found.manifests[part].uris(DOCUMENTS)
    ]
    for batch in read_documents(uris, ["id", "source", "text"]):
        own = batch.filter(pc.equal(batch.column("source"), source))
        lengths = text_lengths_bytes(own.column("text"))
        total += pc.sum(lengths).as_py() or 0
        squares += pc.sum(pc.power(lengths.cast("float64"), 2)).as_py() or 0.0
        for name in names:
            of_unit = pc.starts_with(own.column("id"), name)
            by_unit[name] += pc.sum(lengths.filter(of_unit)).as_py() or 0
    if not total:
        return 1.0
    if len(names) < 2:
        return float(
            NormalDist().inv_cdf((1 + CONFIDENCE) / 2) * (squares * (1 - sample.share)) ** 0.5 / total
        )
    return ratio_spread([by_unit[name] for name in names], list(sample.units.values()), sample.share)


def ratio_spread(texts: Sequence[float], raws: Sequence[float], share: float) -> float:
    """Half the 95% interval of a ratio estimate over drawn units, as a share of it (Cochran, Sampling Techniques, 6.4)."""
    count, total = len(texts), sum(texts)
    ratio = total / sum(raws)
    residues = sum((text - ratio * raw) ** 2 for text, raw in zip(texts, raws, strict=True))
    error = (count / (count - 1) * residues * (1 - share)) ** 0.5 / total if total else 1.0
    return float(student_t(count - 1) * error)


def student_t(freedom: int) -> float:
    """The 97.5% quantile of Student's t (Cornish and Fisher's expansion; within 1% from 3 degrees of freedom on)."""
    z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    first, second = (z**3 + z) / 4, (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return float(z + first / freedom + second / freedom**2 + third / freedom**3)


def _core_spread(found: _Sampled, spread: Mapping[str, float]) -> float:
    """The same of core-hours: the sources' spreads by their parts of the work; that of the clock is not in it."""
    work: defaultdict[str, float] = defaultdict(float)
    for name, timing in found.timings.items():
        given = found.flow.given[name]
        for source, size in given.items():
            work[source] += timing.core_seconds * size / max(1, sum(given.values()))
    total = sum(work.values())
    return (
        float(sum((work[name] * spread.get(name, 0.0)) ** 2 for name in work) ** 0.5 / total)
        if total
        else 0.0
    )


def _origin(sampled: SampledRecipe) -> tuple[str, ...]:
    """What the rates were measured on, a line for each source."""
    lines = [
        f"  {name}: {one.how}, {shown_bytes(one.stands_for)} of {shown_bytes(one.of_bytes)} ({one.share:.2%})"
        for name, one in sampled.sources.items()
    ]
    return (
        "rates: measured here, on this sample of the raw files (seconds of cores, after a smaller run):",
        *lines,
    )

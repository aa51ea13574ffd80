"""All stages and what they make of the samples in, `tests/stages.lock` out: version, digests of code, inputs and output.

`make lock` (`python -m tests.stage_lock`) writes it. A digest of code moves with any change in what a stage imports and
is simply refreshed. A digest of output moves when a stage gives something else for the same inputs: then its version must
have moved too, or a resume after an upgrade would mix old shards with new ones.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import orjson

from pipeline.graph import Graph, run_manifests
from pipeline.pools import InlinePool
from pipeline.progress import Progress
from pipeline.registry import comparing_verbs, source_kinds
from pipeline.runner import Runner
from pipeline.wiring import add_quality
from quality_classifier.classifier import QualityClassifier
from stages.core.discover import subclasses_of
from stages.core.manifest import Manifest, Record
from stages.core.stage import AnyStage, Stage
from stages.dedup.ids.unique import check_unique_ids
from stages.filter.rule import rule_classes
from stages.filter.rules.reference import ReferenceRule
from stages.filter.verb import AnnotateVerb, FilterVerb
from tests.code_digest import code_digest
from tests.demo import ROOT, run_demo
from tests.output_digest import output_digest

LOCK = Path(__file__).parent / "stages.lock"
SAMPLES = ROOT / "samples"
PROBED_RULES = ("gopher_quality", "gopher_repetition", "c4", "fineweb", "pii", "language")

NOT_RUN = {
    "merge_parts": "exchanges of more than 256 destinations have a second level, and no sample is so large",
    "language_text": "training of language models needs lmplz, which the suite does not build",
    "train_language_model": "training of language models needs lmplz, which the suite does not build",
    "measure_cutoffs": "training of language models needs lmplz, which the suite does not build",
    "score_texts": "asks a language model, for which the suite has no package; tests/quality_classifier looks at it",
    "label_scores": "reads what a language model said; tests/quality_classifier looks at it",
    "earlier": "takes documents out of a finished run; tests/stages/takedown looks at every byte of it",
    "pack_without": "takes documents out of a finished run; tests/stages/takedown looks at every byte of it",
    "takedown": "takes documents out of a finished run; tests/stages/takedown looks at every byte of it",
    "takedown_holders": "takes documents out of a finished run; tests/stages/takedown looks at every byte of it",
}
"""Stages whose output is not looked at, and why."""


class Locked(Record):
    """What the lock holds of a stage; without inputs and an output where the samples do not reach it."""

    version: int
    code: str
    inputs: str | None = None
    output: str | None


Lock = Mapping[str, Locked]


def stages() -> dict[str, type[AnyStage]]:
    """Every stage of the program by its name."""
    rooms = ("stages", "quality_classifier")
    found = [kind for room in rooms for kind in subclasses_of(room, Stage) if hasattr(kind, "stage_name")]
    return {kind.stage_name: kind for kind in sorted(found, key=lambda kind: kind.stage_name)}


def run_probe(folder: Path) -> None:
    """What the demo leaves out, on the samples of C4, of books and of notes, into a run of its own."""
    graph = Graph()
    kinds = source_kinds()
    c4 = kinds["c4"](input=(str(SAMPLES / "dumps/c4/*.json.gz"),)).wire(graph.below("c4"))
    books = kinds["books"](input=(str(SAMPLES / "dumps/books/**"),)).wire(graph.below("books"))
    columns = {"text": "body", "id": "uid", "url": "link"}
    notes = kinds["dataset"](input=(str(SAMPLES / "dumps/notes/*.jsonl"),), columns=columns).wire(
        graph.below("notes")
    )
    needed = {
        "decontaminate": {
            "benchmarks": (str(SAMPLES / "benchmarks/*.jsonl"),),
            "ngram_words": 8,
            "min_words": 8,
        },
        "dedup_substrings": {"min_words": 12},
        "dedup_lines": {"min_chars": 100},
    }
    both = graph.add_union("both", [c4, books])
    check_unique_ids(graph.below("ids"), both)
    last = [both]
    for name, verb in comparing_verbs().items():
        last.append(verb.model_validate(needed.get(name, {})).wire(graph.below(name), both))
    rules = tuple(rule_classes()[name].model_validate({}) for name in PROBED_RULES)
    for kind in (FilterVerb, AnnotateVerb):
        last.append(kind(rules=rules).wire(graph.below(kind.verb), c4))
    last.append(_kept_share(graph))
    last.append(_of_labels(graph, folder))
    Runner(graph, str(folder), "probe", Progress(quiet=True)).run(InlinePool, [notes, *last[1:]])


def _kept_share(graph: Graph) -> str:
    """A share of the crawled pages, by a classifier whose negatives are texts of one's own."""
    crawl = source_kinds()["common_crawl"](input=(str(SAMPLES / "dumps/common_crawl/**/*.wet.gz"),))
    pages = crawl.wire(graph.below("common_crawl"))
    dumps = {"wikipedia": (str(SAMPLES / "dumps/wikipedia/enwiki*"),)}
    options = QualityClassifier(
        negatives=(str(SAMPLES / "source/web/reference/*.txt"),),
        min_pages=1,
        min_hosts=1,
        match_lengths=False,
        min_updates=0,
    )
    below = graph.below(
        "share", lambda documents: add_quality(graph.below("quality"), options, documents, dumps)
    )
    return FilterVerb(rules=(ReferenceRule(keep=0.5),)).wire(below, pages)


def _of_labels(graph: Graph, folder: Path) -> str:
    """A classifier of a table of labels."""
    folder.mkdir(parents=True, exist_ok=True)
    table = folder / "labels.jsonl"
    rows = [
        {"text": " ".join(f"{label}{i}{word}" for word in range(20)), "label": label, "host": f"{label}{i}"}
        for label in ("good", "bad")
        for i in range(6)
    ]
    table.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    options = QualityClassifier(
        labels=(str(table),), min_chars=0, min_pages=1, min_hosts=1, min_updates=0, match_lengths=False
    )
    return options.wire(graph.below("labels"), None, [])


def measure(demo: Path, probe: Path) -> Lock:
    """The lock of the program as it is, from the finished runs of demo and probe."""
    outputs: dict[str, list[Manifest]] = {}
    inputs: dict[str, list[Manifest]] = {}
    for run in (demo, probe):
        manifests = run_manifests(str(run))
        made = {manifest.fingerprint: manifest for manifest in manifests.values()}
        for manifest in manifests.values():
            outputs.setdefault(manifest.stage, []).append(manifest)
            inputs.setdefault(manifest.stage, []).extend(
                made[name] for name in manifest.inputs if name in made
            )
    return {
        name: Locked(
            version=stage.version,
            code=code_digest(ROOT, stage.__module__),
            inputs=output_digest(inputs[name]) if name in outputs else None,
            output=output_digest(outputs[name]) if name in outputs else None,
        )
        for name, stage in stages().items()
    }


def faults(old: Lock, new: Lock) -> list[str]:
    """Why the new lock may not replace the old: an output that moved while neither its version nor its inputs did."""
    return [
        f"{name}: gives another output than before, and its version is still {now.version}; raise `version` of the stage"
        for name, now in new.items()
        if name in old
        and (now.version, now.inputs) == (old[name].version, old[name].inputs)
        and now.output != old[name].output
    ]


def read_lock(path: Path = LOCK) -> Lock:
    """The lock as it was written last."""
    return {name: Locked.model_validate(row) for name, row in orjson.loads(path.read_bytes()).items()}


def write_lock(lock: Lock, path: Path = LOCK) -> None:
    """Store a lock."""
    rows = {name: row.model_dump() for name, row in lock.items()}
    path.write_bytes(orjson.dumps(rows, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n")


def main() -> int:
    """Run demo and probe, and write the lock; 1 when a version has to be raised first."""
    with tempfile.TemporaryDirectory() as scratch:
        demo, probe = Path(scratch) / "runs", Path(scratch) / "probe"
        run_demo(demo)
        run_probe(probe)
        new = measure(demo / "demo", probe)
    wrong = faults(read_lock(), new) if LOCK.exists() else []
    for line in wrong:
        print(line, file=sys.stderr)  # noqa: T201
    if not wrong:
        write_lock(new)
    return int(bool(wrong))


if __name__ == "__main__":
    raise SystemExit(main())

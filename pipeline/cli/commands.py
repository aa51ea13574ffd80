"""Options of the command line in, a graph over given documents out: each stage command is a recipe of one step."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

from cyclopts import Parameter
from pydantic import Field

from pipeline.graph import RUN_FILE, Graph, given_documents, read_run, run_manifests
from pipeline.progress import Progress
from pipeline.registry import ingest_steps
from pipeline.runner import InlinePool, Pool, RayPool, Runner, RunResult
from quality_classifier.references import ReferenceUrls
from quality_classifier.train import QualityClassifier
from stages.core import storage
from stages.core.errors import UserError
from stages.core.given import merge_documents
from stages.core.stage import MANIFEST_NAME, MODEL, Manifest, Record, read_manifest
from stages.core.verb import Step
from stages.filter.stage import Filter
from stages.ingest.base import RawStage
from stages.language_model.cutoffs import TrainOptions
from stages.mix.mixture import Mix
from stages.models.perplexity_files import copy_model
from stages.tokenize.best_fit import FitSequences
from stages.tokenize.encode import Encode
from stages.tokenize.languages import CountLanguages
from stages.tokenize.pack import Pack
from stages.tokenize.train import SampleText, TrainTokenizer
from stages.train.stage import Train


class Workers(Record):
    """Where the tasks of a command run."""

    workers: int = Field(
        2, ge=0, description="worker processes on this machine; 0 runs in this process without Ray"
    )
    address: str | None = Field(None, description="address of a Ray cluster, as in ray://host:10001 or auto")
    quiet: bool = Field(False, description="no progress on standard error")

    def open_pool(self) -> Pool:
        """The pool that these options ask for."""
        if self.workers == 0 and self.address is None:
            return InlinePool()
        return RayPool(self.workers, self.address)


class Where(Workers):
    """Where a stage command writes and runs."""

    out: Annotated[str, Parameter(help="folder of the run; finished work in it is kept")]


def run_graph(graph: Graph, name: str, where: Where, outputs: Sequence[str]) -> RunResult:
    """Run a graph into `where.out` and say in one line what came of it."""
    _check_same_run(graph, where.out)
    runner = Runner(graph, where.out, name, Progress(quiet=where.quiet))
    result = runner.run(where.open_pool, outputs)
    say(finished_line(where.out, result, outputs))
    return result


def _check_same_run(graph: Graph, out: str) -> None:
    """A folder that holds another command's run is not taken over: its documents would drop out of the record."""
    if not storage.exists(storage.join(out, RUN_FILE)):
        return
    old = {node.fingerprint for node in read_run(out).nodes}
    if not old <= set(graph.fingerprints().values()):
        raise UserError(
            f"{out}: holds the run of another command, with other options or other content (inputs, a model that "
            "changed); give another --out"
        )


def finished_line(run: str, result: RunResult, outputs: Sequence[str]) -> str:
    """What a run did, for its last line."""
    if result.tasks_run == 0 and result.nodes_run == 0:
        return f"{run}: nothing to do, every stage is finished"
    manifests = [result.manifests[name] for name in outputs]
    documents = sum(manifest.documents_out for manifest in manifests)
    counts = f"{documents:,} documents, {result.dropped:,} dropped (ledger), "
    counted = result.dropped or any(manifest.documents_in or manifest.created for manifest in manifests)
    return f"{run}: {counts if counted else ''}{result.tasks_run} tasks run"


def say(line: str) -> None:
    """Print a result on standard output."""
    sys.stdout.write(line + "\n")


def resume_command() -> str:
    """The command line of this process, to be run again."""
    return shlex.join(["altiplano", *sys.argv[1:]])


def ingest(options: RawStage, where: Where) -> None:
    """Read raw files of one source into documents."""
    out = storage.absolute(where.out)
    for pattern in options.input:
        if out.startswith(storage.absolute(pattern).rstrip("/") + "/"):
            raise UserError(
                f"{where.out}: lies in the input {pattern}, which would take it in; give another --out"
            )
    graph = Graph()
    last = graph.add_chain("", ingest_steps(options), ())
    run_graph(graph, f"ingest {options.source}", where, [last])


def over_documents(
    name: str,
    inputs: Sequence[str],
    where: Where,
    steps: Callable[[], Sequence[Step]],
    first_check: Sequence[Step] = (),
) -> None:
    """Run a chain over all given documents together, and beside it the stages that check them."""
    given = given_documents(inputs)
    name_given = next(iter(given)) if len(given) == 1 else "documents"
    graph = Graph(given={name_given: merge_documents(list(given.values()))})
    graph.add_chain("", first_check, [name_given])
    run_graph(graph, name, where, [graph.add_chain("", steps(), [name_given])])


def filter_documents(inputs: Sequence[str], stage: Filter, where: Where) -> None:
    """Run one rule over documents."""
    over_documents("filter", inputs, where, lambda: [Step(stage, (0,))])


def train_quality(
    inputs: Sequence[str], references: Sequence[str], seed: int, options: QualityClassifier, where: Where
) -> None:
    """Train the quality classifier and show its held-out figures."""
    graph = Graph(given=given_documents(inputs))
    tables = graph.add("references", ReferenceUrls(input=tuple(references)))
    (pages, *rest) = list(graph.given)
    if rest:
        raise UserError("quality train: give one run or folder of pages")
    last = graph.add_chain("", options.steps(seed), [pages, tables])
    result = run_graph(graph, "quality train", where, [last])
    show_facts(result, last)


def train_language_model(
    language: str,
    inputs: Sequence[str],
    reference: Sequence[str],
    options: TrainOptions,
    folder: str,
    where: Where,
) -> None:
    """Train the perplexity models of a language, copy them to the models' folder and show the cut-offs."""
    graph = Graph()
    for name, given in (("documents", inputs), ("reference", reference)):
        if given:
            graph.given[name] = merge_documents(list(given_documents(given).values()))
    last = graph.add_chain("", options.steps(language, bool(reference)), list(graph.given))
    trained = graph.nodes[last].inputs[0]
    result = run_graph(graph, f"lm train {language}", where, [last])
    storage.make_folder(folder)
    for node in (trained, last):
        for uri in result.manifests[node].uris(MODEL):
            say(storage.join(folder, copy_model(uri, folder).name))
        show_facts(result, node)


def train_tokenizer(inputs: Sequence[str], options: TrainTokenizer, where: Where) -> None:
    """Train a BPE tokenizer on documents."""
    graph = Graph(given=given_documents(inputs))
    sample = SampleText(seed=options.seed, max_text_bytes=options.max_text_bytes)
    sampled = graph.add("sample", sample, list(graph.given))
    last = graph.add("train", options, [sampled])
    result = run_graph(graph, "tokenizer train", where, [last])
    show_facts(result, last)


def tokenize(inputs: Sequence[str], options: Encode, where: Where) -> None:
    """Encode documents and pack them into token shards."""
    graph = Graph(given=given_documents(inputs))
    documents = list(graph.given)
    if options.split_languages:
        counts = CountLanguages(split_languages=options.split_languages)
        documents.append(graph.add("count_languages", counts, documents))
    encoded = graph.add("encode", options, documents)
    packed = graph.add("pack", Pack(), [encoded])
    result = run_graph(graph, "tokenize", where, [packed])
    for encoder in sorted({facts["encoder"] for facts in result.manifests[encoded].facts}):
        say(f"encoder: {encoder}")


def given_stage(run: str, stage: str) -> tuple[str, Manifest]:
    """The finished output of a stage of this kind in a run or folder; a UserError when there is none."""
    if storage.exists(storage.join(run, RUN_FILE)):
        manifests = [m for m in run_manifests(run).values() if m.stage == stage]
    elif storage.exists(storage.join(run, MANIFEST_NAME)):
        manifests = [m for m in [read_manifest(run)] if m.stage == stage]
    else:
        raise UserError(f"{run}: neither a run nor a stage's folder")
    if not manifests:
        raise UserError(f"{run}: holds no finished stage {stage!r}")
    return f"{run}:{manifests[-1].node}", manifests[-1]


def mix(packed: str, options: Mix, where: Where) -> None:
    """Solve the mixture over packed tokens."""
    name, manifest = given_stage(packed, "pack")
    graph = Graph(given={name: manifest})
    inputs = [name]
    if options.packing == "best_fit":
        inputs.append(graph.add("fit", FitSequences(sequence_length=options.sequence_length), [name]))
    last = graph.add("mix", options, inputs)
    result = run_graph(graph, "mix", where, [last])
    show_facts(result, last)


def train(packed: str, mixture: str, options: Train, where: Where) -> None:
    """Train on packed tokens by a mixture."""
    given = dict([given_stage(packed, "pack"), given_stage(mixture, "mix")])
    if list(given.values())[1].config["packing"] == "best_fit":
        given |= dict([given_stage(mixture, "fit")])
    graph = Graph(given=given)
    last = graph.add("train", options, list(given))
    result = run_graph(graph, "train", where, [last])
    show_facts(result, last)


def show_facts(result: RunResult, node: str) -> None:
    """Print what a model's training measured."""
    for facts in result.manifests[node].facts:
        for line in fact_lines(facts):
            say(line)


def fact_lines(facts: Mapping[str, Any], prefix: str = "") -> list[str]:
    """`name: value` lines of nested facts."""
    lines = []
    for key, value in facts.items():
        if isinstance(value, Mapping):
            lines += fact_lines(value, f"{prefix}{key}.")
        else:
            lines.append(f"{prefix}{key}: {value}")
    return lines

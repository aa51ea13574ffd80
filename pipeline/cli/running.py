"""Options of the command line in, a graph run over given documents out: what every stage command does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from cyclopts import Parameter
from pydantic import BaseModel, Field

from pipeline.chain import stage_at
from pipeline.cli.options import OptionMistakesError
from pipeline.cli.output import EMPTY_CODE, fact_lines, note, print_table, resume_command, say, say_json
from pipeline.emptied import Emptied, emptied_stages
from pipeline.gate import Gate
from pipeline.given import add_given_together
from pipeline.graph import RUN_FILE, Below, Graph, read_run, run_manifests
from pipeline.inspect.tokens import token_rows, token_table
from pipeline.pools import Pool, TaskResources, open_pool
from pipeline.progress import Progress
from pipeline.registry import check_sources
from pipeline.run_folder import Keep
from pipeline.runner import OnError, Runner, RunResult
from pipeline.tally import RunTally
from pipeline.unjudged import unjudged_lines
from pipeline.validation import Validated, validate
from stages.core import storage
from stages.core.documents import SOURCES
from stages.core.errors import UserError
from stages.core.manifest import MODEL, Manifest, Record
from stages.core.mistakes import MistakesError
from stages.core.stage import AnyStage
from stages.core.verb import Verb
from stages.ingest.dataset.stage import DatasetIngest
from stages.mix.mixture import Mixed


class Workers(Record):
    """Where the tasks of a command run."""

    workers: int | None = Field(
        None,
        ge=0,
        description="worker processes on this machine, one for each core unless said; 0: this process alone, without Ray",
    )
    address: str | None = Field(None, description="address of a Ray cluster, as in ray://host:10001 or auto")
    task_cpus: int = Field(1, ge=1, description="cores that a task asks Ray for")
    task_memory: int | None = Field(
        None, gt=0, description="bytes of memory that a task asks Ray for, so that no machine takes too many"
    )
    train_gpus: int | None = Field(
        None, ge=0, description="GPUs that a training asks Ray for; one where there is one, unless said"
    )
    on_error: OnError = Field(
        "stop",
        description="what a raw record does on which every attempt fails (60 s, a worker that dies): stop the run, or ledger",
    )
    metrics: str | None = Field(
        None,
        description="Prometheus metrics of the run: a file for node_exporter, or PORT or HOST:PORT to serve them at",
    )
    dashboard: Annotated[bool, Parameter(negative="")] = Field(
        False, description="Ray's dashboard on this machine (needs `pip install 'ray[default]'`)"
    )
    quiet: bool = Field(False, description="no progress on standard error")
    allow_empty: Annotated[bool, Parameter(negative="")] = Field(
        False, description="take it that a stage keeps nothing, with a warning; else the exit code is 3"
    )

    def open_pool(self) -> Pool:
        """The pool that these options ask for."""
        asked = TaskResources(self.task_cpus, self.task_memory, self.train_gpus)
        return open_pool(self.workers, self.address, asked, self.dashboard)

    def open_watchers(self) -> list[Callable[[RunTally], None]]:
        """What is shown the run as it goes, beside the person."""
        if self.metrics is None:
            return []
        from pipeline.metrics import open_metrics

        return [open_metrics(self.metrics)]


class Where(Workers):
    """Where a stage command writes and runs."""

    out: Annotated[str, Parameter(help="folder of the run; finished work in it is kept")]


Documents = Annotated[
    list[str], Parameter(help="runs, folders of a stage, or files: Parquet, JSON lines, CSV, text")
]
WhereGiven = Annotated[Where, Parameter(name="*")]


def flat(options: type[BaseModel]) -> Any:
    """The fields of a config class as options of their own; None when the user gives none of them."""
    return Annotated[options | None, Parameter(name="*")]


def checked(kind: type[Validated], values: Any) -> Validated:
    """Options as a config object; mistakes in them are told by the options' names."""
    try:
        return validate(kind, values)
    except MistakesError as error:
        raise OptionMistakesError(error.mistakes) from error


def add_command(
    group: Any,
    name: str,
    help_line: str,
    command: Callable[..., None],
    example: str = "",
    **parameters: Any,
) -> None:
    """Add a command whose parameters get their types here, where the config class is known; `example` ends its help."""
    command.__annotations__ = parameters | {"where": WhereGiven}
    group.command(
        command, name=name, help=help_line, help_epilogue=f"Example: {example}" if example else None
    )


def runner_of(
    graph: Graph, folder: str, name: str, where: Workers, keep: Keep = "all", gate: Gate | None = None
) -> Runner:
    """The runner of a command: it tells its progress, and how to go on."""
    progress = Progress(quiet=where.quiet, watchers=where.open_watchers())
    return Runner(graph, folder, name, progress, where.on_error, keep, resume_command(), gate)


@dataclass(frozen=True)
class RunOutcome:
    """What came of a command, as `--json` prints it: `facts` are what the stages `nodes` measured, a record for each task."""

    run: str
    nodes: tuple[str, ...]
    documents: int
    dropped: int
    tasks_run: int
    models: tuple[str, ...]
    facts: tuple[dict[str, Any], ...]


def outcome_of(folder: str, result: RunResult, outputs: Sequence[str], nodes: Sequence[str]) -> RunOutcome:
    """Documents are those of `outputs`, models and facts those of `nodes`."""
    made = [result.manifests[name] for name in nodes]
    return RunOutcome(
        folder,
        tuple(nodes),
        sum(result.manifests[name].documents_out for name in outputs),
        result.dropped,
        result.tasks_run,
        tuple(uri for one in made for uri in one.uris(MODEL)),
        tuple(facts for one in made for facts in one.facts),
    )


def run_graph(
    graph: Graph, name: str, where: Where, outputs: Sequence[str], as_json: bool = False
) -> RunResult:
    """Run a graph into `where.out` and say in one line what came of it, beside the result where that is JSON."""
    _check_same_run(graph, where.out)
    runner = runner_of(graph, where.out, name, where)
    result = run_watched(runner, graph, where.out, where, outputs)
    (note if as_json else say)(finished_line(where.out, result, outputs))
    warn_unjudged(result.manifests)
    end_if_empty(emptied_stages(graph, result.manifests), where)
    return result


def run_watched(
    runner: Runner, graph: Graph, folder: str, where: Workers, outputs: Sequence[str]
) -> RunResult:
    """Run; where a user's mistake stops it, say before what kept nothing until then, which may be why."""
    try:
        return runner.run(where.open_pool, outputs)
    except UserError:
        if storage.exists(storage.join(folder, RUN_FILE)):
            own = {node.fingerprint for node in read_run(folder).nodes if node.name in graph.nodes}
            found = {k: v for k, v in run_manifests(folder).items() if v.fingerprint in own}
            _warn(emptied_stages(graph, found))
        raise


def end_if_empty(emptied: Sequence[Emptied], where: Workers) -> None:
    """Warn of stages that kept nothing, and end the command with a code of its own unless that was allowed."""
    _warn(emptied)
    if emptied and not where.allow_empty:
        note("mend the options, or leave the source out; --allow-empty takes it as it is")
        raise SystemExit(EMPTY_CODE)


def warn_unjudged(manifests: Mapping[str, Manifest]) -> None:
    """Warn of documents that rules passed unjudged."""
    for line in unjudged_lines(manifests):
        note(f"warning: {line}")


def _warn(emptied: Sequence[Emptied]) -> None:
    for one in emptied:
        note(f"warning: {one.line()}")


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


def over_documents(
    name: str,
    inputs: Sequence[str],
    where: Where,
    verb: Verb,
    check: Callable[[Below, str], None] | None = None,
) -> None:
    """Run a verb over all given documents together, and beside it the stages that check them."""
    graph = Graph()
    name_given = add_given_together(graph, inputs)
    there = {source for manifest in graph.given.values() for source in manifest.sources}
    check_sources(verb, [*SOURCES, DatasetIngest.kind, *sorted(there - set(SOURCES))])
    wiring = graph.below("")
    if check is not None:
        check(wiring, name_given)
    run_graph(graph, name, where, [verb.wire(wiring, name_given)])


def given_stage(run: str, stage: type[AnyStage]) -> tuple[str, Manifest]:
    """The finished output of a stage of this kind in a run or folder; a UserError when there is none.

    Its place is made absolute: `run.json` keeps it, and is read from anywhere.
    """
    found = stage_at(run, stage)
    manifest = found.model_copy(update={"folder": storage.absolute(found.folder)})
    return f"{manifest.folder.rpartition('/')[0]}:{manifest.node}", manifest


def show_facts(result: RunResult, node: str, where: Where, as_json: bool = False) -> None:
    """Print what a model's training measured."""
    if as_json:
        say_json(outcome_of(where.out, result, [], [node]))
        return
    for facts in result.manifests[node].facts:
        for line in fact_lines(facts):
            say(line)


def show_mixture(run: str, mixed: Manifest) -> None:
    """Print the table of a run that ends with a mixture, and what its solver warns of."""
    print_table(token_table(token_rows(run)))
    for facts in mixed.facts_of(Mixed):
        for warning in facts.warnings:
            say(f"mixture: {warning}")

"""The `altiplano` command: a thin shell over the library, its options made from the config classes."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, CycloptsError, Parameter
from pydantic import BaseModel, Field, ValidationError, create_model
from rich.console import Console

from pipeline import commands
from pipeline.commands import Documents, Where, Workers, say
from pipeline.config import describe, load_recipe
from pipeline.inspect.explain import explain as explain_document
from pipeline.inspect.tokens import token_rows, token_table
from pipeline.plan import plan_lines
from pipeline.progress import Progress
from pipeline.recipe import TRAIN_NODE, build
from pipeline.registry import DEDUP_VERBS, INGEST_STAGES
from pipeline.runner import Runner, StageFailedError
from quality_classifier.train import QualityClassifier
from stages.core.errors import UserError
from stages.core.stage import Record
from stages.filter.models import fetch_model, models_folder
from stages.filter.rules import LanguageRule, ReferenceRule
from stages.filter.stage import Filter
from stages.ingest.base import RawStage
from stages.mix.mixture import Mix
from stages.tokenize.encode import Encode
from stages.tokenize.train import TrainTokenizer
from trainer.stage import Train

USER_ERROR_CODE = 2
FAILURE_CODE = 1

app = App(
    name="altiplano", help="Raw public dumps to the pretraining data of a LLaMA-class model, and a trainer."
)


class RunOptions(Workers):
    """Options of `run` and `plan`."""

    run: str | None = Field(None, description="folder of the run, in place of the recipe's")


Variables = Annotated[
    dict[str, str] | None, Parameter(name="--set", help="variables of the recipe: --set.data PATH")
]


@app.command
def run(
    config: str,
    /,
    *,
    variables: Variables = None,
    options: Annotated[RunOptions, Parameter(name="*")] = RunOptions(),
) -> None:  # noqa: B008
    """Run a whole recipe: raw dumps to packed tokens, a mixture and a trained checkpoint.

    Parameters
    ----------
    config
        the recipe, such as configs/demo.yaml
    """
    loaded = load_recipe(config, variables)
    folder = options.run or loaded.recipe.run
    graph, documents = build(loaded)
    runner = Runner(graph, folder, loaded.recipe.name, Progress(quiet=options.quiet))
    result = runner.run(options.open_pool, documents)
    console = Console(width=120)
    console.print(token_table(token_rows(folder)))
    if loaded.recipe.train is not None:
        (facts,) = result.manifests[TRAIN_NODE].facts
        say(f"loss {facts['first_loss']:.4f} -> {facts['final_loss']:.4f} after {facts['steps']:,} steps")
    say(commands.finished_line(folder, result, documents))


@app.command
def plan(config: str, /, *, variables: Variables = None) -> None:
    """Check a recipe and show its stages, and what the raw files that are here will take.

    Parameters
    ----------
    config
        the recipe, such as configs/llama1.yaml
    """
    for line in plan_lines(load_recipe(config, variables)):
        say(line)


@app.command
def explain(run: str, document: str, /) -> None:
    """Tell the story of one document: where it came from, what changed it, why it ended or where it is.

    Parameters
    ----------
    run
        folder of a run
    document
        id of the document: <source>/<raw file>/<record key>
    """
    for event in explain_document(run, document):
        say(f"{event.node}: {event.text}")


inspect = App(name="inspect", help="Look into a run.")
app.command(inspect)


@inspect.command
def tokens(run: str, /) -> None:
    """Documents, bytes, tokens, share and epochs of every source.

    Parameters
    ----------
    run
        folder of a run
    """
    Console(width=120).print(token_table(token_rows(run)))


models = App(name="models", help="Models that the stages need.")
app.command(models)


@models.command
def fetch(name: str, /, *, folder: Path | None = None) -> None:
    """Download a model and check its SHA-256.

    Parameters
    ----------
    name
        lid.176: fastText's language identification
    folder
        where to keep it (default: $ALTIPLANO_MODELS, else models/)
    """
    say(str(fetch_model(name, folder or models_folder())))


ingest = App(name="ingest", help="Read the raw files of one source into documents.")
dedup = App(name="dedup", help="Remove duplicates.")
filter_app = App(name="filter", help="Drop documents by a rule, or annotate them.")
tokenizer = App(name="tokenizer", help="Tokenizers.")
quality = App(name="quality", help="The classifier of reference pages.")
for group in (ingest, dedup, filter_app, tokenizer, quality):
    app.command(group)


def _add(group: App, name: str, command: Callable[..., None], **annotations: Any) -> None:
    """Add a command whose parameters have the given annotations, made here from a config class."""
    command.__annotations__ = annotations | {"where": Annotated[Where, Parameter(name="*")]}
    group.command(command, name=name)


def _flat(options: type[BaseModel]) -> Any:
    return Annotated[options | None, Parameter(name="*")]


def _add_ingest(name: str, stage: type[RawStage]) -> None:
    def command(inputs, /, *, options=None, where):  # type: ignore[no-untyped-def]
        given = options.model_dump(exclude_unset=True) if options is not None else {}
        commands.ingest(stage.model_validate(given | {"input": tuple(inputs)}), where)

    command.__doc__ = f"Read raw files of {name} into documents."
    files = Annotated[list[str], Parameter(help="raw files, folders or quoted patterns")]
    _add(ingest, name, command, inputs=files, options=_flat(_without_input(stage)))


def _without_input(stage: type[BaseModel]) -> type[BaseModel]:
    """The options of an ingest stage: its fields but `input`, which the command takes as arguments."""
    fields: dict[str, Any] = {k: (v.annotation, v) for k, v in stage.model_fields.items() if k != "input"}
    return create_model(f"{stage.__name__}Options", __base__=Record, **fields)


def _add_dedup(verb: str, options_class: type[Any]) -> None:
    def command(inputs, /, *, options=None, where):  # type: ignore[no-untyped-def]
        chosen = options if options is not None else options_class()
        commands.over_documents(verb, inputs, where, chosen.steps)

    command.__doc__ = options_class.__doc__
    _add(dedup, verb.removeprefix("dedup_"), command, inputs=Documents, options=_flat(options_class))


def _add_filter(name: str, rule_class: type[Any]) -> None:
    def command(inputs, /, *, annotate_only=False, options=None, where):  # type: ignore[no-untyped-def]
        rule = options if options is not None else rule_class()
        stage = Filter(rules=(rule,), annotate_only=annotate_only)
        if stage.needs_trained_model:
            raise UserError("filter reference: needs --model; train one with `altiplano quality train`")
        commands.filter_documents(inputs, stage, where)

    command.__doc__ = rule_class.__doc__
    annotate = Annotated[bool, Parameter(help="write the values as columns and drop nothing", negative="")]
    _add(filter_app, name, command, inputs=Documents, annotate_only=annotate, options=_flat(rule_class))


for _name, _stage in INGEST_STAGES.items():
    _add_ingest(_name, _stage)
for _verb, _options in DEDUP_VERBS.items():
    _add_dedup(_verb, _options)
_add_filter("language", LanguageRule)
_add_filter("reference", ReferenceRule)


@tokenizer.command(name="train")
def tokenizer_train(
    inputs: Documents,
    /,
    *,
    options: Annotated[TrainTokenizer, Parameter(name="*")] = TrainTokenizer(),
    where: Annotated[Where, Parameter(name="*")],
) -> None:  # noqa: B008
    """Train a BPE tokenizer with LLaMA's options on documents."""
    commands.train_tokenizer(inputs, options, where)


@app.command
def tokenize(
    inputs: Documents,
    /,
    *,
    options: Annotated[Encode, Parameter(name="*")] = Encode(),
    where: Annotated[Where, Parameter(name="*")],
) -> None:  # noqa: B008
    """Encode documents with a tokenizer (--model) and pack them into token shards, shuffled."""
    if options.model is None:
        raise UserError("tokenize: needs --model; train one with `altiplano tokenizer train`")
    commands.tokenize(inputs, options, where)


@quality.command(name="train")
def quality_train(
    inputs: Documents,
    /,
    *,
    references: Annotated[
        list[str], Parameter(help="raw Wikipedia dumps whose citations make a page a positive")
    ],
    seed: int = 0,
    options: Annotated[QualityClassifier, Parameter(name="*")] = QualityClassifier(),
    where: Annotated[Where, Parameter(name="*")],
) -> None:  # noqa: B008
    """Train the classifier of reference pages on pages and Wikipedia dumps; prints its held-out figures."""
    commands.train_quality(inputs, references, seed, options, where)


PackedRuns = Annotated[str, Parameter(help="run that holds packed tokens")]


@app.command
def mix(
    packed: PackedRuns,
    /,
    *,
    options: Annotated[Mix, Parameter(name="*")] = Mix(),
    where: Annotated[Where, Parameter(name="*")],
) -> None:  # noqa: B008
    """Solve the mixture over packed tokens from weights, epochs and a token budget."""
    commands.mix(packed, options, where)


@app.command
def train(
    packed: PackedRuns,
    /,
    *,
    mixture: Annotated[str, Parameter(help="run that holds the mixture")],
    options: Annotated[Train, Parameter(name="*")] = Train(),
    where: Annotated[Where, Parameter(name="*")],
) -> None:  # noqa: B008
    """Train a LLaMA model on packed tokens by the schedule of a mixture; resumes from its last checkpoint."""
    commands.train(packed, mixture, options, where)


def main(arguments: list[str] | None = None) -> None:
    """Entry point: a user's mistake is one line and exit code 2, a failed stage its traceback and code 1."""
    try:
        app(arguments, exit_on_error=False, print_error=False)
    except (UserError, CycloptsError) as error:
        _stop(USER_ERROR_CODE, f"altiplano: {_one_line(error)}")
    except StageFailedError as error:
        resume = commands.resume_command()
        _stop(
            FAILURE_CODE, f"{error.trace}\naltiplano: {error}\nfinished shards are kept; to resume: {resume}"
        )
    except KeyboardInterrupt:
        _stop(
            130, f"\naltiplano: interrupted; finished shards are kept; to resume: {commands.resume_command()}"
        )


def _one_line(error: Exception) -> str:
    cause = error.__cause__
    if isinstance(cause, ValidationError):
        return f"option {describe(cause, BaseModel)}"
    return " ".join(str(error).split())


def _stop(code: int, message: str) -> None:
    sys.stderr.write(message + "\n")
    raise SystemExit(code)


if __name__ == "__main__":
    main()

"""The `altiplano` command: a thin shell over the library, its options made from the config classes."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App, CycloptsError, Parameter
from pydantic import BaseModel, Field, ValidationError
from rich.console import Console

from pipeline import commands
from pipeline.commands import Workers, say
from pipeline.config import describe, load_recipe
from pipeline.export_cli import export_group
from pipeline.fetch_cli import fetch_group
from pipeline.inspect.batch import batch_lines, batch_rows
from pipeline.inspect.document import document_lines, token_document
from pipeline.inspect.explain import explain as explain_document
from pipeline.inspect.filter_tables import filter_report
from pipeline.inspect.languages import language_rows, language_table
from pipeline.inspect.tokens import token_rows, token_table
from pipeline.inspect.verify import verify
from pipeline.plan import plan_lines
from pipeline.progress import Progress
from pipeline.recipe import MIX_NODE, TRAIN_NODE, build
from pipeline.runner import Runner, StageFailedError
from pipeline.stage_cli import stage_groups
from stages.core.errors import ReadFaultError, UserError
from stages.filter.models import fetch_model, models_folder

USER_ERROR_CODE = 2
FAILURE_CODE = 1
INTERRUPTED_CODE = 130
TABLE_WIDTH = 110

app = App(
    name="altiplano",
    help="Raw public dumps to the pretraining data of a LLaMA-class model, and a trainer.",
    suppress_keyboard_interrupt=False,  # `main` says how to resume
)
inspect = App(name="inspect", help="Look into a run.")
models = App(name="models", help="Models that the stages need.")
for _group in (fetch_group(), *stage_groups(app), export_group(), inspect, models):
    app.command(_group)


class RunOptions(Workers):
    """Where `run` works."""

    run: str | None = Field(None, description="folder of the run, in place of the recipe's")


Variables = Annotated[
    dict[str, str] | None, Parameter(name="--set", help="variables of the recipe: --set.data PATH")
]
RunOptionsGiven = Annotated[RunOptions | None, Parameter(name="*")]


@app.command
def run(config: str, /, *, variables: Variables = None, options: RunOptionsGiven = None) -> None:
    """Run a whole recipe: raw dumps to packed tokens, a mixture and a trained checkpoint.

    Parameters
    ----------
    config
        the recipe, such as configs/demo.yaml
    """
    options = options or RunOptions()
    loaded = load_recipe(config, variables)
    folder = options.run or loaded.recipe.run
    graph, documents = build(loaded)
    runner = Runner(graph, folder, loaded.recipe.name, Progress(quiet=options.quiet))
    result = runner.run(options.open_pool, documents)
    print_tokens(folder)
    for warning in result.manifests[MIX_NODE].facts[0]["warnings"]:
        say(f"mixture: {warning}")
    if loaded.recipe.train is not None:
        (facts,) = result.manifests[TRAIN_NODE].facts
        say(f"loss {facts['first_loss']:.4f} -> {facts['final_loss']:.4f} after {facts['steps']:,} steps")
    say(commands.finished_line(folder, result, documents))


@app.command
def plan(config: str, /, *, variables: Variables = None) -> None:
    """Check a recipe and show its stages, and what the raw files will take.

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


@inspect.command
def tokens(run: str, /, *, by_language: bool = False) -> None:
    """Documents, bytes, tokens, share and epochs of every source.

    Parameters
    ----------
    run
        folder of a run
    by_language
        a row for each source and language
    """
    if by_language:
        Console(width=TABLE_WIDTH).print(language_table(language_rows(run)))
    else:
        print_tokens(run)


@inspect.command
def batch(run: str, /, *, step: int, batch_sequences: int | None = None, seed: int | None = None) -> None:
    """Which documents one training batch holds, with ids and URLs.

    Parameters
    ----------
    run
        folder of a run with packed tokens and a mixture
    step
        training step, from 0
    batch_sequences
        sequences in a batch (default: the training's)
    seed
        seed of the schedule (default: the training's)
    """
    for line in batch_lines(batch_rows(run, step, batch_sequences, seed)):
        say(line)


@inspect.command
def document(run: str, name: str, /, *, model: str | None = None, max_tokens: int = 256) -> None:
    """Show a packed document as tokens.

    Parameters
    ----------
    run
        folder of a run with packed tokens
    name
        id of the document: <source>/<raw file>/<record key>
    model
        file of the tokenizer, where the run did not train it
    max_tokens
        tokens to show
    """
    for line in document_lines(token_document(run, name, model), max_tokens):
        say(line)


@inspect.command(name="filter")
def filter_rules(run: str, /, *, rule: str | None = None, threshold: tuple[str, ...] = ()) -> None:
    """What the rules of the filters measured: quantiles, and what the config's and other thresholds drop, by source.

    Parameters
    ----------
    run
        folder of a run with a filter; quantiles and other thresholds need one that ran with --annotate-only
    rule
        only what this rule measured, such as gopher_quality or gopher_quality.words
    threshold
        NAME=VALUE: what this threshold would drop, such as gopher_quality.words=100
    """
    for part in filter_report(run, rule, threshold):
        if isinstance(part, str):
            say(part)
        else:
            Console(width=TABLE_WIDTH).print(part)


@app.command(name="verify")
def verify_run(run: str, /) -> None:
    """Read every file of a run and compare it with what was written; name what is missing, short or changed.

    Parameters
    ----------
    run
        folder of a run
    """
    found = verify(run)
    for fault in found.faults:
        say(fault.line())
    say(f"{run}: {found.num_files:,} files, {found.num_bytes:,} bytes, {len(found.faults):,} faults")
    if found.faults:
        raise SystemExit(FAILURE_CODE)


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


def print_tokens(run: str) -> None:
    """Print the table of tokens of a run."""
    Console(width=TABLE_WIDTH).print(token_table(token_rows(run)))


def main(arguments: list[str] | None = None) -> None:
    """Entry point: a user's mistake is one line and exit code 2, a failed stage its traceback and code 1."""
    try:
        app(arguments, exit_on_error=False, print_error=False, result_action="return_value")
    except BrokenPipeError:  # the reader of our output has enough, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0) from None
    except (UserError, CycloptsError) as error:
        _stop(USER_ERROR_CODE, f"altiplano: {_one_line(error)}")
    except (OSError, ReadFaultError) as error:
        _stop(USER_ERROR_CODE, f"altiplano: {_one_line(error)}")
    except StageFailedError as error:
        resume = commands.resume_command()
        _stop(
            FAILURE_CODE, f"{error.trace}\naltiplano: {error}\nfinished shards are kept; to resume: {resume}"
        )
    except KeyboardInterrupt:
        resume = commands.resume_command()
        _stop(INTERRUPTED_CODE, f"\naltiplano: interrupted; finished shards are kept; to resume: {resume}")


def _one_line(error: Exception) -> str:
    cause = error.__cause__
    if isinstance(error, CycloptsError) and isinstance(cause, ValidationError):
        return f"option {describe(cause, BaseModel)}"
    return " ".join(str(error).split())


def _stop(code: int, message: str) -> None:
    sys.stderr.write(message + "\n")
    raise SystemExit(code)


if __name__ == "__main__":
    main()

"""The `altiplano` command: names of its commands, which import what they run when they run, and how a failure is told."""

from __future__ import annotations

import io
import os
import signal
import sys
import threading
from collections.abc import Sequence

from cyclopts import App, CycloptsError, MissingArgumentError

from pipeline.cli.options import OptionMistakesError, Typed
from pipeline.cli.output import (
    EMPTY_CODE,
    FAILURE_CODE,
    INTERRUPTED_CODE,
    USER_ERROR_CODE,
    resume_command,
    stop,
)
from pipeline.machine import machine_trouble
from stages.core.errors import EmptyInputError, MachineError, ReadFaultError, StageFailedError, UserError
from stages.core.mistakes import MistakesError

COMMANDS = {
    "run": ("run:run", "Run a whole recipe: raw dumps to packed tokens, a mixture and a trained checkpoint."),
    "plan": ("run:plan", "Check a recipe and show its stages, and what the raw files will take."),
    "explain": (
        "look:explain",
        "Tell the story of one document: where it came from, what changed it, why it ended or where it is.",
    ),
    "verify": (
        "inspect:verify",
        "Read every file of a run and compare it with what was written; name what is missing, short or changed.",
    ),
    "status": (
        "status:status",
        "How far the stages of a run are, finished or under way, and who is at work on it.",
    ),
    "diff": ("recipes:diff", "What two runs differ in: config, counts, and documents."),
    "init": ("recipes:init", "Write a commented recipe to begin with."),
    "config": ("recipes:app", "What recipes may say."),
    "report": (
        "report:report",
        "Write a report of a run: one HTML file with charts, examples and tables, that opens offline.",
    ),
    "explore": (
        "explore:explore",
        "Read and mark the documents of a run in a browser: by source, rule, value, language, words and URL.",
    ),
    "card": (
        "card:card",
        "Write the dataset card of a run: sources, licences, what was dropped and why, languages, takedowns, limits.",
    ),
    "inspect": ("inspect:app", "Look into a run."),
    "fetch": ("fetch:app", "Download raw dumps: resumable, checked, at a polite pace."),
    "ingest": ("ingest:app", "Read the raw files of one source into documents."),
    "dedup": ("dedup:app", "Remove duplicates."),
    "filter": ("filter:app", "Drop documents by a rule, or only write down its values."),
    "lm": ("language_model:app", "The language models of perplexity."),
    "quality": ("quality:app", "The quality classifier."),
    "tokenizer": ("tokenizer:app", "Tokenizers."),
    "tokenize": (
        "tokens:tokenize",
        "Encode documents with a tokenizer and pack them, shuffled, into token shards.",
    ),
    "mix": ("tokens:mix", "Solve the mixture over packed tokens from weights, epochs and a token budget."),
    "train": (
        "tokens:train",
        "Train a LLaMA on packed tokens by the schedule of a mixture; resumes from its last checkpoint.",
    ),
    "ablate": (
        "ablate:ablate",
        "Train the same small model on the tokens of several runs, and compare what it gives for the same text.",
    ),
    "remove": (
        "takedown:remove",
        "Take documents out of a finished run by ids, URLs or hosts; what does not hold them is reused as it is.",
    ),
    "export": ("export:app", "Write what a run made in other tools' formats."),
    "models": ("models:app", "Models that the stages need."),
    "completion": (
        "completion:completion",
        "Print a script that completes commands and options: bash, zsh or fish.",
    ),
}
"""Name of each command or group, what it is in which module of this package, and its help."""


GROUPS_OF_PLUGINS = ("ingest", "dedup", "filter", "export")
"""Groups that plug-ins add to."""


def make_app(tokens: Sequence[str] = ()) -> App:
    """The command line; nothing but names is known of a command before it is asked for, as `tokens` do."""
    made = App(
        name="altiplano",
        help="Raw public dumps to the pretraining data of a LLaMA-class model, and a trainer.",
        suppress_keyboard_interrupt=False,  # `main` says how to resume
        version=_version,
    )
    group = _group_with_plugins(tokens)
    for name, (place, line) in COMMANDS.items():
        if group is not None and name == tokens[0]:
            made.command(group)
            continue
        made.command(f"pipeline.cli.{place}", name=name, help=line)
    return made


def _group_with_plugins(tokens: Sequence[str]) -> App | None:
    """The group that the command line names, where it asks for what plug-ins add."""
    if tokens and tokens[0] in GROUPS_OF_PLUGINS:
        from pipeline.cli.plugged import group_with_plugins

        return group_with_plugins(tokens)
    return None


def main(arguments: list[str] | None = None) -> None:
    """Entry point: a user's mistake is one line and exit code 2, a failed stage its traceback and code 1."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal that has no letter for a name shows its number
            stream.reconfigure(errors="backslashreplace")
    _end_as_ctrl_c()
    typed = Typed()
    try:
        tokens = list(sys.argv[1:] if arguments is None else arguments)
        _first_sign(tokens)
        app = make_app(tokens)
        app(typed.read(app, tokens), exit_on_error=False, print_error=False, result_action="return_value")
    except BrokenPipeError:  # the reader of our output has enough, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0) from None
    except OptionMistakesError as error:
        stop(USER_ERROR_CODE, "\n".join(f"altiplano: {typed.line(one)}" for one in error.mistakes))
    except MistakesError as error:
        stop(USER_ERROR_CODE, "\n".join(f"altiplano: {line}" for line in str(error).splitlines()))
    except EmptyInputError as error:
        stop(EMPTY_CODE, f"altiplano: {_one_line(error)}")
    except UserError as error:
        stop(USER_ERROR_CODE, f"altiplano: {typed.text(_one_line(error))}")
    except CycloptsError as error:
        stop(USER_ERROR_CODE, "\n".join(f"altiplano: {line}" for line in _mistyped(error, typed)))
    except MachineError as error:
        stop(
            FAILURE_CODE,
            f"altiplano: {_one_line(error)}; finished shards are kept; to resume: {resume_command()}",
        )
    except (OSError, ReadFaultError, MemoryError) as error:
        if (trouble := machine_trouble(error)) is not None:
            stop(FAILURE_CODE, f"altiplano: {trouble}; then run the same command again: {resume_command()}")
        stop(USER_ERROR_CODE, f"altiplano: {_one_line(error)}")
    except StageFailedError as error:
        again = resume_command()
        stop(FAILURE_CODE, f"{error.trace}\naltiplano: {error}\nfinished shards are kept; to resume: {again}")
    except KeyboardInterrupt:
        again = resume_command()
        stop(INTERRUPTED_CODE, f"\naltiplano: interrupted; finished shards are kept; to resume: {again}")


def _first_sign(tokens: Sequence[str]) -> None:
    """Say on a terminal that something begins: what a run imports takes a second. The next line is written over it."""
    is_quiet = any(token in ("--quiet", "--help", "-h") for token in tokens)
    if tokens[:1] == ["run"] and not is_quiet and sys.stderr.isatty():
        sys.stderr.write("altiplano: starting ...\r")
        sys.stderr.flush()


def _end_as_ctrl_c() -> None:
    """SIGTERM, as of a batch system, and SIGHUP, as of a terminal that closes, end a command as Ctrl-C does."""
    if threading.current_thread() is not threading.main_thread():
        return  # a program that uses the command line as a library
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) == signal.SIG_DFL:  # `nohup` ignores it
            signal.signal(number, signal.default_int_handler)


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return f"altiplano {version('altiplano')}"
    except PackageNotFoundError:  # a checkout on the path
        return "altiplano, not installed"


def _mistyped(error: CycloptsError, typed: Typed) -> list[str]:
    """What is wrong with the options, a line for each mistake."""
    if isinstance(error, MissingArgumentError) and error.argument is not None:
        name, command = error.argument.name, " ".join(error.command_chain or ())
        if error.keyword is None:
            return [f"{command} needs {name}; `altiplano {command} --help` says what it is"]
        return [f"option {error.keyword}: needs a value"]
    if error.__cause__ is not None and error.argument is not None:
        from cyclopts.annotations import resolve_optional
        from pydantic import ValidationError

        from pipeline.validation import mistakes_of

        if isinstance(error.__cause__, ValidationError):
            model = resolve_optional(error.argument.hint)
            return [typed.line(one) for one in mistakes_of(error.__cause__, model)]
    return [_one_line(error)]


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())

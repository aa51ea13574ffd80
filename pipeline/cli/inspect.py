"""`altiplano inspect|verify`: a look into a run."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cyclopts import App

from pipeline.cli.look import dropped, kept
from pipeline.cli.output import FAILURE_CODE, AsJson, note, print_table, say, say_json
from pipeline.inspect.batch import batch_lines, batch_rows
from pipeline.inspect.document import document_lines, token_document
from pipeline.inspect.filter_tables import filter_records, filter_report
from pipeline.inspect.languages import language_rows, language_table
from pipeline.inspect.templates import vanished_table, vanished_templates
from pipeline.inspect.tokens import token_rows, token_table
from pipeline.inspect.verify import verify as verify_run
from pipeline.inspect.warnings import warning_rows, warning_table
from stages.core.errors import UserError

app = App(name="inspect", help="Look into a run.")


app.command(kept)
app.command(dropped)


def _say_all(rows: Iterable[Any]) -> None:
    for row in rows:
        say_json(row)


@app.command
def tokens(run: str, /, *, by_language: bool = False, as_json: AsJson = False) -> None:
    """Documents, bytes, tokens, share and epochs of every source.

    Parameters
    ----------
    run
        folder of a run
    by_language
        a row for each source and language
    """
    if as_json:
        _say_all(language_rows(run) if by_language else token_rows(run))
    elif by_language:
        print_table(language_table(language_rows(run)))
    else:
        print_table(token_table(token_rows(run)))


@app.command
def batch(
    run: str,
    /,
    *,
    step: int,
    batch_sequences: int | None = None,
    seed: int | None = None,
    as_json: AsJson = False,
) -> None:
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
    rows = batch_rows(run, step, batch_sequences, seed)
    if as_json:
        _say_all(rows)
        return
    for line in batch_lines(rows):
        say(line)


@app.command
def document(
    run: str, name: str, /, *, model: str | None = None, max_tokens: int = 256, as_json: AsJson = False
) -> None:
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
    found = token_document(run, name, model)
    if as_json:
        say_json(found)
        return
    for line in document_lines(found, max_tokens):
        say(line)


@app.command(name="filter")
def filter_rules(
    run: str, /, *, rule: str | None = None, threshold: tuple[str, ...] = (), as_json: AsJson = False
) -> None:
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
    if as_json:
        _say_all(filter_records(run, rule, threshold))
        return
    for part in filter_report(run, rule, threshold):
        if isinstance(part, str):
            say(part)
        else:
            print_table(part)


@app.command
def templates(*given: str, known: bool = False, limit: int = 50, as_json: AsJson = False) -> None:
    """Templates of Wikipedia that leave nothing inside a sentence, by wiki, the commonest first, each with an example.

    Parameters
    ----------
    given
        folder of a run or of its ingest of Wikipedia, or dumps: paths, folders or patterns
    known
        those, too, that have no text by a rule, such as notes (dumps only)
    limit
        rows to show
    """
    if not given:
        raise UserError("inspect templates: give the folder of a run, or dumps of Wikipedia")
    rows = vanished_templates(given, known)
    if as_json:
        _say_all(rows[:limit])
        return
    print_table(vanished_table(rows, limit))
    total = sum(row.count for row in rows)
    say(f"{total:,} templates of {len(rows):,} names leave nothing inside a sentence")


@app.command
def warnings(run: str, /, *, as_json: AsJson = False) -> None:
    """Documents of which too little was kept, such as papers with under 30% of their words.

    Parameters
    ----------
    run
        folder of a run
    """
    rows = warning_rows(run)
    if as_json:
        _say_all(rows)
        return
    if rows:
        print_table(warning_table(rows))
    say(f"{run}: {len(rows):,} warnings")


def verify(run: str, /, *, absent: str | None = None, as_json: AsJson = False) -> None:
    """Read every file of a run and compare it with what was written; name what is missing, short or changed.

    Parameters
    ----------
    run
        folder of a run
    absent
        file with ids, URLs and hosts, one a line: show that no document and no token of the run is of one
    """
    found = verify_run(run, absent)
    if as_json:
        say_json(found)
    else:
        for fault in found.faults:
            say(fault.line())
        for line in found.notes:
            note(line)
        say(f"{run}: {found.num_files:,} files, {found.num_bytes:,} bytes, {len(found.faults):,} faults")
        if found.absent:
            say(f"{run}: nothing of the {found.absent:,} lines of {absent} is in its documents and tokens")
    if found.faults:
        raise SystemExit(FAILURE_CODE)

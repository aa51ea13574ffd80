"""`altiplano inspect kept|dropped`, `altiplano explain`: the texts of a run."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from cyclopts import Parameter

from pipeline.cli.output import AsJson, say_json, say_paged
from pipeline.look.explain import explain as explain_document
from pipeline.look.explain import ids_called
from pipeline.look.kept import kept_sample
from pipeline.look.lines import looked_lines
from pipeline.look.sample import Looked, Wanted, dropped_sample
from stages.core.errors import UserError

Count = Annotated[int, Parameter(name=("-n", "--count"))]


def explain(
    run: str,
    document: str,
    /,
    *,
    raw: list[str] | None = None,
    full: bool = False,
    as_json: AsJson = False,
) -> None:
    """Tell the story of one document, with its text: where it came from, what changed it, why it ended or where it is.

    Parameters
    ----------
    run
        folder of a run
    document
        id of the document: <source>/<raw file>/<record key>, or its URL
    raw
        raw files of its source, as the recipe's `input`: where the run did not keep its first text, it is made again
    full
        all lines of the texts
    """
    lines: list[str] = []
    for name in ids_called(run, document):
        if lines:
            lines.append("")
        if name != document:
            lines.append(f"=== {name}")
        for event in explain_document(run, name, full, raw or ()):
            if as_json:
                own = {key: value for key, value in asdict(event).items() if key != "lines"}
                say_json({"id": name} | own)
                continue
            lines.append(f"{event.node}: {event.text}")
            lines += [f"    {line}" for line in event.lines]
    if not as_json:
        say_paged(lines)


def kept(
    run: str,
    /,
    *,
    source: str | None = None,
    rule: str | None = None,
    language: str | None = None,
    near: float | None = None,
    n: Count = 20,
    seed: int = 0,
    full: bool = False,
    as_json: AsJson = False,
) -> None:
    """Documents that a run kept, with their values: a sample, the same for the same seed.

    Parameters
    ----------
    run
        folder of a run
    source
        of this source alone
    rule
        those that have a value of it, such as language_score or gopher_quality.words
    language
        of this language alone
    near
        those whose value of the rule is nearest to this, of a sample of 1,000
    n
        how many
    seed
        another one draws another sample
    full
        all lines of the texts
    """
    _show(kept_sample(run, _wanted(source, rule, language, near, n, seed)), full, as_json)


def dropped(
    run: str,
    /,
    *,
    source: str | None = None,
    rule: str | None = None,
    language: str | None = None,
    near: float | None = None,
    n: Count = 20,
    seed: int = 0,
    full: bool = False,
    as_json: AsJson = False,
) -> None:
    """Documents that a run dropped or edited: lost lines in their places, duplicates beside the one that was kept.

    Parameters
    ----------
    run
        folder of a run
    source
        of this source alone
    rule
        dropped or edited by this rule, such as near_duplicate or gopher_quality
    language
        of this language alone
    near
        those whose value is nearest to this; give --rule with it
    n
        how many
    seed
        another one draws another sample
    full
        all lines of the texts
    """
    if near is not None and rule is None:
        raise UserError("--near: near to which value? give its rule by --rule, as in --rule reference")
    _show(dropped_sample(run, _wanted(source, rule, language, near, n, seed)), full, as_json)


def _wanted(
    source: str | None, rule: str | None, language: str | None, near: float | None, n: int, seed: int
) -> Wanted:
    if n < 1:
        raise UserError(f"-n {n}: give 1 or more")
    if seed < 0:
        raise UserError(f"--seed {seed}: give 0 or more")
    return Wanted(source, rule, language, near, n, seed)


def _show(found: list[Looked], full: bool, as_json: bool) -> None:
    if as_json:
        for one in found:
            say_json(one)
    else:
        say_paged(looked_lines(found, full))

"""`altiplano init|diff`, `altiplano config schema`: recipes to begin with, what they may say, what two runs differ in."""

from __future__ import annotations

from pathlib import Path

import orjson
from cyclopts import App

from pipeline.cli.output import AsJson, print_table, say, say_json
from pipeline.inspect.differences import run_differences
from pipeline.recipe_draft import recipe_draft
from pipeline.recipe_schema import recipe_schema
from pipeline.text_table import add_text_row, text_table
from stages.core.atomic import write_bytes
from stages.core.errors import UserError

app = App(name="config", help="What recipes may say.")


def init(
    out: str = "recipe.yaml",
    /,
    *,
    sources: list[str] | None = None,
    name: str | None = None,
    data: str = "data",
) -> None:
    """Write a commented recipe to begin with: it reads the named sources with the usual steps.

    Parameters
    ----------
    out
        file of the recipe, which must not be there yet
    sources
        kinds of source, or NAME=KIND, as in wikipedia,ours=dataset (default: the seven of the paper)
    name
        name of the recipe (default: that of its file)
    data
        folder of the raw dumps
    """
    path = Path(out)
    if path.exists():
        raise UserError(f"{out}: is there already; give another file")
    write_bytes(out, recipe_draft(name or path.stem, sources or [], out, data).encode())
    say(f"{out}: `altiplano plan {out}` checks it")


@app.command
def schema(*, out: str | None = None) -> None:
    """Print a JSON Schema of recipes, which editors complete from; docs/looking.md shows how.

    Parameters
    ----------
    out
        file to write it to, in place of standard output
    """
    if out is None:
        say_json(recipe_schema())
        return
    write_bytes(out, orjson.dumps(recipe_schema(), option=orjson.OPT_INDENT_2) + b"\n")
    say(f"{out}: begin a recipe with `# yaml-language-server: $schema={out}`")


def diff(run_a: str, run_b: str, /, *, examples: int = 5, as_json: AsJson = False) -> None:
    """What two runs differ in: options of their stages, counts by source and rule, and documents.

    Parameters
    ----------
    run_a
        folder of a run
    run_b
        folder of another
    examples
        documents that are named of those that only one has, or that have other texts
    """
    found = list(run_differences(run_a, run_b, examples))
    if as_json:
        for one in found:
            say_json(one)
        return
    table = text_table(("what", "name", run_a, run_b))
    for one in found:
        add_text_row(table, one.what, one.name, str(one.a), str(one.b))
    if found:
        print_table(table)
    say(f"{run_a}, {run_b}: {len(found):,} differences")

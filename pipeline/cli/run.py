"""`altiplano run|plan`: a recipe, run or only planned."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number
from pydantic import Field

from pipeline.check import check_inputs
from pipeline.cli.options import WHOLE
from pipeline.cli.output import AsJson, note, say, say_json
from pipeline.cli.running import (
    Workers,
    end_if_empty,
    finished_line,
    outcome_of,
    run_watched,
    runner_of,
    show_mixture,
    warn_unjudged,
)
from pipeline.config import LoadedRecipe, load_recipe
from pipeline.emptied import emptied_stages
from pipeline.plan import make_plan
from pipeline.plan.cluster import ClusterOptions
from pipeline.plan.measure import measured_rates, parse_share
from pipeline.pools import TaskResources, open_pool
from pipeline.preflight import RecipeGate
from pipeline.preflight.room import Machine
from pipeline.quality_notes import quality_notes
from pipeline.recipe import build
from pipeline.run_folder import Keep
from pipeline.shipped import recipe_file
from stages.mix.mixture import Mix
from stages.train.stage import Train, Trained


class RunOptions(Workers):
    """Where `run` works."""

    run: str | None = Field(None, description="folder of the run, in place of the recipe's")
    keep: Keep | None = Field(
        None,
        description="what stays: `all` that steps wrote, or the `outputs` alone (default: as the recipe says)",
    )
    allow_tight: Annotated[bool, Parameter(negative="")] = Field(
        False, description="start where disk or memory is less than the plan's estimate"
    )


Variables = Annotated[
    dict[str, str] | None,
    Parameter(name="--set", help="a variable of the recipe: --set data=PATH"),
    WHOLE,
]
RunOptionsGiven = Annotated[RunOptions | None, Parameter(name="*")]


def run(
    config: str,
    /,
    *,
    variables: Variables = None,
    as_json: AsJson = False,
    options: RunOptionsGiven = None,
) -> None:
    """Run a whole recipe: raw dumps to packed tokens, a mixture and a trained checkpoint.

    Parameters
    ----------
    config
        the recipe's file, such as configs/demo.yaml, or the name of a shipped one: demo, shared, llama1
    """
    options = options or RunOptions()
    loaded = _load(config, variables)
    folder = options.run or loaded.recipe.run
    graph, documents = build(loaded)
    check_inputs(graph)
    keep = options.keep or loaded.recipe.keep
    machine = Machine(options.workers, options.address, options.task_memory, options.allow_tight)
    gate = RecipeGate(loaded, graph, tuple(documents), folder, keep, machine)
    runner = runner_of(graph, folder, loaded.recipe.name, options, keep, gate)
    result = run_watched(runner, graph, folder, options, documents)
    trained = [] if loaded.recipe.train is None else [Train.stage_name]
    if as_json:
        say_json(outcome_of(folder, result, documents, trained))
    else:
        show_mixture(folder, result.manifests[Mix.stage_name])
    for one in (facts for name in trained for facts in result.manifests[name].facts_of(Trained)):
        line = f"loss {one.first_loss:.4f} -> {one.final_loss:.4f} after {one.steps:,} steps"
        (note if as_json else say)(line)
    for line in quality_notes(result.manifests):
        note(line)
    (note if as_json else say)(finished_line(folder, result, documents))
    warn_unjudged(result.manifests)
    end_if_empty(emptied_stages(graph, result.manifests), options)


def plan(
    config: str,
    /,
    *,
    variables: Variables = None,
    cluster: Annotated[ClusterOptions | None, Parameter(name="*")] = None,
    measure: str | None = None,
    workers: Annotated[int, Parameter(validator=Number(gte=0))] = 0,
    as_json: AsJson = False,
) -> None:
    """Check a recipe and show its stages, and what they will take: cores, memory, disk, time, tokens.

    Parameters
    ----------
    config
        the recipe's file, such as configs/llama1.yaml, or the name of a shipped one: demo, shared, llama1
    measure
        share of the raw files, as in 1%, that is run through the stages for the plan's speeds and yields
    workers
        processes that run the sample; 0 runs it in this one
    """
    loaded = _load(config, variables)
    rates = None
    if measure is not None:
        share = parse_share(measure)
        make_plan(loaded, cluster)  # what is wrong with the recipe is told before the sample runs
        rates = measured_rates(loaded, share, lambda: open_pool(workers, None, TaskResources()))
    found = make_plan(loaded, cluster, rates)
    if as_json:
        say_json(found.record)
        return
    for line in found.lines:
        say(line)


def _load(config: str, variables: dict[str, str] | None) -> LoadedRecipe:
    loaded = load_recipe(recipe_file(config), variables)
    for line in loaded.notes:
        note(line)
    return loaded

"""`altiplano ablate`: the same small model on the tokens of several runs, and what they differ in."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Annotated

from cyclopts import Parameter
from pydantic import Field

from pipeline.ablate.ablation import AblationAsked, compare_runs
from pipeline.ablate.compare import table_rows
from pipeline.ablate.page import ablation_page
from pipeline.cli.output import AsJson, note, print_table, say, say_json
from pipeline.report.shell import chart_script
from pipeline.text_table import add_text_row, text_table
from stages.core import storage
from stages.core.atomic import write_bytes
from stages.core.errors import UserError
from stages.train.config import ModelConfig, TrainConfig

PAGE_NAME = "ablation.html"


class AblationTraining(TrainConfig):
    """As `train`, with defaults for a model that two cores train in minutes."""

    model: str | ModelConfig = Field("tiny", description="a preset's name, or sizes of your own")
    batch_sequences: int = Field(16, gt=0, description="sequences of a step")
    micro_batch_sequences: int = Field(16, gt=0, description="sequences that go through the model at a time")
    warmup_steps: int = Field(20, ge=0, description="steps in which the learning rate rises to its peak")
    keep_checkpoints: int = Field(1, gt=0, description="the last so many checkpoints are kept")


def ablate(
    runs: list[str],
    /,
    *,
    held_out: list[str],
    out: str,
    tokens: str | None = None,
    seeds: int = 3,
    held_out_bytes: int = 200_000,
    benchmarks: list[str] | None = None,
    questions: int = 200,
    tokenizer: list[str] | None = None,
    options: Annotated[AblationTraining | None, Parameter(name="*")] = None,
    as_json: AsJson = False,
) -> None:
    """Train the same small model on the tokens of several runs and compare what it gives for the same held-out text.

    What is finished in `out` is kept: the same command goes on, and another arm is added without training the others again.

    Parameters
    ----------
    runs
        folders of runs that hold a mixture; the others are compared with the first
    held_out
        documents that no arm holds: runs, folders of a stage, or files; what an arm holds all the same is left out
    out
        folder for trainings, measurements and the page
    tokens
        to train each arm on, as in 2M; as many as the smallest mixture draws, unless said
    seeds
        trainings of each arm, each with first weights and an order of its own
    held_out_bytes
        of text of each source, about
    benchmarks
        files of multiple choice (JSON lines), answered by likelihood
    questions
        of each file, at most
    tokenizer
        files of tokenizers that none of the runs trained
    """
    if find_spec("torch") is None:
        raise UserError("ablate needs torch: pip install '.[train]'")
    if seeds < 1 or held_out_bytes < 1 or questions < 1:
        raise UserError("--seeds, --held-out-bytes and --questions: give 1 or more")
    script = chart_script()
    asked = AblationAsked(
        runs, held_out, held_out_bytes, benchmarks or (), questions, tokens, seeds, tokenizer or ()
    )
    found = compare_runs(asked, options or AblationTraining(), out, _tell)
    page = storage.join(out, PAGE_NAME)
    write_bytes(page, "".join(ablation_page(found.arms, found.rows, found.lines, script)).encode())
    if as_json:
        for row in found.rows:
            say_json(row)
        return
    table = text_table(("figure",), ("chance", *found.arms))
    for cells in table_rows(found.rows):
        add_text_row(table, *cells)
    print_table(table)
    for line in (*found.lines, page):
        say(line)


def _tell(line: str) -> None:
    """One line in ten, so that a log stays readable."""
    if "0/" in line.partition("|")[0]:
        note(line)

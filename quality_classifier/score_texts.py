"""Documents in, the score that a language model gives each out: labels to learn from, as Llama 3's classifiers did.

By a prompt the score is the expected place of the answer among those that the prompt allows (0 for the first); by two models
it is by how many nats a byte the text is less likely under the second than under the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, model_validator

from quality_classifier.dataset import LabelOptions, SeedOptions, drawn_pages
from stages.core.errors import UserError
from stages.core.heartbeat import Heartbeat
from stages.core.location import Location
from stages.core.manifest import DOCUMENTS, Manifest, Record, ShardReport
from stages.core.parquet import read_rows
from stages.core.stage import Stage, Task, task_id
from stages.core.writer import TaskWriter
from stages.models.causal import Prompt, causal_dependencies, check_causal, load_causal
from stages.models.fasttext.reference import MAX_CHARS

TEXT_MARK = "{text}"
ASK_LLM = (
    "###\n{text}\n###\n\nDoes the previous paragraph demarcated within ### and ### contain informative signal for "
    "pre-training a large-language model? An informative datapoint should be well-formatted, contain some usable knowledge "
    "of the world, and strictly NOT have any harmful, racist, sexist, etc. content.\n\nOPTIONS:\n- yes\n- no\n\nANSWER: "
)
"""Sachdeva et al. 2024 (arXiv 2402.09668), figure 3: P(yes) is the score."""

SCORED_SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("text", pa.large_string()),
        ("url", pa.string()),
        ("language", pa.string()),
        ("score", pa.float32()),
    ]
)
"""`text` as far as the classifier sees it; `score` is null where the text is too short for one."""

GROUP_TEXTS = 64
"""Documents that are given to the model together: it sorts them by length."""


class ScoreOptions(Record):
    """Which language model scores texts, and by what."""

    model: Location = Field(description="folder of a causal language model in Hugging Face's layout")
    other: Location | None = Field(
        None,
        description="a second model, in place of a prompt: the score is how much less likely the text is to it",
    )
    prompt: str = Field(
        ASK_LLM,
        description="what the model is asked, with {text} where the document stands (default: Ask-LLM's)",
    )
    answers: tuple[str, ...] = Field(
        ("no", "yes"), description="answers that the prompt allows, from the worst to the best, as 0 to 5"
    )
    max_chars: int = Field(
        MAX_CHARS, gt=0, description="the model sees so many first characters of a document"
    )
    max_tokens: int | None = Field(
        None, gt=1, description="tokens that the model sees (default: as many as it says)"
    )
    max_documents: int | None = Field(
        None, gt=0, description="documents to score, about, drawn by `seed` (default: all)"
    )
    batch_documents: int = Field(8, gt=0, description="texts that the model reads at once, at most")
    task_documents: int = Field(
        1_000, gt=0, description="documents of a task: what a killed run has to do again, at most"
    )
    device: str = Field("auto", description="cpu, cuda, or auto: a GPU where there is one")

    @model_validator(mode="after")
    def _one_way_to_score(self) -> Self:
        # Told by the values: what a run keeps of its options names them all.
        fields = type(self).model_fields
        asked = [name for name in ("prompt", "answers") if getattr(self, name) != fields[name].default]
        if self.other is not None and asked:
            raise ValueError(
                "other: two models need no prompt and no answers; leave these out, or the other model"
            )
        if self.prompt.count(TEXT_MARK) != 1:
            raise ValueError(f"prompt: {TEXT_MARK} has to stand in it once, where the document goes")
        if len(set(self.answers)) < max(2, len(self.answers)) or not all(one.strip() for one in self.answers):
            raise ValueError("answers: give two or more, each another")
        return self

    @property
    def middle(self) -> float:
        """The score in the middle of the scale."""
        return 0.0 if self.other is not None else (len(self.answers) - 1) / 2


class GoodOptions(Record):
    """From which score on a page is a good one."""

    good: float | None = Field(
        None,
        description="labels are numbers: so much and more is a good page (default of scores: the middle)",
    )


class ScoreParams(Record):
    """Rows of a shard, and the share of them to draw."""

    start: int
    stop: int
    rate: float


class ScoredTexts(Record):
    """Documents that were scored, and those that were too short for one."""

    scored: int
    too_short: int


class ScoreTexts(ScoreOptions, SeedOptions, LabelOptions, Stage[ScoreParams]):
    """Documents -> their scores. A task is some rows of a shard, so that little is lost with a killed run."""

    stage_name: ClassVar[str] = "score_texts"
    follows_unicode: ClassVar[bool] = True
    uses_all_cores: ClassVar[bool] = True

    def check(self) -> None:
        """A UserError for a model that is not there."""
        for folder in self._models():
            check_causal(folder)

    def dependencies(self) -> list[str]:
        """Every file of the models."""
        return [line for folder in self._models() for line in causal_dependencies(folder)]

    def _models(self) -> list[str]:
        return [self.model, *([] if self.other is None else [self.other])]

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[ScoreParams]]:
        """One task for so many rows of each document shard."""
        rows = sum(one.rows(DOCUMENTS) for one in inputs)
        rate = 1.0 if self.max_documents is None else min(1.0, self.max_documents / max(1, rows))
        step = max(1, int(self.task_documents / rate))
        parts = [
            (uri, start, min(start + step, file.rows))
            for one in inputs
            for uri, file in zip(one.uris(DOCUMENTS), one.of_kind(DOCUMENTS), strict=True)
            for start in range(0, file.rows, step)
        ]
        return [
            Task(task_id(number), (uri,), ScoreParams(start=start, stop=stop, rate=rate))
            for number, (uri, start, stop) in enumerate(parts)
        ]

    def run(self, task: Task[ScoreParams]) -> ShardReport:
        """Score the drawn rows."""
        params, (uri,) = task.params, task.inputs
        rows = np.arange(params.start, params.stop)
        heartbeat, done, unscored = Heartbeat(task), 0, 0
        with TaskWriter(task, self.stage_name) as out:
            table = out.table(f"scores-{task.id}", SCORED_SCHEMA)
            for batch in read_rows(uri, rows, ["id", "text", "url", "language"]):
                rate = np.full(batch.num_rows, params.rate)
                drawn = batch.filter(pa.array(drawn_pages(batch, self.seed + 4, self.min_chars, rate)))
                for start in range(0, drawn.num_rows, GROUP_TEXTS):
                    part = drawn.slice(start, GROUP_TEXTS)
                    scores = self.scores(part.column("text"))
                    table.write(_scored(part, scores))
                    done, unscored = done + part.num_rows, unscored + int(np.isnan(scores).sum())
                    heartbeat.say(f"{done:,} documents scored")
            out.facts = ScoredTexts(scored=done - unscored, too_short=unscored)
        heartbeat.end()
        return out.report

    def scores(self, texts: pa.Array) -> npt.NDArray[np.float64]:
        """The score of each text, shape (rows,); nan of one that is too short for a perplexity."""
        shown = pc.utf8_slice_codeunits(texts, 0, self.max_chars).to_pylist()
        model = load_causal(self.model, self.device, self.batch_documents)
        if self.other is not None:
            other = load_causal(self.other, self.device, self.batch_documents)
            return other.nats_per_byte(shown, self.max_tokens) - model.nats_per_byte(shown, self.max_tokens)
        before, _, after = self.prompt.partition(TEXT_MARK)
        logs = model.answers([Prompt(before, text, after) for text in shown], self.answers, self.max_tokens)
        shares = np.exp(logs - logs.max(axis=1, keepdims=True))
        places: npt.NDArray[np.float64] = np.arange(len(self.answers), dtype=np.float64)
        expected: npt.NDArray[np.float64] = (shares @ places) / shares.sum(axis=1)
        return expected


def _scored(batch: pa.RecordBatch, scores: npt.NDArray[np.float64]) -> pa.Table:
    columns = {
        "id": batch.column("id"),
        "text": pc.utf8_slice_codeunits(batch.column("text"), 0, MAX_CHARS),
        "url": batch.column("url"),
        "language": batch.column("language"),
        "score": pa.array(scores.astype(np.float32), mask=np.isnan(scores)),
    }
    return pa.table({name: columns[name] for name in SCORED_SCHEMA.names}, schema=SCORED_SCHEMA)


def good_of(options: ScoreOptions, good: float | None) -> float:
    """The least score of a good page; a UserError where no score can be so high, or none so low."""
    if good is None:
        return options.middle
    if options.other is None and not 0 < good <= len(options.answers) - 1:
        raise UserError(
            f"good: {good:g} is no score that tells pages apart; of {len(options.answers)} answers scores are 0 to"
            f" {len(options.answers) - 1}"
        )
    return good

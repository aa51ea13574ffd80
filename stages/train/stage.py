"""The manifests of a pack and a mix stage in, a trained checkpoint out: training as a stage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec
from typing import ClassVar

from pydantic import Field

from stages.core import storage
from stages.core.errors import UserError
from stages.core.heartbeat import Heartbeat
from stages.core.manifest import FOLDERS, MODEL, Manifest, Record, ShardReport
from stages.core.stage import Stage, Task, is_made_by, task_id
from stages.core.threads import let_threads_sleep
from stages.tokenize.train import TrainTokenizer
from stages.train.checkpoint_index import INDEX_NAME, Ancestor, is_checkpoint
from stages.train.config import TrainConfig
from stages.train.start_files import start_files


class TrainParams(Record):
    """Folders of the finished pack and mix stages, and of the fit stage for best-fit packing; the tokenizer's file."""

    pack: str
    mix: str
    fit: str | None
    tokenizer: str | None = None


def _is_empty(lineage: tuple[Ancestor, ...]) -> bool:
    return not lineage


class Trained(Record):
    """A finished training: steps, tokens that it saw, loss of the first and the last step (nats a token), weights.

    `lineage` is what it went on from, the first training first.
    """

    steps: int
    tokens: int
    first_loss: float
    final_loss: float
    parameters: int
    lineage: tuple[Ancestor, ...] = Field((), exclude_if=_is_empty)


class Train(TrainConfig, Stage[TrainParams]):
    """Train a LLaMA on packed tokens by a mixture's schedule; resumes from its checkpoints."""

    stage_name: ClassVar[str] = "train"
    version: ClassVar[int] = 4
    uses_all_cores: ClassVar[bool] = True

    def dependencies(self) -> list[str]:
        """SHA-256 of the files of what to go on from; a checkpoint's index has those of its others."""
        if self.start is None:
            return []
        if is_checkpoint(self.start):
            return [storage.sha256_file(storage.join(self.start, INDEX_NAME))]
        return [storage.sha256_file(file) for file in start_files(self.start)]

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[TrainParams]]:
        """One task; `inputs` are the manifests of the pack, the mix and, for best-fit packing, the fit stage.

        Last may come the tokenizer that the run trained, for samples of text.
        """
        tokenizer = next((one.uris(MODEL)[0] for one in inputs if is_made_by(one, TrainTokenizer)), None)
        stages = [one for one in inputs if not is_made_by(one, TrainTokenizer)]
        if len(stages) not in (2, 3):
            raise UserError(f"train needs the pack and the mix stage; it was given {len(stages)}")
        pack, mix = stages[:2]
        fit = stages[2].folder if len(stages) == 3 else None
        params = TrainParams(pack=pack.folder, mix=mix.folder, fit=fit, tokenizer=tokenizer)
        return [Task(task_id(0), (), params)]

    def run(self, task: Task[TrainParams]) -> ShardReport:
        """Train to the end; the files are the log and the checkpoints that are kept.

        Checkpoints get their names while it runs: a later attempt goes on from the last one.
        """
        if find_spec("torch") is None:
            raise UserError("training needs torch: pip install '.[train]'")
        let_threads_sleep()
        from stages.train.train import train

        heartbeat = Heartbeat(task)
        result = train(
            self,
            task.params.pack,
            task.params.mix,
            storage.join(task.output, FOLDERS[MODEL]),
            on_step=lambda info: heartbeat.say(info.line()),
            fit_folder=task.params.fit,
            tokenizer=task.params.tokenizer,
        )
        heartbeat.end()
        files = tuple(replace(file, name=f"{FOLDERS[MODEL]}/{file.name}") for file in result.files)
        facts = Trained(
            steps=result.steps,
            tokens=result.tokens,
            first_loss=result.first_loss,
            final_loss=result.final_loss,
            parameters=result.parameters,
            lineage=result.lineage,
        )
        return ShardReport(task=task.id, files=files, facts=facts.model_dump())

"""The manifests of a pack and a mix stage in, a trained checkpoint out: training as a stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Any, ClassVar

from stages.core.errors import UserError
from stages.core.heartbeat import Heartbeat
from stages.core.stage import Manifest, ShardReport, Stage, Task, task_id
from stages.train.config import NOT_IN_IDENTITY, TrainConfig


class Train(TrainConfig, Stage):
    """Train a LLaMA on packed tokens by a mixture's schedule; resumes from its checkpoints."""

    stage_name: ClassVar[str] = "train"
    uses_all_cores: ClassVar[bool] = True
    location_fields: ClassVar[Mapping[str, Any]] = dict.fromkeys(NOT_IN_IDENTITY, True)

    def plan(self, inputs: Sequence[Manifest]) -> list[Task]:
        """One task; `inputs` are the manifests of the pack, the mix and, for best-fit packing, the fit stage."""
        if len(inputs) not in (2, 3):
            raise UserError(f"train needs the pack and the mix stage; it was given {len(inputs)}")
        pack, mix = inputs[:2]
        fit = inputs[2].folder if len(inputs) == 3 else None
        return [Task(id=task_id(0), params={"pack": pack.folder, "mix": mix.folder, "fit": fit})]

    def run(self, task: Task) -> ShardReport:
        """Train to the end; the files are the log and the last checkpoint."""
        if find_spec("torch") is None:
            raise UserError("training needs torch: pip install '.[train]'")
        from stages.train.train import train

        heartbeat = Heartbeat(task)
        result = train(
            self,
            task.params["pack"],
            task.params["mix"],
            task.output,
            on_step=lambda info: heartbeat.say(info.line()),
            fit_folder=task.params["fit"],
        )
        heartbeat.end()
        facts = {
            "steps": result.steps,
            "tokens": result.tokens,
            "first_loss": result.first_loss,
            "final_loss": result.final_loss,
            "parameters": result.parameters,
        }
        return ShardReport(task=task.id, files=result.files, facts=facts)

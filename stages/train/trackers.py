"""Finished steps in, the same in what people watch trainings with out: TensorBoard and trackio; one process tells them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Protocol

from stages.core import storage
from stages.core.errors import UserError
from stages.train.log import StepInfo


class Tracker(Protocol):
    """What is told of each step."""

    def tell(self, info: StepInfo) -> None:
        """A step is done."""

    def end(self) -> None:
        """No more of them."""


class TensorBoardTracker:
    """Event files in the folder `tensorboard` of the training's output; after a stop those of steps done again are hidden."""

    def __init__(self, folder: str, step: int, config: Mapping[str, Any]) -> None:
        from torch.utils.tensorboard import SummaryWriter

        if not storage.is_local(folder):
            raise UserError(
                f"trackers tensorboard: writes to a folder of this machine, not to {folder}; leave it out"
            )
        self._writer: Any = SummaryWriter(storage.join(folder, "tensorboard"), purge_step=step + 1)

    def tell(self, info: StepInfo) -> None:
        """Figures, and the text where there is one."""
        for name, value in info.figures().items():
            self._writer.add_scalar(name, value, info.step)
        if info.sample is not None:
            self._writer.add_text("sample", info.sample, info.step)

    def end(self) -> None:
        """Close the file."""
        self._writer.close()


class TrackioTracker:
    """A run of the project `altiplano`, named after the training's output folder."""

    def __init__(self, folder: str, step: int, config: Mapping[str, Any]) -> None:
        self._trackio: Any = import_module("trackio")
        name = "-".join(storage.absolute(folder).split("/")[-3:])
        self._trackio.init(project="altiplano", name=name, config=dict(config), resume="allow")

    def tell(self, info: StepInfo) -> None:
        """Figures, and the text where there is one."""
        text = {} if info.sample is None else {"sample": info.sample}
        self._trackio.log({**info.figures(), **text}, step=info.step)

    def end(self) -> None:
        """Send the rest."""
        self._trackio.finish()


TRACKERS: Mapping[str, Callable[[str, int, Mapping[str, Any]], Tracker]] = {
    "tensorboard": TensorBoardTracker,
    "trackio": TrackioTracker,
}


def open_trackers(names: Sequence[str], folder: str, step: int, config: Mapping[str, Any]) -> list[Tracker]:
    """Trackers of a training that goes on after `step`; a UserError names a package that is not installed."""
    for name in names:
        if find_spec(name) is None:
            raise UserError(f"trackers: {name} is not installed: pip install {name}")
    return [TRACKERS[name](folder, step, config) for name in names]

"""One process of several that train together: a plan of trainings in, each done in turn with a line about how it ended.

So the many checks of `test_ranks.py` start processes twice, and not a dozen times.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import orjson

from stages.core.errors import UserError
from stages.train import alive
from stages.train.config import TrainConfig
from stages.train.train import train
from stages.train.updates import Updates


def main() -> None:
    """`python -m tests.stages.train.rank_process PLAN`; ranks are those of the environment."""
    plan = orjson.loads(Path(sys.argv[1]).read_bytes())
    for number, one in enumerate(plan["trainings"]):
        os.environ["MASTER_PORT"] = str(plan["ports"][number])
        _train(one, plan["pack"], plan["mix"])


def _train(one: dict[str, Any], pack: str, mix: str) -> None:
    config = TrainConfig.model_validate(one["config"])
    if one.get("silent") is not None:
        alive.BEAT_SECONDS, alive.SILENT_SECONDS = 0.1, one["silent"]
    Path(one["folder"]).mkdir(exist_ok=True)

    if one.get("dies") == int(os.environ["RANK"]):
        _die_after_a_step()
    try:
        train(config, pack, mix, one["folder"], stop_step=one.get("stop"))
    except UserError as error:
        sys.stdout.write(f"UserError: {error}\n")


def _die_after_a_step() -> None:
    update = Updates.update

    def last(self: Updates, rate: float) -> None:
        update(self, rate)
        os._exit(9)

    Updates.update = last  # type: ignore[method-assign]


if __name__ == "__main__":
    main()

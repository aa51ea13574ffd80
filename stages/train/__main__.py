"""`torchrun -m stages.train CONFIG PACK MIX OUTPUT`: train over several processes, outside the pipeline."""

from __future__ import annotations

import argparse
import os
import sys

from pydantic import ValidationError

from stages.core import storage
from stages.core.errors import UserError
from stages.core.printing import printable
from stages.core.threads import let_threads_sleep
from stages.core.yaml_file import parse_yaml
from stages.train.config import TrainConfig


def main(arguments: list[str] | None = None) -> int:
    """Parse, train, print one line a step; 2 for a user's mistake, 1 for a disk that is full."""
    parser = argparse.ArgumentParser(prog="stages.train", description=__doc__)
    parser.add_argument("config", help="YAML file with the keys of a recipe's `train` section")
    parser.add_argument("pack", help="folder of the pack stage")
    parser.add_argument("mix", help="folder of the mix stage")
    parser.add_argument(
        "output", help="folder for checkpoints and log.jsonl; training goes on from what is there"
    )
    parser.add_argument("--fit", help="folder of the fit stage, when the mixture is of best-fit sequences")
    given = parser.parse_args(arguments)
    try:
        config = read_config(given.config)
        let_threads_sleep()
        from stages.train.train import (
            train,  # after the config is known to be right: torch takes seconds to load
        )

        storage.make_folder(given.output)
        folders = (given.pack, given.mix, given.output)
        train(config, *folders, on_step=lambda info: _print(info.line()), fit_folder=given.fit)
    except UserError as error:
        sys.stderr.write(f"error: {printable(str(error))}\n")
        return 2
    except OSError as error:
        if error.errno is None:  # a peer's connection, not this machine's disk
            raise
        where = given.output if error.filename is None else error.filename
        sys.stderr.write(f"error: {printable(f'{where}: {error.strerror}')}; the last checkpoint is whole\n")
        return 1
    return 0


def read_config(uri: str) -> TrainConfig:
    """The training config in a YAML file; a UserError names the first wrong key."""
    storage.size_bytes(uri)
    try:
        return TrainConfig.model_validate(parse_yaml(storage.read_bytes(uri), uri) or {})
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise UserError(f"{uri}: {key or 'config'}: {first['msg']}") from error


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # Not sys.exit: everything is written by now, and threads that torch's process groups leave behind abort some exits
    # ("terminate called without an active exception", seen with gloo on a loaded machine).
    os._exit(code)

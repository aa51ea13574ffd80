"""What is fuzzed: small files, which of them a case changes, and what is done with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from stages.core.errors import DamagedInputError, ReadFaultError, UserError
from tests.fuzz.mutate import mutated

ONE_LINE = (UserError, ReadFaultError, DamagedInputError)
"""What may come of any input, beside a result."""

MAX_MESSAGE_CHARS = 4000


@dataclass(frozen=True)
class Seed:
    """A file that cases change, by its name, and those that lie beside it."""

    name: str
    data: bytes
    beside: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class Target:
    """Something that reads files: `run` gets the folder in which a seed's files lie."""

    name: str
    seeds: Callable[[], Sequence[Seed]]
    run: Callable[[Path, Seed], None]


def lay_out(seed: Seed, data: bytes, folder: Path) -> None:
    """Write the files of a seed, with `data` for the file that a case changes."""
    for name, content in {**seed.beside, seed.name: data}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def chosen(target: Target, seed: int, case: int) -> tuple[Seed, bytes]:
    """The seed of a case, and what it makes of its file: the same whenever these three are."""
    chance = Random(f"{target.name} {seed} {case}")
    seeds = target.seeds()
    found = chance.choice(seeds)
    return found, mutated(found.data, chance.choice(seeds).data, chance)


def run_case(target: Target, seed: Seed, data: bytes, folder: Path) -> str:
    """`result`, or the name of the error that it may be; any other error is raised."""
    lay_out(seed, data, folder)
    try:
        target.run(folder, seed)
    except ONE_LINE as error:
        message = str(error)
        if not message or len(message) > MAX_MESSAGE_CHARS or "Traceback" in message:
            raise AssertionError(
                f"a {type(error).__name__} that is no one line: {message[:500]!r}"
            ) from error
        return type(error).__name__
    return "result"

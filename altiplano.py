"""The door: names in, the library out; and `main`, the command. Both first look whose packages Python finds.

What is asked for is imported when it is asked for, so importing this costs nothing, and Ray is for runs with workers.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.machinery import PathFinder
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.library import Finished as Finished
    from pipeline.library import Packed as Packed
    from pipeline.library import kinds as kinds
    from pipeline.library import plan as plan
    from pipeline.library import read_documents as read_documents
    from pipeline.library import read_ledger as read_ledger
    from pipeline.library import rules as rules
    from pipeline.library import run as run
    from pipeline.library import steps as steps
    from stages.core.errors import StageFailedError as StageFailedError
    from stages.core.errors import UserError as UserError
    from stages.mix.sequences import ScheduledSequences as ScheduledSequences
    from stages.mix.sequences import cu_seqlens as cu_seqlens
    from stages.train.dataset import PackedDataset as PackedDataset
    from stages.train.dataset import PackedIterable as PackedIterable
    from stages.train.dataset import PackedLoader as PackedLoader

HERE = Path(__file__).resolve().parent
OWN_NAME = "altiplano"
PACKAGES = ("pipeline", "quality_classifier", "stages")

_LIBRARY = (
    "Finished",
    "Packed",
    "kinds",
    "plan",
    "read_documents",
    "read_ledger",
    "rules",
    "run",
    "steps",
)
_OF_TORCH = ("PackedDataset", "PackedIterable", "PackedLoader")
_PLACES = (
    dict.fromkeys(_LIBRARY, "pipeline.library")
    | dict.fromkeys(("StageFailedError", "UserError"), "stages.core.errors")
    | dict.fromkeys(("ScheduledSequences", "cu_seqlens"), "stages.mix.sequences")
    | dict.fromkeys(_OF_TORCH, "stages.train.dataset")
)
__all__ = sorted(_PLACES)


def __getattr__(name: str) -> Any:
    """What the library calls so: a function or class of its own, or the class of a rule, a step, a kind or a stage."""
    if name.startswith("_"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if wrong := _anothers_package():
        raise ImportError(_told(wrong))
    if name in _OF_TORCH and find_spec("torch") is None:
        raise ImportError(f"{OWN_NAME}.{name} needs torch: pip install '{OWN_NAME}[train]'")
    if name in _PLACES:
        return getattr(import_module(_PLACES[name]), name)
    found = import_module("pipeline.library").class_called(name)
    if found is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return found


def __dir__() -> list[str]:
    return [*__all__, "main"]


def main() -> None:
    """Run the command line; one line and exit code 2 where another distribution owns a package's name."""
    if wrong := _anothers_package():
        _stop(wrong)
    try:
        from pipeline.cli.main import main as run_command
    except ImportError as error:
        # two distributions in one folder: files of the one lie where the other's should be
        if (name := (error.name or "").split(".")[0]) in PACKAGES:
            _stop(name)
        raise
    run_command()


def _anothers_package() -> str | None:
    return next((name for name in PACKAGES if not _is_ours(name)), None)


def _is_ours(name: str) -> bool:
    """Whether the package of this name lies beside this file; an editable install is found in no folder at all."""
    spec = PathFinder.find_spec(name)
    places = [] if spec is None else spec.submodule_search_locations or []
    return not places or any(Path(place).resolve().parent == HERE for place in places)


def _stop(name: str) -> None:
    sys.stderr.write(f"altiplano: {_told(name)}\n")
    raise SystemExit(2)


def _told(name: str) -> str:
    from importlib.metadata import packages_distributions  # takes longer than all else here

    owners = sorted(set(packages_distributions().get(name, ())) - {OWN_NAME})
    owner = f" ({', '.join(owners)})" if owners else ""
    return (
        f"the package {name!r} that Python finds is another distribution's{owner}; "
        "install Altiplano into an environment of its own"
    )

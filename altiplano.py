"""The command `altiplano`: checks that the packages that Python finds are ours, then runs it."""

from __future__ import annotations

import sys
from importlib.machinery import PathFinder
from pathlib import Path

HERE = Path(__file__).resolve().parent
OWN_NAME = "altiplano"
PACKAGES = ("pipeline", "quality_classifier", "stages")


def main() -> None:
    """Run the command line; one line and exit code 2 where another distribution owns a package's name."""
    if wrong := next((name for name in PACKAGES if not _is_ours(name)), None):
        _stop(wrong)
    try:
        from pipeline.cli.main import main as run
    except ImportError as error:
        # two distributions in one folder: files of the one lie where the other's should be
        if (name := (error.name or "").split(".")[0]) in PACKAGES:
            _stop(name)
        raise
    run()


def _is_ours(name: str) -> bool:
    """Whether the package of this name lies beside this file; an editable install is found in no folder at all."""
    spec = PathFinder.find_spec(name)
    places = [] if spec is None else spec.submodule_search_locations or []
    return not places or any(Path(place).resolve().parent == HERE for place in places)


def _stop(name: str) -> None:
    from importlib.metadata import packages_distributions  # takes longer than all else here

    owners = sorted(set(packages_distributions().get(name, ())) - {OWN_NAME})
    owner = f" ({', '.join(owners)})" if owners else ""
    sys.stderr.write(
        f"altiplano: the package {name!r} that Python finds is another distribution's{owner}; "
        "install Altiplano into an environment of its own\n"
    )
    raise SystemExit(2)

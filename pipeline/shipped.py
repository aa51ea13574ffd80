"""What a user calls a recipe in, its file out: a path, or the name of one that is shipped with the samples that it reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from stages.core.errors import UserError
from stages.core.mistakes import suggest

SHIPPED = Path(__file__).parent / "shipped"
"""`configs/*.yaml` and `samples/dumps`, as in the checkout."""


def recipe_file(recipe: str) -> str:
    """The file of a recipe; a UserError when there is none, and no recipe of this name is shipped."""
    if Path(recipe).exists() or recipe != Path(recipe).name or Path(recipe).suffix:
        return recipe
    names = sorted(path.stem for path in (SHIPPED / "configs").glob("*.yaml"))
    if recipe not in names:
        raise UserError(f"{recipe}: no such file, and no such recipe is shipped; {suggest(recipe, names)}")
    return str(SHIPPED / "configs" / f"{recipe}.yaml")


def with_shipped_paths(path: str, raw: dict[str, Any]) -> dict[str, Any]:
    """A recipe with variables that name what is shipped, when it is shipped itself, wherever it is run."""
    declared = raw.get("variables")
    if Path(path).parent != SHIPPED / "configs" or not isinstance(declared, dict):
        return raw
    return raw | {"variables": {name: _shipped(value) for name, value in declared.items()}}


def _shipped(value: Any) -> Any:
    return str(SHIPPED / value) if isinstance(value, str) and (SHIPPED / value).exists() else value

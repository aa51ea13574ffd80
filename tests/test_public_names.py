"""One public name of meaning, one thing: no two modules define the same."""

from __future__ import annotations

from tests.demo import ROOT
from tests.public_names import public_names

COMMANDS = "pipeline.cli."
"""Commands are called as the user types them."""

DOOR = "pipeline.library"
"""What `import altiplano` gives is called as a stranger would look for it."""

BY_MODULE = {"build", "find", "main"}
"""Names that are always written with their module before them, as `key_set.find`, or that Python expects."""


def test_every_public_name_is_defined_once() -> None:
    names = {
        name: [module for module in modules if not module.startswith(COMMANDS) and module != DOOR]
        for name, modules in public_names(ROOT).items()
        if name not in BY_MODULE
    }
    assert {name: modules for name, modules in names.items() if len(modules) > 1} == {}

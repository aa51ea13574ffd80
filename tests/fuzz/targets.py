"""Every target of the fuzzer, by its name."""

from __future__ import annotations

from functools import cache

from tests.fuzz import kept, models, readers, records
from tests.fuzz.target import Target


@cache
def all_targets() -> dict[str, Target]:
    """Targets by name, in a fixed order."""
    rooms = (readers, records, models, kept)
    found = [target for room in rooms for target in room.targets()]
    return {target.name: target for target in found}

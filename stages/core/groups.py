"""Weights or epochs that name groups of sources in, those of every source out: five dumps as one line of table 1.

A group's share is split by the tokens that its sources have, unless the group gives its sources shares of their own.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator, Field

from stages.core.errors import UserError
from stages.core.location import NOT_CONTENT
from stages.core.manifest import Record
from stages.core.mistakes import Mistakes, suggest
from stages.core.names import source_fault


def _as_members(given: Any) -> Any:
    """A list of sources as a mapping that gives them no shares; one that is there twice is a mistake."""
    if isinstance(given, str):
        given = [part.strip() for part in given.split(",")]
    if not isinstance(given, list | tuple):
        return given
    if twice := [name for name, count in Counter(map(str, given)).items() if count > 1]:
        raise ValueError(f"{twice[0]} is there twice")
    return {str(name): None for name in given}


AnyShare = TypeVar("AnyShare", bound=float | Fraction)

Members = Annotated[dict[str, float | None], BeforeValidator(_as_members)]
"""Sources of a group and the share that each has of it; no shares: by tokens available."""

Groups = dict[str, Members]


class EmptySources(Record):
    """Which sources may turn out to be empty.

    No content: where one is, the options without it give what they give; where none is, it changes nothing.
    """

    may_be_empty: Annotated[tuple[str, ...], NOT_CONTENT] = Field(
        (),
        description="sources that may have no documents: what is said of one is then left out, with a warning",
    )


def without_empty(
    given: Mapping[str, AnyShare], groups: Groups, available: Mapping[str, int], may_be_empty: Iterable[str]
) -> dict[str, AnyShare]:
    """Shares but for those of sources that may be empty and are, and of groups of nothing but such."""
    empty = {source for source in may_be_empty if not available.get(source)}
    return {name: share for name, share in given.items() if not empty.issuperset(groups.get(name) or (name,))}


def check_groups(groups: Groups, sources: Iterable[str]) -> None:
    """A MistakesError with all that is wrong with groups of these sources."""
    names, mistakes = list(sources), Mistakes()
    group_of: dict[str, str] = {}
    for group, members in groups.items():
        with mistakes.below(group):
            if (fault := source_fault(group)) is not None:
                mistakes.add(fault)
            if group in names:
                mistakes.add("a source is called so too; rename the group")
            if not members:
                mistakes.add("names no source")
            _check_shares(members)
        for member in members:
            with mistakes.below(group, member):
                if member not in names:
                    mistakes.add(f"no such source here; {suggest(member, names)}")
                if (other := group_of.setdefault(member, group)) != group:
                    mistakes.add(f"is in the group {other} too; a source is in one group at most")
    mistakes.end()


def _check_shares(members: Members) -> None:
    shares = [share for share in members.values() if share is not None]
    if not shares:
        return
    if len(shares) < len(members):
        raise UserError("gives some sources a share and others none; give all of them one, or list them")
    if not all(math.isfinite(share) and share >= 0 for share in shares) or not sum(shares):
        raise UserError("shares are numbers of at least 0, one above")


def weights_of_sources(
    weights: Mapping[str, float | Fraction], groups: Groups, available: Mapping[str, int]
) -> dict[str, Fraction]:
    """Weights without groups: each group's is split over its sources, which have `available` tokens (or bytes)."""
    found: dict[str, Fraction] = {}
    for name, members in _named(weights, groups, "weight"):
        weight = Fraction(str(weights[name]))
        shares = _shares(name, members, available) if members else {name: Fraction(1)}
        found |= {source: weight * share for source, share in shares.items()}
    return found


def epochs_of_sources(
    epochs: Mapping[str, float | Fraction], groups: Groups, available: Mapping[str, int]
) -> dict[str, Fraction]:
    """Epochs without groups: each group's are those of its sources, which have `available` tokens."""
    found: dict[str, Fraction] = {}
    for name, members in _named(epochs, groups, "number of epochs"):
        there = [source for source in members or [name] if available.get(source)]
        if members and not there:
            raise UserError(f"epochs: {name}: there are no tokens of its sources ({', '.join(members)})")
        found |= dict.fromkeys(there or [name], Fraction(str(epochs[name])))
    return found


def _named(
    given: Mapping[str, float | Fraction], groups: Groups, what: str
) -> Iterable[tuple[str, Members | None]]:
    """Every name, with its members where it is a group; a UserError when a source is named by itself and by its group."""
    for name in given:
        members = groups.get(name)
        if both := next((member for member in members or () if member in given), None):
            raise UserError(f"{both} has a {what} and so has its group {name}; give one of the two")
        yield name, members


def _shares(group: str, members: Members, available: Mapping[str, int]) -> dict[str, Fraction]:
    """The share of each source of a group, adding up to 1."""
    there = [source for source in members if available.get(source)]
    parts = {
        source: Fraction(available[source]) if (own := members[source]) is None else Fraction(str(own))
        for source in there
    }
    if not (total := sum(parts.values(), Fraction(0))):
        raise UserError(f"weights: {group}: its sources ({', '.join(members)}) are empty; leave it out")
    return {source: part / total for source, part in parts.items()}

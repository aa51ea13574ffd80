"""A chain: the ordered stages behind one verb of a recipe (hash, match, remove), and what each reads."""

from __future__ import annotations

from dataclasses import dataclass

from stages.core.stage import Stage


@dataclass(frozen=True)
class Step:
    """A stage of a chain and its inputs: 0 is the documents given to the chain, k the output of step k.

    The last step of a chain gives documents again.
    """

    stage: Stage
    inputs: tuple[int, ...]

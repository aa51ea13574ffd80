"""Documents in, documents without the lines that others have out: CCNet's line dedup (Wenzek et al. 2020).

hash (shard -> distinct line keys by range) -> match (range -> keys to remove, by shard) -> remove (shard).
A line that several documents have goes everywhere, a line that only one repeats keeps one copy. CCNet works
on groups of 50 of a dump's 1,600 files; here a dump is one group, or all input is, or a dump's documents are
put into groups by their ids, which like CCNet's does not follow what pages say. To CCNet the key of a blank
line is a key like any other, so it removes them all; here they are never duplicates: paragraphs stay apart.
"""

from __future__ import annotations

from typing import ClassVar

from stages.core.verb import Verb, Wiring
from stages.dedup.lines.match import HashLines, KeepLinesOptions, MatchLines, ScopeOptions
from stages.dedup.lines.remove import LeftLinesOptions, RemoveLines


class DedupLines(KeepLinesOptions, ScopeOptions, LeftLinesOptions, Verb):
    """Remove lines that several documents have, then documents that became too short."""

    verb: ClassVar[str] = "dedup_lines"

    def wire(self, wiring: Wiring, documents: str) -> str:
        """hash -> match -> remove."""
        keys = wiring.add(self.stage(HashLines), documents)
        removals = wiring.add(self.stage(MatchLines), keys, documents)
        return wiring.add(self.stage(RemoveLines), documents, removals)

"""The names that a recipe and the command line use, and the config classes behind them."""

from __future__ import annotations

from pydantic import BaseModel, Field, SerializeAsAny

from stages.core.stage import Record
from stages.core.verb import Step
from stages.dedup.books.stages import DedupBooks
from stages.dedup.decontaminate.stages import Decontaminate
from stages.dedup.exact.stages import DedupExact
from stages.dedup.lines.stages import DedupLines
from stages.dedup.near.stages import DedupNear
from stages.dedup.substrings.stages import DedupSubstrings
from stages.filter.rule import Rule, rule_classes
from stages.filter.stage import Filter
from stages.ingest.arxiv.stage import ArxivIngest
from stages.ingest.base import RawStage
from stages.ingest.books.stage import BooksIngest
from stages.ingest.c4.stage import C4Ingest
from stages.ingest.common_crawl.stage import CommonCrawlIngest
from stages.ingest.github.stage import GithubIngest
from stages.ingest.stackexchange.stage import StackExchangeIngest
from stages.ingest.stackexchange.threads import StackExchangeThreads
from stages.ingest.wikipedia.stage import WikipediaIngest

INGEST_STAGES: dict[str, type[RawStage]] = {
    "common_crawl": CommonCrawlIngest,
    "c4": C4Ingest,
    "github": GithubIngest,
    "wikipedia": WikipediaIngest,
    "books": BooksIngest,
    "arxiv": ArxivIngest,
    "stackexchange": StackExchangeIngest,
}
"""The stage that reads each source's raw files; its fields are the options of the source."""

DEDUP_VERBS: dict[str, type[BaseModel]] = {
    "dedup_lines": DedupLines,
    "dedup_exact": DedupExact,
    "dedup_near": DedupNear,
    "dedup_books": DedupBooks,
    "dedup_substrings": DedupSubstrings,
    "decontaminate": Decontaminate,
}


FILTER_RULES: dict[str, type[Rule]] = rule_classes()
"""The rules of a filter, by the name that a recipe uses."""

ANNOTATE = "annotate"
FILTER_VERBS = ("filter", ANNOTATE)
"""The steps that take a list of rules: one drops, the other only writes their values down."""


def ingest_steps(ingest: RawStage) -> list[Step]:
    """The stages from a source's raw files to its documents; a StackExchange thread is put together by a second one."""
    if isinstance(ingest, StackExchangeIngest):
        return [Step(ingest, ()), Step(StackExchangeThreads(), (0,))]
    return [Step(ingest, ())]


class FilterOptions(Record):
    """The rules of one filter step, in order."""

    rules: tuple[SerializeAsAny[Rule], ...] = Field(min_length=1)
    annotate_only: bool = False

    def stage(self) -> Filter:
        """The filter stage over these rules."""
        return Filter(rules=self.rules, annotate_only=self.annotate_only)

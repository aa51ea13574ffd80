"""The names that a recipe and the command line use, and the config classes behind them."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from stages.core.chain import Step
from stages.core.stage import Record
from stages.dedup.books import DedupBooks
from stages.dedup.decontaminate import Decontaminate
from stages.dedup.exact import DedupExact
from stages.dedup.lines import DedupLines
from stages.dedup.near import DedupNear
from stages.dedup.substrings import DedupSubstrings
from stages.filter.heuristics import C4Rule, FineWebRule, GopherQualityRule, GopherRepetitionRule
from stages.filter.perplexity import PerplexityRule
from stages.filter.pii import PiiRule
from stages.filter.rules import LanguageRule, ReferenceRule, Rule
from stages.filter.stage import Filter
from stages.filter.word_list import WordListRule
from stages.ingest.arxiv import ArxivIngest
from stages.ingest.base import RawStage
from stages.ingest.books import BooksIngest
from stages.ingest.c4 import C4Ingest
from stages.ingest.common_crawl import CommonCrawlIngest
from stages.ingest.github import GithubIngest
from stages.ingest.stackexchange import StackExchangeIngest, StackExchangeThreads
from stages.ingest.wikipedia import WikipediaIngest

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


FILTER_RULES: dict[str, type[BaseModel]] = {
    "language": LanguageRule,
    "perplexity": PerplexityRule,
    "reference": ReferenceRule,
    "gopher_quality": GopherQualityRule,
    "gopher_repetition": GopherRepetitionRule,
    "c4": C4Rule,
    "fineweb": FineWebRule,
    "word_list": WordListRule,
    "pii": PiiRule,
}
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

    rules: tuple[Annotated[Rule, Field(discriminator="rule")], ...] = Field(min_length=1)
    annotate_only: bool = False

    def stage(self) -> Filter:
        """The filter stage over these rules."""
        return Filter(rules=self.rules, annotate_only=self.annotate_only)

"""The sites that `altiplano fetch` knows, by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from stages.fetch.site import Site
from stages.ingest.arxiv.fetch import Arxiv
from stages.ingest.books.fetch import Gutenberg
from stages.ingest.c4.fetch import C4
from stages.ingest.common_crawl.fetch import CommonCrawl
from stages.ingest.stackexchange.fetch import StackExchange
from stages.ingest.wikipedia.fetch import Wikipedia

SITES: Mapping[str, type[Site]] = MappingProxyType(
    {site.site: site for site in (CommonCrawl, C4, Wikipedia, Gutenberg, Arxiv, StackExchange)}
)

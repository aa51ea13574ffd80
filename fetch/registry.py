"""The sites that `altiplano fetch` knows, by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from fetch.site import Site
from fetch.sites.arxiv import Arxiv
from fetch.sites.c4 import C4
from fetch.sites.common_crawl import CommonCrawl
from fetch.sites.gutenberg import Gutenberg
from fetch.sites.stackexchange import StackExchange
from fetch.sites.wikipedia import Wikipedia

SITES: Mapping[str, type[Site]] = MappingProxyType(
    {site.site: site for site in (CommonCrawl, C4, Wikipedia, Gutenberg, Arxiv, StackExchange)}
)

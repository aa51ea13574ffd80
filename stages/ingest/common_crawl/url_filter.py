"""URLs in, the rule that refuses one out: blocklists by host and URL prefix, and words in URLs (RefinedWeb, section G.1)."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple, Self
from urllib.parse import unquote

import idna
import numpy as np
from pydantic import Field, model_validator

from stages.core import storage
from stages.core.location import Location
from stages.core.manifest import Record
from stages.ingest.common_crawl.url_lists import HARD, Blocked, read_blocked, read_words, url_list_files
from stages.ingest.common_crawl.url_parts import split_url
from stages.kernels.hash import url_keys

HOST_RULE, WORD_RULE = "url_host", "url_word"
_TOKEN = re.compile(r"[^\W_]+")
_PUNYCODE = re.compile(r"xn--[a-z0-9-]+")


class UrlMatch(NamedTuple):
    """Why a URL is refused, as the fields of a Loss behind its key."""

    rule: str
    detail: str
    value: float | None = None
    threshold: float | None = None


class UrlFilter(Record):
    """Which pages are refused by their URL, before anything of them is read."""

    hosts: tuple[Location, ...] = Field((), description="blocklists of hosts and URLs: files, or UT1 folders")
    words: tuple[Location, ...] = Field((), description="lists of words that a URL must not have")
    min_soft_words: int = Field(2, ge=1, description="soft words that together refuse a URL")

    @model_validator(mode="after")
    def _has_a_list(self) -> Self:
        if not self.hosts and not self.words:
            raise ValueError("give a blocklist in `hosts` or `words`")
        return self

    def dependencies(self) -> list[str]:
        """SHA-256 of every list; a UserError when one is missing, empty or not text."""
        hosts = [f"url_filter hosts {storage.sha256_file(file)}" for file in _files(self.hosts)]
        return hosts + [f"url_filter words {storage.sha256_file(file)}" for file in _files(self.words)]

    def matcher(self) -> UrlMatcher:
        """The lists as tables; a process keeps them for as long as the files stay what they are."""
        return _matcher(self, tuple(self.dependencies()))


class UrlMatcher:
    """Tells whether a URL is refused. 5 million hosts take 67 MB.

    Hosts and prefixes are known by 64-bit hashes alone: with 5 million of them a URL that is not listed is taken for one
    that is with probability 1e-12, a hundredth of a page in all five dumps of LLaMA's CommonCrawl.
    """

    def __init__(self, blocked: Blocked, words: dict[str, float], min_soft_words: int) -> None:
        self.num_listed, self.ignored_lines = blocked.size, blocked.ignored_lines
        self._table = url_keys.build(np.concatenate([np.empty(0, np.uint64), *blocked.hashes]))
        self._max_prefix_bytes = blocked.max_prefix_bytes
        self._has_hosts, self._has_words = blocked.size > 0, bool(words)
        self._min_soft_words = min_soft_words
        self._inside = [(word[1:-1], weight) for word, weight in words.items() if word[0] == "*"]
        self._phrases = [(f" {word} ", weight) for word, weight in words.items() if " " in word]
        self._whole = {word: weight for word, weight in words.items() if word[0] != "*" and " " not in word}

    def check(self, url: str | None) -> UrlMatch | None:
        """Why a URL is refused; None when it is not, or when there is none."""
        if not url:
            return None
        if self._has_hosts and (match := self._check_host(url)) is not None:
            return match
        return self._check_words(url) if self._has_words else None

    def _check_host(self, url: str) -> UrlMatch | None:
        host, rest = split_url(url)
        data = (host + rest).encode("utf-8", "replace")
        host_end = len(host) if host.isascii() else len(host.encode("utf-8", "replace"))
        at = url_keys.first_listed(
            np.frombuffer(data, np.uint8), host_end, self._table, self._max_prefix_bytes
        )
        if at < 0:
            return None
        listed = data[at:host_end] if at < host_end else data[:at].removeprefix(b"www.")
        return UrlMatch(HOST_RULE, listed.decode())

    def _check_words(self, url: str) -> UrlMatch | None:
        text = _readable(url)
        tokens = _TOKEN.findall(text)
        found: dict[str, float] = {}
        if not self._whole.keys().isdisjoint(tokens):
            found |= {token: self._whole[token] for token in tokens if token in self._whole}
        for word, weight in self._inside:
            if word in text:
                found[f"*{word}*"] = weight
        if self._phrases:
            spaced = f" {' '.join(tokens)} "
            found |= {phrase.strip(): weight for phrase, weight in self._phrases if phrase in spaced}
        if not found:
            return None
        if hard := next((word for word, weight in found.items() if weight == HARD), None):
            return UrlMatch(WORD_RULE, hard)
        score = math.fsum(found.values())
        if score < self._min_soft_words:
            return None
        return UrlMatch(WORD_RULE, ", ".join(found), score, self._min_soft_words)


def _readable(url: str) -> str:
    """A URL in lower case as its author wrote it: no percent-encoding, no punycode."""
    text = unquote(url).lower() if "%" in url else url.lower()
    return _PUNYCODE.sub(_decoded, text) if "xn--" in text else text


def _decoded(label: re.Match[str]) -> str:
    try:
        return idna.decode(label[0])
    except idna.IDNAError:
        return label[0]


def _files(uris: Sequence[str]) -> list[str]:
    return [file for uri in uris for file in url_list_files(uri)]


@lru_cache(maxsize=2)
def _matcher(config: UrlFilter, content: tuple[str, ...]) -> UrlMatcher:
    """The matcher of a config and the content of its lists, which is a key of the cache and nothing else."""
    return UrlMatcher(
        read_blocked(_files(config.hosts)), read_words(_files(config.words)), config.min_soft_words
    )

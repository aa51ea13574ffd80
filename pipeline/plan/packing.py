"""Raw files of a source in, how much they hold out, beside as many bytes packed as its kind's mostly are.

The constants of a plan are of WET and C4 as gzip, of dumps of Wikipedia as bz2, of plain Posts.xml. What files really are is
told by the first bytes of a few of each suffix: a name alone may lie, and a store has 100,000 files.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from stages.core.errors import ReadFaultError, UserError
from stages.core.storage import FoundFile
from stages.ingest.compressed import compression_of
from stages.ingest.contents import unpacked_start
from stages.ingest.parquet_rows import PARQUET_MAGIC
from stages.ingest.raw import RawFile

LOOKS = 4
"""Files of each suffix that are looked at."""

PARQUET = "parquet"
HELD_PER_BYTE: Mapping[str, float] = MappingProxyType(
    {"none": 1.0, "lz4": 1.6, PARQUET: 2.0, "gzip": 2.6, "zstd": 2.7, "bz2": 3.3, "xz": 3.2}
)
"""Bytes of text that a byte holds: of C4's JSON lines in ../shared/data by each program's usual level; Parquet between
Snappy (1.7) and zstd (2.3)."""

XML_HELD_PER_BYTE: Mapping[str, float] = MappingProxyType(
    {"none": 1.0, "lz4": 2.1, "gzip": 3.4, "zstd": 4.1, "bz2": 4.9, "xz": 5.8, "7z": 5.8}
)
"""The same of Posts.xml there; dumps of Wikipedia are between the two."""

USUAL: Mapping[str, tuple[str, Mapping[str, float]]] = MappingProxyType(
    {
        "common_crawl": ("gzip", HELD_PER_BYTE),
        "c4": ("gzip", HELD_PER_BYTE),
        "dataset": ("none", HELD_PER_BYTE),
        "wikipedia": ("bz2", XML_HELD_PER_BYTE),
        "stackexchange": ("none", XML_HELD_PER_BYTE),
    }
)
"""How files of a kind are packed for which the constants are. Other kinds have archives of files that are packed by
themselves, and their constants are of archives."""

PAGES_TEXT = 0.23 / 2.5
"""Main text in a byte of packed HTML pages, beside the text in one of WET (WCXB's pages, docs/benchmarks.md)."""

_PAGES = (b"WARC-Type: response", b"WARC-Type: request", b"WARC-Type: resource")
_TEXTS = b"WARC-Type: conversion"


@dataclass(frozen=True)
class Unpacked:
    """What a byte of raw files takes to read and gives as text, in those of usual files of their kind."""

    work: float = 1.0
    text: float = 1.0


AS_USUAL = Unpacked()


def held_in(kind: str, files: Sequence[FoundFile], seed: int) -> Unpacked:
    """What files of a kind of source hold, by a look at a few of each suffix."""
    total = sum(file.size for file in files)
    if kind not in USUAL or not total:
        return AS_USUAL
    by_suffix: defaultdict[str, list[FoundFile]] = defaultdict(list)
    for file in files:
        if file.size:
            by_suffix[file.name[file.name.rfind(".") :].lower()].append(file)
    work = text = 0.0
    for suffix in sorted(by_suffix):
        own = by_suffix[suffix]
        drawn = random.Random(seed).sample(own, min(LOOKS, len(own)))
        looked = [_held(kind, file) for file in drawn]
        share = sum(file.size for file in own) / total / len(looked)
        work += share * sum(one.work for one in looked)
        text += share * sum(one.text for one in looked)
    return Unpacked(work, text)


def _held(kind: str, file: FoundFile) -> Unpacked:
    usual, table = USUAL[kind]
    try:
        raw = RawFile(file.uri, file.name, file.size)
        with raw.open() as stream:
            head = stream.read(8)
        packing = PARQUET if head.startswith(PARQUET_MAGIC) else compression_of(head)
        has_pages = kind == "common_crawl" and _holds_pages(unpacked_start(raw))
    except (ReadFaultError, UserError):  # whoever reads it will say what is wrong
        return AS_USUAL
    work = table.get(packing, table[usual]) / table[usual]
    return Unpacked(work, work * (PAGES_TEXT if has_pages else 1.0))


def _holds_pages(start: bytes) -> bool:
    """Whether the first record of an archive that is no description of it is a page or what belongs to one."""
    places = [place for mark in _PAGES if (place := start.find(mark)) >= 0]
    text = start.find(_TEXTS)
    return start.startswith(b"filedesc:") or (bool(places) and (text < 0 or min(places) < text))

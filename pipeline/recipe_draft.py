"""Names of sources in, a commented recipe out that reads them with the usual steps: something to begin with."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import orjson

from pipeline.registry import KINDS
from stages.core.documents import SOURCES
from stages.core.errors import UserError
from stages.core.names import source_fault

_ENGLISH = """      - filter:
          - language: {keep: [en], min_score: 0.5}   # `altiplano filter language --help` has all options
"""
_EXACT = "      - dedup_exact: {}\n"
_NEAR = "      - dedup_near: {}\n"

DRAFTS: Mapping[str, str] = MappingProxyType(
    {
        "common_crawl": "    input: ${data}/common_crawl/**/*.gz   # WARC, ARC or WET\n    steps:\n"
        + _EXACT
        + _NEAR
        + "      - dedup_lines: {scope: dump, keep: none}   # menus and footers: lines that stand on many pages\n"
        + _ENGLISH,
        "c4": "    input: ${data}/c4/*.json.gz   # or hf://datasets/allenai/c4/en/*.json.gz\n    steps:\n"
        + _EXACT
        + _NEAR,
        "github": "    input: ${data}/github/*.tar.gz   # archives, checkouts, or BigQuery's export\n    steps:\n"
        + _EXACT,
        "wikipedia": "    input: ${data}/wikipedia/*.xml.bz2\n    languages: [en]   # of the file names; LLaMA took 20\n",
        "books": "    input: ${data}/books/**   # Project Gutenberg's .txt, or EPUB\n    steps:\n"
        "      - dedup_books: {max_containment: 0.9}\n",
        "arxiv": "    input: ${data}/arxiv/*.gz   # LaTeX sources, one by one or in bulk archives\n",
        "stackexchange": "    input: ${data}/stackexchange/*/Posts.xml   # or the 7z archives\n",
        "dataset": "    kind: dataset\n    input: ${data}/{name}/*.jsonl   # JSON lines, Parquet, Arrow, CSV, text files\n"
        "    columns: {text: text}   # which column holds text, id, url\n    steps:\n" + _EXACT + _NEAR,
    }
)
"""The part of a source by its kind."""

_HEAD = """# A recipe to begin with. `altiplano plan {file}` checks it and says what it takes; `altiplano run {file}` runs it.
# Every step can be taken out, and any rule of `altiplano filter --help` be put under `filter`.
name: {name}
seed: 1
run: ${{runs}}/${{name}}
variables:   # `--set data=FOLDER` sets one
  data: {data}
  runs: runs

sources:
"""
_TAIL = """
# Steps that see the documents of all sources together:
# all_sources:
#   - dedup_exact: {}

tokenizer: {vocab_size: 32000}   # a smaller one where there is little text; or `model: FILE`

mixture:
  # epochs: {wikipedia: 2}   # passes over a source; or `weights`, or a `budget` of tokens
  sequence_length: 2048

# train:   # a LLaMA on these tokens; leave it out for another trainer (`altiplano export tokens`)
#   model: tiny
#   steps: 100
#   warmup_steps: 10
"""


def recipe_draft(name: str, sources: Sequence[str], file: str, data: str = "data") -> str:
    """The text of a recipe; `sources` are kinds, or NAME=KIND. A UserError for a kind that nobody knows."""
    parts = [_HEAD.format(name=_value(name), file=file, data=_value(data))]
    for given in sources or SOURCES:
        source, _, kind = given.partition("=")
        kind = kind or source
        if (fault := source_fault(source)) is not None:
            raise UserError(f"--sources {given}: {fault}")
        KINDS.find(kind)
        own = DRAFTS.get(kind, f"    kind: {kind}\n    input: ${{data}}/{source}/*\n").replace(
            "{name}", source
        )
        named = "" if source == kind or own.startswith("    kind:") else f"    kind: {kind}\n"
        parts.append(f"  {source}:\n{named}{own}\n")
    return "".join(parts).rstrip("\n") + "\n" + _TAIL


def _value(text: str) -> str:
    """A text as a value of YAML: quoted unless it is plain beyond doubt."""
    return text if re.fullmatch(r"[A-Za-z_./~][\w./~-]*", text, re.ASCII) else orjson.dumps(text).decode()

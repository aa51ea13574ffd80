"""Sources that are to be read in, a line for each whose raw files are all of another kind out, by a look at a few of them."""

from __future__ import annotations

import random
from collections.abc import Container, Mapping, Sequence
from typing import Any

from pipeline.graph import Graph
from pipeline.registry import source_kinds
from stages.core.errors import ReadFaultError
from stages.core.mistakes import Mistakes
from stages.core.storage import FoundFile
from stages.ingest.base import RawStage
from stages.ingest.contents import raw_content
from stages.ingest.raw import RawFile

MAX_LOOKS = 8
"""Raw files of a source that are looked at, in at most two reads each: of the first that may be right no more are."""


RawFiles = Mapping[str, Sequence[FoundFile]]
"""Raw files by the node that is to read them."""


def raw_files_left(graph: Graph, finished: Container[str]) -> RawFiles:
    """The raw files of all nodes that are not finished, listed once: a store has 100,000 of them."""
    return {
        node.name: node.stage.raw_files()
        for node in graph.nodes.values()
        if isinstance(node.stage, RawStage) and node.name not in finished
    }


def check_contents(graph: Graph, files: RawFiles, seed: int) -> None:
    """A MistakesError that names the sources of which every file that was looked at is of another kind.

    One wrong file among right ones is for the ledger, and so is one of which the first bytes do not tell.
    """
    mistakes = Mistakes()
    for node, found in files.items():
        stage = graph.nodes[node].stage
        if isinstance(stage, RawStage) and stage.reads:
            wrong = _wrong_file(found, stage.reads, seed)
            if wrong is not None:
                with mistakes.below(stage.source):
                    mistakes.add(_told(*wrong, stage))
    mistakes.end()


def _wrong_file(files: Sequence[FoundFile], reads: frozenset[str], seed: int) -> tuple[FoundFile, str] | None:
    """The first of the drawn files and what it holds, when all of them are of another kind."""
    with_bytes = [file for file in files if file.size]
    drawn = random.Random(seed).sample(with_bytes, min(MAX_LOOKS, len(with_bytes)))
    first = None
    for file in drawn:
        content = _content(file)
        if content is None or content in reads:
            return None
        first = first or (file, content)
    return first


def _content(file: FoundFile) -> str | None:
    if file.uri.endswith("/"):  # a repository that lies in a folder
        return None
    try:
        return raw_content(RawFile(file.uri, file.name, file.size))
    except ReadFaultError:  # the run will try again, and say what is wrong with the machine
        return None


def _told(file: FoundFile, content: str, stage: RawStage[Any]) -> str:
    others = sorted(name for name, kind in source_kinds().items() if content in kind.reads)
    mend = f", or say `kind: {' | '.join(others)}`" if others else ""
    return (
        f"{file.uri} is {content}, as is all that was looked at, and kind {stage.kind} reads"
        f" {', '.join(sorted(stage.reads))} or what cannot be told apart; mend `input`{mend}"
    )

"""Packed tokens in, nanoGPT's files of bare ids out (data/*/prepare.py)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from stages.core.atomic import atomic_output
from stages.core.names import below
from stages.tokenize.export.documents import document_batches
from stages.tokenize.exports import ExportFormat
from stages.tokenize.read import TokenShard


class NanoGpt(ExportFormat):
    """`<source>.bin`: ids end to end, as `numpy.memmap` reads them."""

    name: ClassVar[str] = "nanogpt"

    def write(self, shards: Sequence[TokenShard], folder: str, source: str) -> list[str]:
        """One file."""
        name = f"{source}.bin"
        with atomic_output(below(folder, name)) as out:
            for batch in document_batches(shards):
                out.write(batch.tokens.data)
        return [name]

"""Packed tokens in, nanoGPT's files of bare ids out (data/*/prepare.py), and a list of their weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import orjson

from stages.core.atomic import atomic_output
from stages.core.names import below
from stages.tokenize.export.documents import document_batches
from stages.tokenize.exports import BlendPart, ExportFormat
from stages.tokenize.shards import TokenShard


class NanoGpt(ExportFormat):
    """`<source>.bin`: ids end to end, as `numpy.memmap` reads them; `train_data_config.json`."""

    name: ClassVar[str] = "nanogpt"

    def write(self, shards: Sequence[TokenShard], folder: str, stem: str) -> list[str]:
        """One file."""
        name = f"{stem}.bin"
        with atomic_output(below(folder, name)) as out:
            for batch in document_batches(shards):
                out.write(batch.tokens.data)
        return [name]

    def blend(self, parts: Sequence[BlendPart], folder: str) -> dict[str, bytes]:
        """Pairs of file and weight, as in `train_data_config` of Lit-GPT and what came of it; nanoGPT reads one file."""
        pairs = [[f"{part.stem}.bin", part.share.weight] for part in parts]
        return {"train_data_config.json": orjson.dumps(pairs, option=orjson.OPT_INDENT_2) + b"\n"}

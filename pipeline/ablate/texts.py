"""Documents in, the held-out text of a comparison out: some of every source, the same for all arms and in none of them."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import pyarrow as pa

from pipeline.ablate.arms import Arm, ids_in_arms
from pipeline.given import given_documents
from stages.core.arrays import Int64Array
from stages.core.errors import UserError
from stages.core.manifest import document_uris
from stages.core.parquet import read_documents
from stages.tokenize.tokenizers.base import Tokenizer

MAX_DOCUMENT_CHARS = 10_000
"""Of one document, from its beginning: a book is not all there is of a source."""

_SPARE = 4
"""Documents that are looked at for one that is taken, since some may be an arm's."""


@dataclass(frozen=True)
class HeldOutText:
    """Texts by source, and how many documents were left out because an arm holds them."""

    sources: dict[str, tuple[str, ...]]
    in_arms: int

    def digest(self) -> str:
        """Of all texts: measurements on others are no measurements of these."""
        digest = hashlib.sha256()
        for source, texts in sorted(self.sources.items()):
            for part in (source, *texts):
                digest.update(hashlib.sha256(part.encode()).digest())
        return digest.hexdigest()[:16]

    def num_bytes(self, source: str) -> int:
        """Bytes of UTF-8."""
        return sum(len(text.encode()) for text in self.sources[source])


@dataclass
class _Chosen:
    """The documents of a source whose hash is least, so many bytes of them and some to spare."""

    wanted: int
    held: list[tuple[int, str, str]] = field(default_factory=list)
    num_bytes: int = 0

    def offer(self, name: str, text: str) -> None:
        rank = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
        cut = text[:MAX_DOCUMENT_CHARS]
        heapq.heappush(self.held, (-rank, name, cut))
        self.num_bytes += len(cut.encode())
        while self.num_bytes - len(self.held[0][2].encode()) > _SPARE * self.wanted:
            self.num_bytes -= len(heapq.heappop(self.held)[2].encode())

    def texts(self, without: set[str]) -> tuple[str, ...]:
        found, left = [], self.wanted
        for _, name, text in sorted(self.held, key=lambda one: (-one[0], one[1])):
            if left > 0 and name not in without:
                found.append(text)
                left -= len(text.encode())
        return tuple(found)


def held_out_text(given: Sequence[str], arms: Sequence[Arm], source_bytes: int) -> HeldOutText:
    """About `source_bytes` of each source of the documents given, by a hash of their ids; none of an arm's documents."""
    chosen: dict[str, _Chosen] = {}
    with given_documents(given) as manifests:
        for batch in read_documents(document_uris(manifests), ["id", "source", "text"]):
            for name, source, text in zip(*(batch.column(i).to_pylist() for i in range(3)), strict=True):
                if text:
                    chosen.setdefault(source, _Chosen(source_bytes)).offer(name, text)
    names = {name for one in chosen.values() for _, name, _ in one.held}
    packed = ids_in_arms(arms, names)
    sources = {source: one.texts(packed) for source, one in sorted(chosen.items())}
    sources = {source: texts for source, texts in sources.items() if texts}
    if not sources:
        raise UserError(
            f"{', '.join(given)}: every document there is in an arm's tokens too; give text that no arm holds"
        )
    return HeldOutText(sources, len(packed))


def encoded(tokenizer: Tokenizer, texts: Iterable[str]) -> list[Int64Array]:
    """The ids of each text, `<s>` and `</s>` around it."""
    flat, offsets = tokenizer.encode(pa.array(list(texts), pa.string()))
    ids = np.asarray(flat, np.int64)
    return [ids[start:stop] for start, stop in pairwise(offsets)]

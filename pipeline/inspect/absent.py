"""The finished stages of a run and a list in, what of the list is still in documents or tokens out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.inspect.changed_places import Fault, changed_places
from stages.core import storage
from stages.core.manifest import DOCUMENTS, EXCHANGE, INDEX, LEDGER, PARTS, TOKENS, Manifest
from stages.core.names import below
from stages.core.parquet import read_batches
from stages.core.stage import is_made_by
from stages.takedown.documents import RULE
from stages.takedown.requests import Requests
from stages.tokenize.pack import Pack


def present_requests(manifests: Sequence[Manifest], requests: Requests) -> Iterator[Fault]:
    """What shows that something asked for is there, or leaves it open, in the order of the stages.

    Ids of documents are known by the requests, by ledgers (those of URLs and hosts, and of what went with them), and by
    documents. Packed tokens hold nothing but what their index names: each document's tokens are compared with its hash
    there, and there are as many documents in the tokens as their stages gave (`verify`).
    """
    ids = set(requests.ids)
    for manifest in manifests:
        for batch in read_batches(manifest.uris(LEDGER), ["id", "url", "rule"]):
            asked = requests.reasons(batch.column("id"), batch.column("url"))
            taken = pc.equal(batch.column("rule"), RULE).to_pylist()
            names = batch.column("id").to_pylist()
            ids |= {name for row, name in enumerate(names) if taken[row] or row in asked}
    for manifest in manifests:
        for uri in manifest.uris(DOCUMENTS):
            yield from _in_documents(uri, requests, ids)
        for kind in (EXCHANGE, PARTS):
            if files := manifest.of_kind(kind):
                yield Fault(
                    manifest.folder,
                    f"{len(files):,} files of rows on their way ({kind}) may hold texts: they are not looked into; `altiplano"
                    " remove` makes a run without such",
                )
        if is_made_by(manifest, Pack):
            yield from _in_tokens(manifest, pa.array(sorted(ids), pa.string()))


def _in_documents(uri: str, requests: Requests, ids: set[str]) -> Iterator[Fault]:
    """Documents of a shard that are asked for; their ids are added."""
    taken = pa.array(sorted(ids), pa.string())
    for batch in read_batches([uri], ["id", "url"]):
        names = batch.column("id").cast(pa.string())
        reasons = requests.reasons(names, batch.column("url"))
        was_taken = pc.is_in(names, value_set=taken).to_pylist()
        for row, name in enumerate(names.to_pylist()):
            if row in reasons or was_taken[row]:
                ids.add(name)
                yield Fault(uri, f"holds document {name} ({reasons.get(row, 'taken out before')})")


def _in_tokens(packed: Manifest, ids: pa.Array) -> Iterator[Fault]:
    """Documents of packed tokens that are asked for, and tokens that are not what the index says."""
    for uri in packed.uris(INDEX):
        for batch in read_batches([uri], ["id"]):
            names = batch.column("id").cast(pa.string())
            for name in names.filter(pc.is_in(names, value_set=ids)).to_pylist():
                yield Fault(uri, f"holds the tokens of document {name}")
    for file in packed.of_kind(TOKENS):
        uri = below(packed.folder, file.name)
        if storage.exists(uri):
            yield from changed_places(packed, file, uri)

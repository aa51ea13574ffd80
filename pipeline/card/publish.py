"""A run in, its documents as a dataset with its card out: a folder, or a repository on the Hugging Face Hub."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from pipeline.card.facts import card_facts
from pipeline.card.page import card_page
from pipeline.chain import finished_documents
from stages.core import storage
from stages.core.atomic import atomic_output, write_bytes
from stages.core.errors import UserError
from stages.core.hub import SCHEME
from stages.core.manifest import DOCUMENTS, FileInfo
from stages.core.names import file_stem, name_of_number

CARD_NAME = "README.md"
DATA_FOLDER = "data"
MIXED = "mixed"
"""Begins the names of shards that hold several sources."""

DEFAULT = "default"
DATASETS = SCHEME + "datasets/"
COMMIT_FILES = 100
"""Files of one commit: what has arrived stays when a later one fails, and is not sent again."""

_PIECE_BYTES = 1 << 20


@dataclass(frozen=True)
class PublishedShard:
    """A shard of documents: where it lies, what it is called in the dataset, and how the run described it."""

    uri: str
    name: str
    file: FileInfo


def published_shards(run: str) -> list[PublishedShard]:
    """The document shards of a run under the names that the dataset gives them: by source, in the order of the run."""
    numbers: dict[str, int] = {}
    found = []
    for manifest in finished_documents(run):
        for uri, file in zip(manifest.uris(DOCUMENTS), manifest.of_kind(DOCUMENTS), strict=True):
            sources = sorted(file.sources)
            stem = file_stem(sources[0]) if len(sources) == 1 else MIXED
            numbers[stem] = number = numbers.get(stem, -1) + 1
            found.append(PublishedShard(uri, f"{DATA_FOLDER}/{stem}-{name_of_number(number)}.parquet", file))
    return found


def configurations(shards: Sequence[PublishedShard]) -> dict[str, list[str]]:
    """Patterns of files by the names that `load_dataset` takes: all, and each source that has shards of its own."""
    found = {DEFAULT: [f"{DATA_FOLDER}/*.parquet"]}
    mixed = {source for shard in shards if len(shard.file.sources) != 1 for source in shard.file.sources}
    for shard in shards:
        is_own = len(shard.file.sources) == 1 and not mixed.union([DEFAULT]) & set(shard.file.sources)
        if is_own:
            (source,) = shard.file.sources
            found[source] = [f"{DATA_FOLDER}/{file_stem(source)}-*.parquet"]
    return found


def run_card(run: str) -> str:
    """The card of a run's documents, as it lies beside them in a dataset."""
    return card_page(card_facts(run), configurations(published_shards(run)))


def export_documents(run: str, to: str) -> list[str]:
    """Write the documents of a run and their card; the names of the files, the card last, since it says what is there.

    `to` is a folder, or `hf://datasets/USER/NAME`. What is there already, byte for byte, is not sent again.
    """
    shards, card = published_shards(run), run_card(run)
    if to.startswith(SCHEME):
        _to_hub(to, shards, card)
    else:
        _to_folder(to, shards, card)
    return [*(shard.name for shard in shards), CARD_NAME]


def _to_folder(to: str, shards: Sequence[PublishedShard], card: str) -> None:
    storage.make_folder(to)
    names = {shard.name for shard in shards} | {CARD_NAME}
    strange = [name for name in storage.list_files(to) if name not in names]
    if strange:
        raise UserError(
            f"{to}: holds {strange[0][:200]}, which is not of these documents; give an empty folder"
        )
    for shard in shards:
        target = storage.join(to, shard.name)
        if storage.exists(target) and storage.sha256_file(target) == shard.file.sha256:
            continue
        size = storage.size_bytes(shard.uri)
        with storage.open_whole(shard.uri, size) as stream, atomic_output(target) as output:
            while piece := stream.read(_PIECE_BYTES):
                output.write(piece)
    write_bytes(storage.join(to, CARD_NAME), card.encode())


def _to_hub(to: str, shards: Sequence[PublishedShard], card: str) -> None:
    """By commits of some files each; the Hub's library leaves out what is there with the same content."""
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi
    from huggingface_hub.errors import (  # type: ignore[attr-defined]  # the last is of the HTTP library that it uses
        HfHubHTTPError,
        HFValidationError,
        HTTPError,
    )

    repository = to.removeprefix(DATASETS).strip("/")
    if not to.startswith(DATASETS) or repository.count("/") != 1:
        raise UserError(f"{to}: give a dataset on the Hub as {DATASETS}USER/NAME")
    hub = HfApi()
    try:
        hub.create_repo(repository, repo_type="dataset", exist_ok=True)
        there = set(hub.list_repo_files(repository, repo_type="dataset"))
        for batch in _batches(shards):
            with _local_files(batch) as files:
                added = [CommitOperationAdd(name, path) for name, path in files.items()]
                hub.create_commit(repository, added, commit_message="Add documents", repo_type="dataset")
        names = {shard.name for shard in shards}
        old = sorted(name for name in there if name.startswith(f"{DATA_FOLDER}/") and name not in names)
        last: list[Any] = [CommitOperationDelete(name) for name in old]
        last.append(CommitOperationAdd(CARD_NAME, card.encode()))
        hub.create_commit(repository, last, commit_message="Add the card", repo_type="dataset")
    except (HfHubHTTPError, HFValidationError, HTTPError, ValueError) as error:
        reason = " ".join(str(error).split())[:300]
        raise UserError(
            f"{to}: the Hub refuses this ({reason}); `hf auth login`, or HF_TOKEN, gives the right"
        ) from error


def _batches(shards: Sequence[PublishedShard]) -> Iterator[Sequence[PublishedShard]]:
    for start in range(0, len(shards), COMMIT_FILES):
        yield shards[start : start + COMMIT_FILES]


@contextmanager
def _local_files(shards: Sequence[PublishedShard]) -> Iterator[Mapping[str, str]]:
    """Shards as local files by their names in the dataset; those of a store are copied for the while."""
    with ExitStack() as stack:
        yield {shard.name: stack.enter_context(storage.local_file(shard.uri)) for shard in shards}

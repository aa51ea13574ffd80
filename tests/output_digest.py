"""The manifests of a stage in, a digest of what it made out: every row and file, as far as it is equal on every machine.

Numbers of models that were trained here (the quality classifier, the language model at the end) differ in their last
digits from one kind of CPU to another, so of these only what follows from them counts; other floats to four digits.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from quality_classifier.train import TrainQuality
from stages.core.manifest import EXCHANGE, FileInfo, Manifest
from stages.core.stage import AnyStage, is_made_by
from stages.train.stage import Train

TRAINED: tuple[type[AnyStage], ...] = (TrainQuality, Train)
"""Stages whose files hold floats that training made."""

TRAINED_COLUMN, TRAINED_RULE = "quality", "reference"


def output_digest(manifests: Sequence[Manifest]) -> str:
    """Hex SHA-256 over the outputs of all nodes of a stage."""
    digest = hashlib.sha256()
    for manifest in manifests:
        for part in _parts(manifest):
            digest.update(json.dumps(part, sort_keys=True, ensure_ascii=False).encode() + b"\n")
    return digest.hexdigest()[:16]


def _parts(manifest: Manifest) -> Iterator[Any]:
    counts = (
        "documents_in",
        "created",
        "documents_out",
        "merged",
        "bytes_in",
        "bytes_out",
        "dropped",
        "edited",
    )
    yield [getattr(manifest, name) for name in counts]
    is_trained = any(is_made_by(manifest, kind) for kind in TRAINED)
    yield [] if is_trained else _rounded(manifest.facts)
    for file in manifest.files:
        yield [file.name, file.kind, file.rows]
        if not is_trained:
            yield from _content(manifest, file)


def _content(manifest: Manifest, file: FileInfo) -> Iterator[Any]:
    path = Path(manifest.folder) / file.name
    if file.kind == EXCHANGE:
        with pa.ipc.open_file(str(path)) as reader:
            batches = [reader.get_batch(i) for i in range(reader.num_record_batches)]
        for batch in batches:
            yield from _rows(batch.to_pylist())
    elif file.name.endswith(".parquet"):
        yield from _rows(pq.read_table(path).to_pylist())
    else:
        yield file.sha256


def _rows(rows: Iterable[dict[str, Any]]) -> Iterator[Any]:
    for row in rows:
        row.pop(TRAINED_COLUMN, None)
        if row.get("rule") == TRAINED_RULE:
            row.pop("value", None)
        yield _rounded(row)


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {key: _rounded(held) for key, held in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(held) for held in value]
    return value

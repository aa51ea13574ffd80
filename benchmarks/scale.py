"""`python -m benchmarks.scale --gb 1 --gb 8`: time and peak memory of whole dedups on generated text of any size, one core.

Texts are words of a Zipf law, lines of twenty of them; an eighth of the documents are others with a hundredth of their
words changed, a sixteenth are equal to others, and one line in ten is one of a thousand that all share.
"""

from __future__ import annotations

import multiprocessing
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from cyclopts import App

from benchmarks import work
from benchmarks.measure import peak_memory_bytes
from pipeline.registry import verbs
from stages.core.documents import DOCUMENT_SCHEMA
from stages.core.given import manifest_of_parquet
from stages.core.manifest import Manifest
from stages.core.parquet import DocumentWriter

GB = 1_000_000_000
VOCABULARY = 100_000
LINE_WORDS = 20
LINES = 16
BLOCK_DOCUMENTS = 4_000
NEAR_SHARE, EQUAL_SHARE = 1 / 8, 1 / 16
CHANGED_WORDS = 0.01
SHARED_LINES = 1_000
SHARED_SHARE = 0.1

app = App(name="scale", help="Time and memory of dedup on generated text.")


@app.default
def main(
    *, gb: list[float], verb: list[str] | None = None, work_folder: Path | None = None, seed: int = 1
) -> None:
    """Generate, dedup, and print a Markdown table.

    Parameters
    ----------
    gb
        sizes of the text in GB; several may be given
    verb
        dedup_near, dedup_lines, dedup_exact, ... (default: these three)
    work_folder
        where the files go that are made and deleted (default: the system's temporary folder)
    """
    print("| verb | text GB | documents | removed | lines or spans cut from | seconds | MB/s | peak MB |")
    print("|---|---|---|---|---|---|---|---|")
    for size in gb:
        with tempfile.TemporaryDirectory(dir=work_folder) as folder:
            documents = write_documents(Path(folder) / "documents", int(size * GB), seed)
            for name in verb or ("dedup_near", "dedup_lines", "dedup_exact"):
                left, seconds, peak = measure(name, documents, folder)
                counts = (sum(left.dropped.values()), sum(left.edited.values()))
                cells = [name, f"{documents.bytes_out / GB:.1f}", f"{documents.documents_out:,}"]
                cells += [f"{count:,}" for count in counts] + [f"{seconds:.0f}"]
                cells += [f"{documents.bytes_out / 1e6 / seconds:.1f}", f"{peak / 1e6:.0f}"]
                print("| " + " | ".join(cells) + " |", flush=True)


def write_documents(folder: Path, num_bytes: int, seed: int) -> Manifest:
    """Document shards with at least `num_bytes` of text."""
    folder.mkdir()
    writer = DocumentWriter(str(folder), "00000")
    for batch in blocks(seed):
        writer.write(batch)
        if writer.text_bytes >= num_bytes:
            break
    writer.commit()
    return manifest_of_parquet([str(folder)])


def blocks(seed: int, common: Sequence[str] = (), line_end: str = "") -> Iterator[pa.RecordBatch]:
    """Endless batches of documents; duplicates are of the block itself or of one before it.

    `common` are the commonest words, in the place of made ones; `line_end` stands behind the last word of each line.
    """
    generator = np.random.default_rng(seed)
    words = pa.array([*common, *(made_word(n) for n in range(len(common), VOCABULARY))], pa.string())
    shared = _draw(np.random.default_rng(seed + 1), SHARED_LINES * LINE_WORDS).reshape(
        SHARED_LINES, LINE_WORDS
    )
    number = 0
    while True:
        ids = _block(seed, number, shared)
        earlier = _block(seed, int(generator.integers(0, number + 1)), shared)
        copied = generator.random(BLOCK_DOCUMENTS)
        is_copy = copied < NEAR_SHARE + EQUAL_SHARE
        ids[is_copy] = earlier[np.roll(is_copy, 1)]
        changed = generator.random(ids.shape) < CHANGED_WORDS
        changed[copied >= NEAR_SHARE] = False
        ids[changed] = _draw(generator, int(changed.sum()))
        yield _batch(words, ids, number, line_end)
        number += 1


def made_word(number: int) -> str:
    """The word of a place in the order of frequency: two to five letters."""
    letters = "etaoinshrdlucmfw"
    return "".join(
        letters[number >> shift & 15] for shift in (0, 4, 8, 12, 16)[: 2 + number.bit_length() // 6]
    )


def _draw(generator: np.random.Generator, count: int) -> npt.NDArray[np.int64]:
    """Word numbers by a law near Zipf's: log-uniform."""
    drawn: npt.NDArray[np.int64] = np.exp(generator.random(count) * np.log(VOCABULARY)).astype(np.int64)
    return drawn


def _block(seed: int, number: int, shared: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Word numbers of a block before any copying, shape (documents, lines, words)."""
    generator = np.random.default_rng((seed, number))
    ids = _draw(generator, BLOCK_DOCUMENTS * LINES * LINE_WORDS).reshape(BLOCK_DOCUMENTS, LINES, LINE_WORDS)
    is_shared = generator.random((BLOCK_DOCUMENTS, LINES)) < SHARED_SHARE
    ids[is_shared] = shared[generator.integers(0, SHARED_LINES, int(is_shared.sum()))]
    return ids


def _batch(words: pa.Array, ids: npt.NDArray[np.int64], number: int, line_end: str) -> pa.RecordBatch:
    def joined(values: pa.Array, size: int, mark: str) -> pa.Array:
        offsets = pa.array(np.arange(0, len(values) + 1, size), pa.int32())
        return pc.binary_join(pa.ListArray.from_arrays(offsets, values), mark)

    lines = joined(words.take(pa.array(ids.ravel())), LINE_WORDS, " ")
    if line_end:
        lines = pc.binary_join_element_wise(lines, line_end, "")
    texts = joined(lines, LINES, "\n")
    count = len(texts)
    known = {
        "id": pa.array([f"c4/generated/{number:06d}-{row:05d}" for row in range(count)]),
        "source": pa.repeat(pa.scalar("c4"), count),
        "text": texts,
        "metadata": pa.repeat(pa.scalar("{}"), count),
    }
    columns = [
        known.get(field.name, pa.nulls(count, field.type)).cast(field.type) for field in DOCUMENT_SCHEMA
    ]
    return pa.RecordBatch.from_arrays(columns, schema=DOCUMENT_SCHEMA)


def measure(verb: str, documents: Manifest, folder: str) -> tuple[Manifest, float, int]:
    """(what is left, seconds, peak bytes) of all stages of a dedup, task after task in one fresh process on one core."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return pool.apply(_dedup, (verb, documents, folder))


def _dedup(verb: str, documents: Manifest, folder: str) -> tuple[Manifest, float, int]:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    pa.set_cpu_count(1)
    with tempfile.TemporaryDirectory(dir=folder) as out:
        started = time.perf_counter()
        outputs = work.finish_verb(verbs()[verb](), out, documents)
        seconds = time.perf_counter() - started
    return outputs[-1], seconds, peak_memory_bytes()


if __name__ == "__main__":
    app()

"""`python -m benchmarks.loading [RUN] [--context N]`: packed tokens into a trainer's batches, tokens a second on one core.

Without a run, 60 million tokens of random documents are packed and mixed for the while. The peer is nanoGPT's loader
(random offsets of a memory map, no epochs, weights, documents or state), which is close to bare copying. With `--store` the
tokens are copied there too, and read twice, into an empty cache and out of it.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.fs as pafs
import torch
from cyclopts import App

from benchmarks.made_tokens import finish_stage, made_pack
from pipeline.library import Packed
from stages.core import storage
from stages.core.manifest import Manifest
from stages.mix.mixture import Mix
from stages.mix.schedule import Schedule, read_mixture
from stages.mix.sequences import ScheduledSequences
from stages.tokenize.best_fit import FitSequences
from stages.tokenize.read import PackedTokens
from stages.tokenize.shards import token_shards
from stages.train.dataset import PackedDataset, PackedIterable, PackedLoader

VOCAB_SIZE, SHARDS, SHARD_TOKENS = 32_000, 6, 10_000_000
REPEATS, SECONDS = 3, 2.0

app = App(name="loading", help="Packed tokens into a trainer's batches, tokens a second on one core.")


@app.default
def main(
    run: str | None = None, *, context: int = 2048, micro_batch: int = 8, store: str | None = None
) -> None:
    """Measure and print a Markdown table.

    Parameters
    ----------
    run
        a run with a mixture, here or on a store; made up unless given
    context
        tokens of a sequence of the made-up one
    micro_batch
        sequences of a micro-batch
    store
        an empty folder of a store to copy the made-up tokens to and to read them from
    """
    torch.set_num_threads(1)
    print("| what | million tokens/s |\n|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        if run is None:
            pack = made_pack(Path(folder) / "pack", SHARDS, SHARD_TOKENS, VOCAB_SIZE)
            _table("stream", _sequences(pack, context, "stream", Path(folder)), micro_batch)
            _table("best fit", _sequences(pack, context, "best_fit", Path(folder)), micro_batch)
            _nanogpt(pack.folder, context, micro_batch)
            if store is not None:
                _stored(pack, store, context, micro_batch, Path(folder))
        else:
            _table(run, Packed(run).sequences(), micro_batch)


def _table(name: str, sequences: ScheduledSequences, micro_batch: int) -> None:
    """Each way of reading, from NumPy up to a DataLoader."""
    size, slots = micro_batch * sequences.length, len(sequences) - micro_batch

    def numpy(documents: bool) -> Callable[[int], object]:
        return lambda i: sequences.read(at := i * micro_batch % slots, at + micro_batch, documents=documents)

    _row(f"{name}: NumPy", size, numpy(False))
    _row(f"{name}: NumPy, documents", size, numpy(True))
    by_slot = PackedDataset(sequences)
    _row(f"{name}: PackedDataset by slot", sequences.length, lambda i: by_slot[i % slots])
    for documents in (False, True):
        data = PackedIterable(
            sequences, micro_batch, rank=0, world_size=1, document_mask=documents, stacked=True
        )
        batches = _forever(PackedLoader(data))
        _row(
            f"{name}: PackedLoader{', documents' * documents}", size, lambda _, batches=batches: next(batches)
        )


def _stored(pack: Manifest, store: str, context: int, micro_batch: int, folder: Path) -> None:
    """The same tokens copied to a store: a pass of one epoch into an empty cache, and one out of it."""
    fs, path = storage.filesystem(store)
    pafs.copy_files(pack.folder, path, destination_filesystem=fs)
    mixture = read_mixture(finish_stage(Mix(sequence_length=context), str(folder / "once"), [pack]).folder)
    for name in ("into an empty cache", "out of the cache"):
        tokens = PackedTokens.open(store, cache=str(folder / "cache"))
        sequences = ScheduledSequences(tokens, Schedule(mixture, 1))
        started = time.perf_counter()
        for slot in range(0, len(sequences) - micro_batch, micro_batch):
            sequences.read(slot, slot + micro_batch)
        seconds = time.perf_counter() - started
        print(f"| of a store, {name} | {len(sequences) * context / seconds / 1e6:.1f} |", flush=True)


def _nanogpt(folder: str, context: int, micro_batch: int) -> None:
    """nanoGPT's get_batch, without its copy to a GPU."""
    data = np.memmap(token_shards(folder)[0][0].uri, np.uint16, "r")
    rng = np.random.default_rng(1)

    def batch(_: int) -> object:
        places = rng.integers(0, len(data) - context, micro_batch)
        x = torch.stack([torch.from_numpy(data[i : i + context].astype(np.int64)) for i in places])
        y = torch.stack([torch.from_numpy(data[i + 1 : i + 1 + context].astype(np.int64)) for i in places])
        return x, y

    _row("nanoGPT's get_batch", micro_batch * context, batch)


def _row(name: str, tokens: int, read: Callable[[int], object]) -> None:
    """Best of REPEATS stretches of SECONDS, each going on where the last ended."""
    best, number = 0.0, 0
    read(number)
    for _ in range(REPEATS):
        started, first = time.perf_counter(), number
        while time.perf_counter() - started < SECONDS:
            number += 1
            read(number)
        best = max(best, (number - first) * tokens / (time.perf_counter() - started))
    print(f"| {name} | {best / 1e6:.1f} |", flush=True)


def _forever(loader: PackedLoader) -> Any:
    while True:
        yield from loader


def _sequences(pack: Manifest, context: int, packing: Any, folder: Path) -> ScheduledSequences:
    inputs, fit = [pack], None
    if packing == "best_fit":
        fit = finish_stage(FitSequences(sequence_length=context), str(folder / "fit"), [pack])
        inputs.append(fit)
    mix = finish_stage(
        Mix(sequence_length=context, packing=packing, epochs={"b": 2}), str(folder / packing), inputs
    )
    tokens = PackedTokens.open(pack.folder, None if fit is None else fit.folder)
    return ScheduledSequences(tokens, Schedule(read_mixture(mix.folder), 1))


if __name__ == "__main__":
    app()

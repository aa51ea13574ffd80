"""Targets that read what runs leave and what users write for them: shards, exchanges, tokens, records, recipes."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from functools import cache, partial
from pathlib import Path

import numpy as np
import orjson
import pyarrow as pa

from pipeline.config import load_recipe
from pipeline.given import given_documents
from pipeline.graph import RunNode, RunRecord, run_manifests
from pipeline.inspect.verify import verify
from stages.core.exchange import Exchange
from stages.core.manifest import document_uris, read_manifest, read_report, write_record
from stages.core.parquet import read_documents, read_rows
from stages.core.stage import Task, make_manifest
from stages.core.writer import TaskWriter
from stages.dedup.decontaminate.grams import BenchmarkGrams
from stages.ingest.c4.stage import C4Ingest
from stages.mix.mixture import Mix
from stages.mix.schedule import read_mixture
from stages.tokenize.exports import export_tokens
from stages.tokenize.read import PackedTokens
from tests.fuzz.target import Seed, Target
from tests.packed import framed, write_packed
from tests.stages.ingest.fault_files import c4_rows
from tests.stages.ingest.fault_packing import json_lines, parquet_of, prose

CONFIGS = Path(__file__).resolve().parents[2] / "configs"
NODE = "00-ingest_c4-f"


def targets() -> Iterator[Target]:
    """One for each kind of file."""
    yield Target("documents", partial(_run_seeds, ".parquet"), _documents)
    yield Target("given", _given_seeds, _given)
    yield Target("records", partial(_run_seeds, ".json"), _records)
    yield Target("exchange", _exchange_seeds, _exchange)
    yield Target("tokens", _token_seeds, _tokens)
    yield Target("mixture", _mixture_seeds, _mixture)
    yield Target("recipe", _recipe_seeds, _recipe)


def _task(folder: Path) -> Task[None]:
    return Task("00000", (), None, str(folder))


def _files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _seeds_of(files: dict[str, bytes], ending: str) -> Sequence[Seed]:
    """A seed for each file with this ending, the others beside it."""
    return [
        Seed(name, data, {other: content for other, content in files.items() if other != name})
        for name, data in files.items()
        if name.endswith(ending)
    ]


@cache
def _run() -> dict[str, bytes]:
    """A finished run of one stage, with documents and a ledger."""
    with tempfile.TemporaryDirectory() as top:
        raw, out = Path(top) / "raw.json", Path(top) / "run" / NODE
        raw.write_bytes(json_lines(c4_rows()) + b"{}\n{bad\n")
        stage = C4Ingest(input=(str(raw),))
        tasks = stage.plan([])
        reports = [stage.run(task.at(str(out))) for task in tasks]
        for task, report in zip(tasks, reports, strict=True):
            write_record(str(out / "reports" / f"{task.id}.json"), report)
        manifest = make_manifest("ingest_c4", stage, "f", [], tasks, reports, str(out))
        write_record(str(out / "manifest.json"), manifest)
        node = RunNode(name="ingest_c4", stage="ingest_c4", fingerprint="f", folder=NODE, inputs=())
        write_record(str(out.parent / "run.json"), RunRecord(name="r", nodes=(node,), outputs=("ingest_c4",)))
        return _files(out.parent)


@cache
def _run_seeds(ending: str) -> Sequence[Seed]:
    return _seeds_of(_run(), ending)


def _records(folder: Path, seed: Seed) -> None:
    run_manifests(str(folder))
    read_report(str(folder / NODE), "00000")
    verify(str(folder))
    with given_documents([str(folder)]) as manifests:
        for manifest in manifests:
            manifest.uris("documents")


def _documents(folder: Path, seed: Seed) -> None:
    verify(str(folder))
    uris = document_uris([read_manifest(str(folder / NODE))])
    for batch in read_documents(uris):
        batch.validate()
    for uri in uris:
        for batch in read_rows(uri, np.array([0, 3]), ["id"]):
            batch.validate()


@cache
def _given_seeds() -> Sequence[Seed]:
    rows = [
        {"id": f"c4/x/{i}", "source": "c4", "text": prose(i), "url": None, "metadata": "{}"}
        for i in range(12)
    ]
    return [Seed("docs/a.parquet", parquet_of(rows)), Seed("docs/b.parquet", parquet_of(rows, 100))]


def _given(folder: Path, seed: Seed) -> None:
    with (
        given_documents([str(folder / "docs")]) as manifests,
        TaskWriter(_task(folder / "out"), "copy") as out,
    ):
        for batch in out.read(document_uris(manifests)):
            out.keep(batch)
    out.report.check_conservation()
    assert out.report.documents_out == sum(manifest.documents_out for manifest in manifests)


@cache
def _exchange_seeds() -> Sequence[Seed]:
    return _seeds_of(_exchanged()[0], ".arrow")


@cache
def _exchanged() -> tuple[dict[str, bytes], Exchange]:
    with tempfile.TemporaryDirectory() as top:
        stage = BenchmarkGrams(benchmarks=("x",))
        schema = pa.schema([("id", pa.string()), ("hash", pa.uint64())])
        with TaskWriter(_task(Path(top)), "exchanging") as out:
            writer = out.exchange(schema, 3)
            batch = pa.record_batch(
                {"id": [f"i{n}" for n in range(40)], "hash": np.arange(40, dtype=np.uint64)}, schema
            )
            writer.write(batch, np.arange(40) % 3)
        manifest = make_manifest("x", stage, "f", [], [_task(Path(top))], [out.report], top)
        write_record(str(Path(top) / "manifest.json"), manifest)
        return _files(Path(top)), Exchange.of(manifest)


def _exchange(folder: Path, seed: Seed) -> None:
    exchange = _exchanged()[1].model_copy(update={"folder": str(folder)})
    rows = 0
    for destination in range(exchange.destinations):
        for batch in exchange.read(destination):
            batch.validate()
            rows += batch.num_rows


@cache
def _token_seeds() -> Sequence[Seed]:
    with tempfile.TemporaryDirectory() as top:
        rows = [[3 + (i * j) % 30 for j in range(5 + i)] for i in range(12)]
        write_packed(Path(top), [framed("books", 0, rows), framed("c4", 1, rows)], vocab_size=40)
        files = _files(Path(top))
    return [
        *_seeds_of(files, ".bin"),
        *_seeds_of(files, ".index.parquet"),
        *_seeds_of(files, "manifest.json"),
    ]


def _tokens(folder: Path, seed: Seed) -> None:
    packed = PackedTokens.open(str(folder))
    for source in packed.sources:
        packed.documents_of(source, 0, 20)
        for index in range(min(3, packed.num_sequences(source, 16))):
            packed.sequence(source, index, 16)
            packed.segments(source, index, 16)
    export_tokens(str(folder), str(folder / "export"), "huggingface")


@cache
def _mixture_seeds() -> Sequence[Seed]:
    mixture, _ = Mix(epochs={"books": 2}, sequence_length=16).mixture({"books": 4000, "c4": 9000}, "ab" * 32)
    return [
        Seed("model/mixture.json", orjson.dumps(mixture.model_dump(mode="json"), option=orjson.OPT_INDENT_2))
    ]


def _mixture(folder: Path, seed: Seed) -> None:
    read_mixture(str(folder))


@cache
def _recipe_seeds() -> Sequence[Seed]:
    return [Seed(path.name, path.read_bytes()) for path in sorted(CONFIGS.glob("*.yaml"))]


def _recipe(folder: Path, seed: Seed) -> None:
    load_recipe(str(folder / seed.name), {})

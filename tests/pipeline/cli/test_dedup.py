"""Dedup from the command line: earlier runs, repeated ids, the story of a removed document, one and two workers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline.cli.main import main
from pipeline.given import add_given
from pipeline.graph import Graph
from pipeline.pools import InlinePool, Pool
from pipeline.progress import Progress
from pipeline.registry import comparing_verbs
from pipeline.runner import Runner, RunResult
from stages.core.documents import document_batch
from stages.core.manifest import DOCUMENTS, LEDGER, Manifest
from stages.core.parquet import DocumentWriter
from tests.stages.dedup.near.near_texts import text_of, with_changes


def write(folder: Path, documents: dict[str, str]) -> str:
    """One Parquet file of documents; its path."""
    folder.mkdir(parents=True, exist_ok=True)
    writer = DocumentWriter(str(folder), "00000")
    columns = {
        "id": list(documents),
        "source": [name.split("/")[0] for name in documents],
        "text": list(documents.values()),
        "metadata": ["{}"] * len(documents),
    }
    writer.write(document_batch(columns))
    (file,) = writer.commit()
    return str(folder / file.name)


def dedup(verb: str, *arguments: str) -> None:
    main(["dedup", verb, *arguments, "--workers", "0", "--quiet"])


def test_a_new_dump_is_compared_with_an_earlier_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = write(tmp_path / "old", {"c4/old/1": text_of(1), "c4/old/2": text_of(2)})
    new = write(tmp_path / "new", {"c4/new/1": with_changes(text_of(1), 1), "c4/new/2": text_of(3)})
    first, second = str(tmp_path / "first"), str(tmp_path / "second")
    dedup("near", old, "--out", first)
    dedup("near", new, "--against", first, "--out", second)
    assert "1 documents, 1 dropped (ledger)" in capsys.readouterr().out
    main(["explain", second, "c4/new/1"])
    told = capsys.readouterr().out
    assert "dropped by rule near_duplicate; value 0." in told
    assert "against 0.719" in told
    assert "kept partner c4/old/1" in told


def test_ids_that_repeat_are_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [write(tmp_path / name, {"c4/a": f"text {name}"}) for name in ("x", "y")]
    with pytest.raises(SystemExit) as stop:
        dedup("lines", *files, "--out", str(tmp_path / "out"))
    said = capsys.readouterr().err
    assert stop.value.code == 2
    assert said.startswith(
        f"altiplano: ids that are there more than once: 'c4/a' in {files[0]} and {files[1]};"
    )
    assert said.count("\n") == 1


def test_one_and_two_workers_and_any_order_of_shards_give_the_same_bytes(
    tmp_path: Path, ray_pool: Pool
) -> None:
    """The bytes of every file of every verb for workers; the kept documents and reasons for another order of shards."""
    families = range(12)
    shards = [
        {
            f"{source}/{n}/{f}": with_changes(text_of(f), n) + f"\nshared {f}\nand this\nand that"
            for f in families
        }
        | {f"{source}/{n}/same": text_of(99)}
        for n, source in enumerate(("c4", "books", "c4", "wikipedia"))
    ]
    files = [write(tmp_path / str(number), shard) for number, shard in enumerate(shards)]

    def run(name: str, given: list[str], pool: Callable[[], Pool]) -> RunResult:
        graph = Graph()
        (documents,) = add_given(graph, given)
        needed = {"decontaminate": {"benchmarks": (str(quiz),)}}
        outputs = [
            options.model_validate(needed.get(verb, {})).wire(graph.below(verb), documents)
            for verb, options in comparing_verbs().items()
        ]
        return Runner(graph, str(tmp_path / name), name, Progress(quiet=True)).run(pool, outputs)

    quiz = tmp_path / "quiz.txt"
    quiz.write_text(text_of(3)[:500])
    one = run("one", files, InlinePool)
    run("two", files, lambda: ray_pool)
    assert files_of(tmp_path / "two") == files_of(tmp_path / "one")
    other = run("other", [files[i] for i in (2, 0, 3, 1)], InlinePool)
    for verb in comparing_verbs():
        node = next(name for name in reversed(list(one.manifests)) if name.startswith(verb))
        assert sum(one.manifests[node].dropped.values()) + sum(one.manifests[node].edited.values()) > 0
        assert kept_and_dropped(other.manifests[node]) == kept_and_dropped(one.manifests[node])


def files_of(run: Path) -> dict[str, bytes]:
    """Every file of every stage but the reports, which say how long it took."""
    files = sorted(p for p in run.rglob("*") if p.is_file() and p.parent.name not in ("reports", run.name))
    return {str(path.relative_to(run)): path.read_bytes() for path in files}


def kept_and_dropped(manifest: Manifest) -> tuple[list[object], list[object]]:
    kept = [row for uri in manifest.uris(DOCUMENTS) for row in pq.read_table(uri).to_pylist()]
    dropped = [row for uri in manifest.uris(LEDGER) for row in pq.read_table(uri).to_pylist()]
    return sorted(kept, key=lambda row: row["id"]), sorted(dropped, key=lambda row: row["id"])

"""`explain` of a run that keeps its outputs alone: which texts are gone, and the first made again of the raw record."""

from __future__ import annotations

import gzip
from pathlib import Path

import orjson
import pytest

from pipeline.graph import Graph
from pipeline.look.explain import explain
from pipeline.pools import InlinePool
from pipeline.progress import Progress
from pipeline.runner import Runner
from stages.core.errors import UserError
from stages.dedup.exact.verb import DedupExact
from stages.ingest.c4.stage import C4Ingest

TEXTS = ["The first page.", "The second page.", "The first page."]
LOST = "c4/raw.json.gz/2"


@pytest.fixture
def run(tmp_path: Path) -> str:
    """A run over three records, of which exact dedup drops the last; only what it ended with is kept."""
    rows = [orjson.dumps({"text": text, "url": f"https://x.example/{i}"}) for i, text in enumerate(TEXTS)]
    (tmp_path / "raw.json.gz").write_bytes(gzip.compress(b"\n".join(rows)))
    graph = Graph()
    graph.add("ingest", C4Ingest(input=(str(tmp_path / "raw.json.gz"),)))
    last = DedupExact().wire(graph.below("dedup"), "ingest")
    folder = str(tmp_path / "run")
    Runner(graph, folder, "r", Progress(quiet=True), keep="outputs").run(InlinePool, [last])
    return folder


def test_it_says_which_texts_are_gone(run: str) -> None:
    drop, gone = explain(run, LOST)
    assert drop.partner == "c4/raw.json.gz/0"
    assert (gone.node, gone.text) == (
        "ingest",
        "documents of ingest are not kept (keep: outputs); `--raw INPUT` (the source's raw files) makes the first text again",
    )


def test_the_first_text_is_made_again(run: str, tmp_path: Path) -> None:
    made, drop, gone = explain(run, LOST, raw=[str(tmp_path / "raw.json.gz")])
    assert (made.node, made.text) == ("ingest", "a document of 15 bytes, made again of its raw record")
    assert (made.document, made.lines) == (TEXTS[2], (f"  {TEXTS[2]}",))
    assert drop.text.startswith("dropped by rule exact_duplicate")
    assert gone.text == "documents of ingest are not kept (keep: outputs)"


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("c4/other.json.gz/2", "no raw file in .* is named as in its id"),
        ("c4/raw.json.gz/9", "holds no such record"),
        ("books/raw.json.gz/2", "no stage of this run reads raw files of books"),
    ],
)
def test_what_cannot_be_made_again_is_one_line(run: str, tmp_path: Path, document: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        explain(run, document, raw=[str(tmp_path / "raw.json.gz")])

"""What is timed: stages run as the runner runs them, and peers that do the same work on the same files."""

from __future__ import annotations

import bz2
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import datasketch
import xxhash
from fastwarc.warc import ArchiveIterator, WarcRecordType
from resiliparse.extract.html2text import extract_plain_text

from stages.core.errors import DamagedInputError
from stages.core.manifest import Manifest
from stages.core.parquet import read_documents
from stages.core.stage import Stage, make_manifest
from stages.core.verb import Step
from stages.ingest.base import RawFile
from stages.ingest.compressed import decompressed
from stages.models.fasttext_model import load_fasttext
from stages.models.find import find_language_model

NUM_HASHES = 112
SHINGLE_WORDS = 5


def run_stage(stage: Stage, inputs: Sequence[Manifest] = ()) -> None:
    """All tasks of a stage, one after another, into a folder that is thrown away: reading and writing included."""
    with tempfile.TemporaryDirectory() as folder:
        for task in stage.plan(inputs):
            stage.run(task.at(folder))


def finish_stage(stage: Stage, folder: str, inputs: Sequence[Manifest] = ()) -> Manifest:
    """All tasks of a stage into `folder`, and the manifest, for stages that come after."""
    reports = [stage.run(task.at(folder)) for task in stage.plan(inputs)]
    return make_manifest(stage.stage_name, stage, "bench", [], reports, folder)


def run_chain(steps: Sequence[Step], documents: Manifest) -> None:
    """All stages of a chain, in this process, into a folder that is thrown away."""
    with tempfile.TemporaryDirectory() as folder:
        finish_chain(steps, folder, documents)


def finish_chain(steps: Sequence[Step], folder: str, documents: Manifest) -> list[Manifest]:
    """All stages of a chain into folders below `folder`; the manifests of the documents given and of every step."""
    manifests = [documents]
    for number, step in enumerate(steps):
        out = Path(folder) / f"{number}"
        out.mkdir()
        manifests.append(finish_stage(step.stage, str(out), [manifests[place] for place in step.inputs]))
    return manifests


def unpacked_bytes(files: Sequence[str]) -> int:
    """Bytes that raw files hold when their compression is undone, as far as they are whole."""
    total = 0
    for name in files:
        path = Path(name)
        try:
            for piece in decompressed(RawFile(name, path.name, path.stat().st_size)):
                total += len(piece)
        except DamagedInputError:
            continue
    return total


def fastwarc_and_resiliparse(files: Sequence[str]) -> None:
    """Main text of every HTML response by fastwarc and resiliparse alone; nothing is written."""
    for name in files:
        with open(name, "rb") as stream:  # noqa: PTH123 - fastwarc takes the stream
            for record in ArchiveIterator(stream, record_types=WarcRecordType.response, parse_http=True):
                html = record.reader.read().decode("utf-8", "replace")
                extract_plain_text(html, main_content=True, alt_texts=False)


def trafilatura_alone(files: Sequence[str]) -> None:
    """Main text of every HTML response by fastwarc and trafilatura alone; nothing is written."""
    import trafilatura

    for name in files:
        with open(name, "rb") as stream:  # noqa: PTH123 - fastwarc takes the stream
            for record in ArchiveIterator(stream, record_types=WarcRecordType.response, parse_http=True):
                trafilatura.extract(record.reader.read().decode("utf-8", "replace"), include_comments=False)


def mwparserfromhell_alone(files: Sequence[str]) -> None:
    """`strip_code` of every article of bz2 dumps by mwparserfromhell; nothing is written."""
    import mwparserfromhell

    for name in files:
        with bz2.open(name) as stream:
            for _, element in ElementTree.iterparse(stream):
                if element.tag.endswith("}page"):
                    _strip_code(mwparserfromhell.parse, element)
                    element.clear()


def _strip_code(parse: Callable[[str], Any], page: ElementTree.Element) -> None:
    namespace = page.tag[: page.tag.index("}") + 1]
    is_article = page.findtext(f"{namespace}ns", "0") == "0" and page.find(f"{namespace}redirect") is None
    if is_article:
        parse(page.findtext(f"{namespace}revision/{namespace}text") or "").strip_code()


def fasttext_alone(shards: Sequence[str]) -> None:
    """fastText's labels of every text, in batches; nothing is written."""
    model = load_fasttext(find_language_model(None))
    for batch in read_documents(shards, ["text"]):
        model.predict([text.replace("\n", " ")[:10_000] for text in batch.column("text").to_pylist()])


def datasketch_alone(shards: Sequence[str]) -> None:
    """datasketch's signatures of word 5-grams hashed by xxhash; nothing is written."""
    for batch in read_documents(shards, ["text"]):
        for text in batch.column("text").to_pylist():
            words = text.split()
            grams = {" ".join(words[i : i + SHINGLE_WORDS]).encode() for i in range(max(1, len(words) - 4))}
            datasketch.MinHash(NUM_HASHES, hashfunc=xxhash.xxh32_intdigest).update_batch(grams)


def kenlm_alone(shards: Sequence[str], folder: str) -> None:
    """KenLM's score of every line's pieces, lower case but otherwise as it is; nothing is written."""
    import kenlm
    import sentencepiece

    pieces = sentencepiece.SentencePieceProcessor(model_file=str(Path(folder) / "en.sp.model"))
    model = kenlm.Model(str(Path(folder) / "en.arpa.bin"))
    for batch in read_documents(shards, ["text"]):
        lines = [line for text in batch.column("text").to_pylist() for line in text.lower().split("\n")]
        for line in pieces.encode(lines, out_type=str, num_threads=1):
            model.score(" ".join(line))

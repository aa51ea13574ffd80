"""What is timed: stages run as the runner runs them, and peers that do the same work on the same files."""

from __future__ import annotations

import bz2
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import datasketch
import xxhash
from fastwarc.warc import ArchiveIterator, WarcRecordType
from resiliparse.extract.html2text import extract_plain_text

from benchmarks.made_tokens import finish_stage
from stages.core.errors import DamagedInputError
from stages.core.manifest import Manifest
from stages.core.parquet import read_documents
from stages.core.stage import AnyStage, placed_tasks
from stages.core.verb import Verb
from stages.ingest.compressed import decompressed
from stages.ingest.raw import RawFile
from stages.models.find import find_language_model

NUM_HASHES = 112
SHINGLE_WORDS = 5


def run_stage(stage: AnyStage, inputs: Sequence[Manifest] = ()) -> None:
    """All tasks of a stage, one after another, into a folder that is thrown away: reading and writing included."""
    with tempfile.TemporaryDirectory() as folder:
        for task in placed_tasks(stage.plan(inputs), folder):
            stage.run(task)


class _Running:
    """A wiring that runs every stage as soon as it is added, into a folder of its own below `folder`."""

    def __init__(self, folder: str, documents: Manifest, last: type[AnyStage] | None = None) -> None:
        self._folder, self._last = folder, last
        self.outputs = {"documents": documents}

    def add(self, stage: AnyStage, *inputs: str) -> str:
        """Run a stage; the name of its output."""
        name = f"{len(self.outputs):02d}-{stage.stage_name}"
        out = Path(self._folder) / name
        out.mkdir()
        self.outputs[name] = finish_stage(stage, str(out), [self.outputs[i] for i in inputs])
        if self._last is not None and isinstance(stage, self._last):
            raise _Enough
        return name

    def trained_model(self, documents: str) -> str:
        """No benchmark trains one."""
        raise ValueError("no model here")


class _Enough(Exception):  # noqa: N818 - no error: the last stage that was asked for has run
    pass


def run_verb(verb: Verb, documents: Manifest, last: type[AnyStage] | None = None) -> None:
    """The stages of a verb (all, or to the `last`), in this process, into a folder that is thrown away."""
    with tempfile.TemporaryDirectory() as folder, suppress(_Enough):
        verb.wire(_Running(folder, documents, last), "documents")


def finish_verb(verb: Verb, folder: str, documents: Manifest) -> list[Manifest]:
    """All stages of a verb into folders below `folder`; the manifests of the documents given and of every stage."""
    running = _Running(folder, documents)
    verb.wire(running, "documents")
    return list(running.outputs.values())


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
    """`strip_code` of every article of bz2 dumps by mwparserfromhell, up to damage in a dump; nothing is written."""
    import mwparserfromhell

    for name in files:
        with bz2.open(name) as stream, suppress(ElementTree.ParseError, EOFError):
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
    import fasttext

    model = fasttext.load_model(find_language_model(None))
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

"""What is timed: stages run as the runner runs them, and peers that do the same work on the same files."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence

import datasketch
import sentencepiece
import xxhash
from fastwarc.warc import ArchiveIterator, WarcRecordType
from resiliparse.extract.html2text import extract_plain_text

from quality_classifier.predict import load_fasttext
from stages.core.shards import read_documents
from stages.core.stage import Manifest, Stage, make_manifest
from stages.filter.models import find_language_model

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


def fastwarc_and_resiliparse(files: Sequence[str]) -> None:
    """Main text of every HTML response by fastwarc and resiliparse alone; nothing is written."""
    for name in files:
        with open(name, "rb") as stream:  # noqa: PTH123 - fastwarc takes the stream
            for record in ArchiveIterator(stream, record_types=WarcRecordType.response, parse_http=True):
                html = record.reader.read().decode("utf-8", "replace")
                extract_plain_text(html, main_content=True, alt_texts=False)


def fasttext_alone(shards: Sequence[str]) -> None:
    """fastText's labels of every text, in batches; nothing is written."""
    model = load_fasttext(find_language_model(None))
    for batch in read_documents(shards, ["text"]):
        model.predict([text.replace("\n", " ")[:10_000] for text in batch.column("text").to_pylist()])


def sentencepiece_alone(shards: Sequence[str], model: str) -> None:
    """SentencePiece's ids of every text; nothing is written."""
    processor = sentencepiece.SentencePieceProcessor(model_file=model)
    for batch in read_documents(shards, ["text"]):
        processor.encode(batch.column("text").to_pylist(), add_bos=True, add_eos=True, num_threads=1)


def datasketch_alone(shards: Sequence[str]) -> None:
    """datasketch's signatures of word 5-grams hashed by xxhash; nothing is written."""
    for batch in read_documents(shards, ["text"]):
        for text in batch.column("text").to_pylist():
            words = text.split()
            grams = {" ".join(words[i : i + SHINGLE_WORDS]).encode() for i in range(max(1, len(words) - 4))}
            datasketch.MinHash(NUM_HASHES, hashfunc=xxhash.xxh32_intdigest).update_batch(grams)

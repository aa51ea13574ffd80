"""The groups of the benchmark: ingest, dedup, filter, tokens; each gives rows of the table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from benchmarks import tokens as encoding
from benchmarks import work
from benchmarks.measure import Row, measure
from stages.core.foreign import manifest_of_parquet
from stages.core.shards import DocumentWriter, read_documents
from stages.core.stage import DOCUMENTS, MODEL, Manifest
from stages.dedup.exact import HashDocuments
from stages.dedup.lines import HashLines
from stages.dedup.near import DedupNear
from stages.filter.heuristics import C4Rule, FineWebRule, GopherQualityRule, GopherRepetitionRule
from stages.filter.rules import LanguageRule
from stages.filter.stage import Filter
from stages.ingest.arxiv import ArxivIngest
from stages.ingest.base import RawStage
from stages.ingest.books import BooksIngest
from stages.ingest.c4 import C4Ingest
from stages.ingest.common_crawl import CommonCrawlIngest
from stages.ingest.github import GithubIngest
from stages.ingest.stackexchange import StackExchangeIngest
from stages.ingest.wikipedia import WikipediaIngest
from stages.tokenize.train import SampleText, TrainTokenizer

RAW_FILES: dict[str, tuple[type[RawStage], str]] = {
    "common_crawl": (CommonCrawlIngest, "common_crawl/**/*.warc.gz"),
    "c4": (C4Ingest, "c4/*.json.gz"),
    "github": (GithubIngest, "github/*.tar.gz"),
    "wikipedia": (WikipediaIngest, "wikipedia/*.xml.bz2"),
    "books": (BooksIngest, "books/**/*.txt"),
    "arxiv": (ArxivIngest, "arxiv/*.gz"),
    "stackexchange": (StackExchangeIngest, "stackexchange/*/Posts.xml"),
}
TEXT_SOURCES = ("c4", "wikipedia", "stackexchange", "arxiv")
VOCAB_SIZE = 2000


@dataclass(frozen=True)
class Input:
    """Raw files to ingest, and documents made of them: at least as many MB as asked for."""

    data: Path
    documents: Manifest
    folder: Path

    @property
    def megabytes(self) -> float:
        """MB of text in the documents."""
        return self.documents.bytes_out / 1e6


def raw_files(data: Path, pattern: str) -> list[str]:
    """Files below `data` that match, sorted."""
    return sorted(str(path) for path in data.glob(pattern) if path.is_file())


def make_input(data: Path, folder: Path, megabytes: float) -> Input:
    """Ingest the text sources once and repeat their documents, with ids and first lines of their own."""
    shards: list[str] = []
    for source in TEXT_SOURCES:
        stage_class, pattern = RAW_FILES[source]
        if source == "stackexchange" or not raw_files(data, pattern):
            continue
        out = folder / source
        out.mkdir()
        stage = stage_class.model_validate({"input": (str(data / pattern),)})
        shards += work.finish_stage(stage, str(out)).uris(DOCUMENTS)
    target = folder / "documents"
    target.mkdir()
    writer, copy = DocumentWriter(str(target), "00000"), 0
    while writer.text_bytes < megabytes * 1e6:
        for batch in read_documents(shards):
            rows = batch.to_pydict()
            rows["id"] = [f"{name}#{copy}" for name in rows["id"]]
            rows["text"] = [f"Copy {copy}.\n{text}" for text in rows["text"]]
            writer.write(pa.RecordBatch.from_pydict(rows, schema=batch.schema))
        copy += 1
    writer.finish()
    return Input(data, manifest_of_parquet([str(target)]), folder)


def ingest(given: Input) -> Iterator[Row]:
    """Raw files of each source to document shards; MB are those that the raw files hold, unpacked."""
    for source, (stage_class, pattern) in RAW_FILES.items():
        files = raw_files(given.data, pattern)
        if not files:
            continue
        stage = stage_class.model_validate({"input": (str(given.data / pattern),)})
        size = work.unpacked_bytes(files) / 1e6
        packed = sum(Path(file).stat().st_size for file in files) / 1e6
        name = f"ingest {source} ({packed:.1f} MB of raw files)"
        yield Row(name, size, measure(work.run_stage, stage))
    yield from _pages(raw_files(given.data, "common_crawl/pages/*.warc.gz"))
    yield from _articles(raw_files(given.data, RAW_FILES["wikipedia"][1]))


def _pages(files: list[str]) -> Iterator[Row]:
    """HTML to documents beside the extractors alone."""
    if not files:
        return
    size = work.unpacked_bytes(files) / 1e6
    ours = measure(work.run_stage, CommonCrawlIngest(input=tuple(files)))
    plain = measure(work.run_stage, CommonCrawlIngest(input=tuple(files), remove_boilerplate=False))
    alone = measure(work.fastwarc_and_resiliparse, files)
    yield Row("HTML pages to documents", size, ours, "fastwarc + resiliparse", alone)
    yield Row("HTML pages to documents, boilerplate kept", size, plain, "fastwarc + resiliparse", alone)
    yield Row(
        "HTML pages to documents",
        size,
        ours,
        "fastwarc + trafilatura",
        measure(work.trafilatura_alone, files),
    )


def _articles(files: list[str]) -> Iterator[Row]:
    """Wikipedia dumps to documents beside mwparserfromhell."""
    if not files:
        return
    size = work.unpacked_bytes(files) / 1e6
    ours = measure(work.run_stage, WikipediaIngest(input=tuple(files)))
    yield Row(
        "Wikipedia dumps to documents",
        size,
        ours,
        "mwparserfromhell",
        measure(work.mwparserfromhell_alone, files),
    )


def dedup(given: Input) -> Iterator[Row]:
    """Signing for near dedup beside datasketch; hashing of lines and documents."""
    shards, size, inputs = given.documents.uris(DOCUMENTS), given.megabytes, [given.documents]
    sign = DedupNear().steps()[0].stage
    theirs = measure(work.datasketch_alone, shards)
    yield Row("near dedup: sign", size, measure(work.run_stage, sign, inputs), "datasketch + xxhash", theirs)
    yield Row("exact dedup: hash", size, measure(work.run_stage, HashDocuments(), inputs))
    yield Row("line dedup: hash", size, measure(work.run_stage, HashLines(), inputs))


def filters(given: Input) -> Iterator[Row]:
    """The language rule beside fastText, and all heuristics in one pass."""
    shards, size, inputs = given.documents.uris(DOCUMENTS), given.megabytes, [given.documents]
    language = Filter(rules=(LanguageRule(),))
    theirs = measure(work.fasttext_alone, shards)
    yield Row("filter: language", size, measure(work.run_stage, language, inputs), "fastText", theirs)
    rules = (GopherQualityRule(), GopherRepetitionRule(), C4Rule(), FineWebRule())
    heuristics = Filter(rules=rules, annotate_only=True)
    yield Row(
        "filter: Gopher, C4, FineWeb on every document", size, measure(work.run_stage, heuristics, inputs)
    )


def tokens(given: Input) -> Iterator[Row]:
    """Encoding beside SentencePiece, tiktoken and tokenizers."""
    sample_folder, model_folder = given.folder / "sample", given.folder / "model"
    sample_folder.mkdir()
    model_folder.mkdir()
    sample = work.finish_stage(SampleText(max_text_bytes=4_000_000), str(sample_folder), [given.documents])
    trained = work.finish_stage(TrainTokenizer(vocab_size=VOCAB_SIZE), str(model_folder), [sample])
    (model,) = trained.uris(MODEL)
    yield from encoding.rows([given.documents], model, given.folder)


GROUPS: dict[str, Callable[[Input], Iterator[Row]]] = {
    "ingest": ingest,
    "dedup": dedup,
    "filter": filters,
    "tokens": tokens,
}

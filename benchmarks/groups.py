"""The groups of the benchmark: ingest, dedup, filter, tokens; each gives rows of the table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import corpus, work
from benchmarks import tokens as encoding
from benchmarks.measure import Measured, Row, measure
from benchmarks.peer import Peers
from stages.core.errors import UserError
from stages.core.manifest import DOCUMENTS, FOLDERS, MODEL, Manifest
from stages.dedup.exact.verb import DedupExact
from stages.dedup.lines.match import MatchLines
from stages.dedup.lines.verb import DedupLines
from stages.dedup.near.verb import DedupNear, SignDocuments
from stages.dedup.sentences.verb import DedupSentences
from stages.dedup.substrings.verb import DedupSubstrings
from stages.filter.rules.c4 import C4Rule
from stages.filter.rules.fineweb import FineWebRule
from stages.filter.rules.gopher_quality import GopherQualityRule
from stages.filter.rules.gopher_repetition import GopherRepetitionRule
from stages.filter.rules.language import LanguageRule
from stages.filter.rules.perplexity import PerplexityRule
from stages.filter.stage import Filter
from stages.ingest.arxiv.stage import ArxivIngest
from stages.ingest.base import RawStage
from stages.ingest.books.stage import BooksIngest
from stages.ingest.c4.stage import C4Ingest
from stages.ingest.common_crawl.stage import CommonCrawlIngest
from stages.ingest.github.stage import GithubIngest
from stages.ingest.stackexchange.stage import StackExchangeIngest
from stages.ingest.wikipedia.stage import WikipediaIngest
from stages.language_model.lmplz import find_tool
from stages.language_model.text import LanguageText
from stages.language_model.train import TrainLanguageModel
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
VOCAB_SIZE = 2000


@dataclass(frozen=True)
class Input:
    """Raw files to ingest, and documents made of them: at least as many MB as asked for, as shards and as JSON lines.

    `generated` is the share of text that a word model made, as the real text did not reach.
    """

    data: Path
    documents: Manifest
    lines: Path
    generated: float
    folder: Path
    peers: Peers

    @property
    def megabytes(self) -> float:
        """MB of text in the documents."""
        return self.documents.bytes_out / 1e6


def raw_files(data: Path, pattern: str) -> list[str]:
    """Files below `data` that match, sorted."""
    return sorted(str(path) for path in data.glob(pattern) if path.is_file())


def make_input(data: Path, folder: Path, megabytes: float, peers: Peers) -> Input:
    """Ingest the sources of prose, cut them into documents and write these for our stages and for peers."""
    rows, made = corpus.documents(data, folder, megabytes)
    lines = folder / "documents.jsonl"
    documents = corpus.write_documents(rows, folder / "documents", lines)
    return Input(data, documents, lines, made, folder, peers)


def beside(
    name: str, megabytes: float, ours: Measured, peers: Sequence[tuple[str, Measured | None]]
) -> Iterator[Row]:
    """A row for every peer that was measured; one of ours alone when none was."""
    measured = [(peer, theirs) for peer, theirs in peers if theirs is not None]
    if not measured:
        yield Row(name, megabytes, ours)
    for peer, theirs in measured:
        yield Row(name, megabytes, ours, peer, theirs)


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
    """Signing for near dedup, then every dedup from documents to documents, beside peers with the same settings."""
    shards, size, inputs = given.documents.uris(DOCUMENTS), given.megabytes, [given.documents]
    near, peers, lines = DedupNear(), given.peers, given.lines
    yield from beside(
        "near dedup: sign",
        size,
        measure(work.run_stage, near.stage(SignDocuments), inputs),
        [
            ("datasketch + xxhash", measure(work.datasketch_alone, shards)),
            ("datatrove", peers.measure("datatrove", "sign", lines)),
        ],
    )
    yield from beside(
        "near dedup",
        size,
        measure(work.run_verb, near, given.documents),
        [(tool, peers.measure(tool, "near", lines)) for tool in ("datatrove", "data-juicer")],
    )
    yield from beside(
        "exact dedup",
        size,
        measure(work.run_verb, DedupExact(), given.documents),
        [
            ("datatrove", peers.measure("datatrove", "exact", lines)),
            ("dolma, marks only", peers.measure("dolma", "exact", lines)),
        ],
    )
    yield Row("substring dedup", size, measure(work.run_verb, DedupSubstrings(), given.documents))
    yield from beside(
        "sentence dedup",
        size,
        measure(work.run_verb, DedupSentences(), given.documents),
        [("datatrove", peers.measure("datatrove", "sentences", lines))],
    )
    lines_once = DedupLines(keep="first", scope="all", min_chars=1)
    yield from beside(
        "line dedup: find",
        size,
        measure(work.run_verb, lines_once, given.documents, MatchLines),
        [("dolma, marks only", peers.measure("dolma", "lines", lines))],
    )
    yield from beside(
        "line dedup",
        size,
        measure(work.run_verb, lines_once, given.documents),
        [("dolma, lines cut out", peers.measure("dolma", "lines_cut", lines))],
    )


def filters(given: Input) -> Iterator[Row]:
    """The language rule beside fastText; all heuristics, as a filter and as marks on every document, beside peers."""
    shards, size, inputs = given.documents.uris(DOCUMENTS), given.megabytes, [given.documents]
    language = Filter(rules=(LanguageRule(),))
    theirs = measure(work.fasttext_alone, shards)
    yield Row("filter: language", size, measure(work.run_stage, language, inputs), "fastText", theirs)
    rules = (GopherRepetitionRule(), GopherQualityRule(), C4Rule(), FineWebRule())
    yield from beside(
        "filter: Gopher, C4, FineWeb",
        size,
        measure(work.run_stage, Filter(rules=rules), inputs),
        [("datatrove", given.peers.measure("datatrove", "filters", given.lines))],
    )
    yield from beside(
        "filter: the same on every document",
        size,
        measure(work.run_stage, Filter(rules=rules, annotate_only=True), inputs),
        [("dolma, gopher_v1 and c4_v2", given.peers.measure("dolma", "taggers", given.lines))],
    )
    yield from _perplexity(given)


def _perplexity(given: Input) -> Iterator[Row]:
    """The perplexity rule beside SentencePiece and KenLM alone, with models of these documents; nothing without lmplz."""
    if missing_lmplz():
        return
    folders = [given.folder / name for name in ("lm-text", "lm")]
    for folder in folders:
        folder.mkdir()
    text_folder, model_folder = map(str, folders)
    texts = work.finish_stage(LanguageText(language="en"), text_folder, [given.documents])
    work.finish_stage(TrainLanguageModel(language="en", vocab_size=8_000), model_folder, [texts])
    models = str(folders[1] / FOLDERS[MODEL])
    rule = PerplexityRule(models=models, language="en", cutoffs={"en": (100.0, 1_000.0)})
    yield Row(
        "filter: perplexity",
        given.megabytes,
        measure(work.run_stage, Filter(rules=(rule,)), [given.documents]),
        "SentencePiece + KenLM",
        measure(work.kenlm_alone, given.documents.uris(DOCUMENTS), models),
    )


def missing_lmplz() -> list[str]:
    """A line when the program that trains perplexity models is not there."""
    try:
        find_tool("lmplz")
    except UserError as error:
        return [f"The row of perplexity is left out: {error}."]
    return []


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

"""datatrove's minhash, exact dedup, filters or whole chain on a file of JSON lines: `run_datatrove.py WHAT FILE [...]`.

Its steps are called one after another in this process, without its executor, so that only their own work counts; the
whole chain runs by its executor.
"""

import os
import sys
import time
from collections import deque
from functools import cache, partial
from pathlib import Path

from datatrove.data import Document
from datatrove.executor.local import LocalPipelineExecutor
from datatrove.pipeline.dedup.exact_dedup import (
    ExactDedupConfig,
    ExactDedupFilter,
    ExactDedupSignature,
    ExactFindDedups,
)
from datatrove.pipeline.dedup.minhash import (
    MinhashConfig,
    MinhashDedupBuckets,
    MinhashDedupCluster,
    MinhashDedupFilter,
    MinhashDedupSignature,
)
from datatrove.pipeline.dedup.sentence_dedup import (
    SentDedupConfig,
    SentenceDedupFilter,
    SentenceDedupSignature,
    SentenceFindDedups,
)
from datatrove.pipeline.extractors import Trafilatura
from datatrove.pipeline.filters import (
    C4QualityFilter,
    FineWebQualityFilter,
    GopherQualityFilter,
    GopherRepetitionFilter,
    LanguageFilter,
)
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.tokens import DocumentTokenizer
from datatrove.pipeline.writers import JsonlWriter
from datatrove.utils.lid import FT176LID
from datatrove.utils.logging import logger
from fasttext.FastText import _FastText
from timed import report

PAGE_SECONDS = 10
"""Its own limit, a second, would drop pages that a loaded machine is slow at."""

LANGUAGES = "bg ca cs da de en es fr hr hu it nl pl pt ro ru sl sr sv uk".split()

LanguageFilter._requires_dependencies = []
logger.remove()


load = cache(_FastText)


class LocalLID(FT176LID):
    """Its language identifier with a model of this machine: it would download its own."""

    def __init__(self, languages: list[str], path: str) -> None:
        super().__init__(languages)
        self._path = path

    @property
    def model(self):
        """Not kept here, since the executor copies its steps."""
        return load(self._path)

    def predict(self, doc: Document):
        """As its own does it, but for fastText's wrapper, which does not work with NumPy 2."""
        found = self.model.f.predict(doc.text.replace("\n", " ") + "\n", self.k, 0.0, "strict")
        scores = {label.removeprefix("__label__"): score for score, label in found}
        best = max(scores.items(), key=lambda pair: pair[1])
        return best, {language: scores.get(language, 0.0) for language in self.languages}


def run(*steps, rank=0, world_size=1):
    """A pipeline of datatrove, for one task."""
    data = None
    for step in steps:
        data = step(data, rank, world_size) if callable(step) else step
    if data is not None:
        deque(data, maxlen=0)


def reader(documents: Path) -> JsonlReader:
    """The documents of one file."""
    return JsonlReader(str(documents.parent), glob_pattern=documents.name, compression=None, recursive=False)


def writer(folder: Path) -> JsonlWriter:
    """Plain JSON lines."""
    return JsonlWriter(str(folder), compression=None)


def written(folder: Path) -> dict[str, object]:
    """How many documents lie there."""
    return {"documents": sum(1 for path in folder.glob("*.jsonl") for _ in path.open("rb"))}


def sign(config: MinhashConfig):
    """The first of four stages."""

    def work(documents: Path, folder: Path):
        run(reader(documents), MinhashDedupSignature(str(folder / "signatures"), config=config))
        return {}

    return work


def near(config: MinhashConfig):
    """All four stages."""

    def work(documents: Path, folder: Path):
        sign(config)(documents, folder)
        for bucket in range(config.num_buckets):
            step = MinhashDedupBuckets(str(folder / "signatures"), str(folder / "buckets"), config=config)
            step.run(rank=bucket, world_size=config.num_buckets)
        MinhashDedupCluster(
            str(folder / "buckets"), str(folder / "remove"), config=config, save_cluster_id=True
        ).run(world_size=1)
        run(reader(documents), MinhashDedupFilter(str(folder / "remove")), writer(folder / "kept"))
        return written(folder / "kept")

    return work


def _text(document: Document) -> str:
    return document.text


def exact(documents: Path, folder: Path):
    """All three stages of exact dedup."""
    config = ExactDedupConfig(content_getter=_text)
    run(reader(documents), ExactDedupSignature(str(folder / "signatures"), config=config))
    run(ExactFindDedups(str(folder / "signatures"), str(folder / "remove"), config=config))
    run(reader(documents), ExactDedupFilter(str(folder / "remove"), config=config), writer(folder / "kept"))
    return written(folder / "kept")


def sentences(documents: Path, folder: Path):
    """All three stages of sentence dedup, by its own defaults."""
    config = SentDedupConfig()
    signatures, repeated = str(folder / "signatures"), str(folder / "repeated")
    run(reader(documents), SentenceDedupSignature(signatures, config=config))
    run(SentenceFindDedups(signatures, repeated, config=config))
    run(reader(documents), SentenceDedupFilter(repeated, config=config), writer(folder / "kept"))
    return written(folder / "kept")


def filters(documents: Path, folder: Path):
    """Gopher's, C4's and FineWeb's rules in one pipeline."""
    steps = [GopherRepetitionFilter(), GopherQualityFilter(), C4QualityFilter(), FineWebQualityFilter()]
    run(reader(documents), *steps, writer(folder / "kept"))
    return written(folder / "kept")


def whole(documents: Path, folder: Path, tokenizer: str, language_model: str, kind: str = "text"):
    """Language, heuristics, near dedup and tokens, each a pipeline of its executor; of `kind` html trafilatura first.

    The seconds of each.
    """
    first = [Trafilatura(timeout=PAGE_SECONDS)] if kind == "html" else []
    language = LanguageFilter(LANGUAGES, language_threshold=0.5)
    language.model = LocalLID(LANGUAGES, language_model)
    rules = [GopherRepetitionFilter(), GopherQualityFilter(), C4QualityFilter(), FineWebQualityFilter()]
    kept, unique, signatures, buckets, remove = (
        str(folder / n) for n in ("kept", "unique", "s", "b", "remove")
    )
    config = MinhashConfig()
    chains = {
        "language and heuristics": [[reader(documents), *first, language, *rules, JsonlWriter(kept)]],
        "near dedup": [
            [JsonlReader(kept), MinhashDedupSignature(signatures, config=config)],
            [MinhashDedupBuckets(signatures, buckets, config=config)],
            [MinhashDedupCluster(buckets, remove, config=config)],
            [JsonlReader(kept), MinhashDedupFilter(remove), JsonlWriter(unique)],
        ],
        "tokens": [
            [
                JsonlReader(unique),
                DocumentTokenizer(str(folder / "tokens"), tokenizer, eos_token="<|end_of_text|>"),
            ]
        ],
    }
    seconds = {}
    for name, pipelines in chains.items():
        started = time.perf_counter()
        for number, steps in enumerate(pipelines):
            tasks = config.num_buckets if isinstance(steps[0], MinhashDedupBuckets) else 1
            LocalPipelineExecutor(
                steps, tasks=tasks, workers=1, logging_dir=str(folder / f"log-{name}-{number}")
            ).run()
        seconds[name] = round(time.perf_counter() - started, 2)
    return {"steps": seconds}


def decisions(documents: Path, folder: Path, config: MinhashConfig) -> None:
    """All four stages once, into `folder`, which stays for who asked."""
    near(config)(documents, folder)


if __name__ == "__main__":
    what, source, *more = sys.argv[1:]
    if what == "decisions":
        target, buckets, rows = more
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
        decisions(
            Path(source), Path(target), MinhashConfig(num_buckets=int(buckets), hashes_per_bucket=int(rows))
        )
        sys.stdout.write("\n{}\n")
    elif what == "whole":
        report(partial(whole, tokenizer=more[0], language_model=more[1], kind=more[2]), Path(source))
    else:
        works = {
            "sign": sign(MinhashConfig()),
            "near": near(MinhashConfig()),
            "exact": exact,
            "sentences": sentences,
            "filters": filters,
        }
        report(works[what], Path(source))

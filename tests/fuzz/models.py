"""Targets that load what a user gives: models, checkpoints, tokenizers, lists, cut-offs, and use it on a few texts."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import orjson
import pyarrow as pa
import tokenizers
import torch

from quality_classifier.fit import fit
from stages.filter.rules.word_list import WordListRule
from stages.ingest.common_crawl.url_filter import UrlFilter
from stages.models.fasttext.model import load_fasttext
from stages.models.fasttext.reference import check_labels, reference_scores
from stages.models.perplexity import LanguageModel
from stages.models.perplexity_files import find_cutoffs, find_models
from stages.tokenize.tokenizers.load import load_tokenizer
from stages.train.checkpoint import CheckpointWriter, load_checkpoint
from stages.train.checkpoint_index import checkpoint_name
from stages.train.config import ModelConfig
from stages.train.export import export_hugging_face
from stages.train.model import Llama
from stages.train.ranks import ALONE
from tests.fuzz.target import Seed, Target
from tests.stages.conftest import LINES, train_pieces, write_arpa
from tests.stages.ingest.fault_packing import prose
from tests.stages.tokenize.conftest import train_model

MODEL = {"dim": 8, "num_layers": 1, "num_heads": 2}
TEXTS = pa.array(
    ["", "the quick brown fox", "Ünknown 漢字 ☃ \u0130\n\nx" * 20, prose(1, 60)], pa.large_string()
)


def targets() -> Iterator[Target]:
    """One for each kind of file."""
    yield Target("fasttext", _fasttext_seeds, _fasttext)
    yield Target("sentencepiece", _pieces_seeds, _tokenizer)
    yield Target("tokenizer-json", _json_seeds, _tokenizer)
    yield Target("checkpoint", _checkpoint_seeds, _checkpoint)
    yield Target("kenlm", _kenlm_seeds, _kenlm)
    yield Target("cutoffs", _cutoffs_seeds, _cutoffs)
    yield Target("word-list", _word_seeds, _words)
    yield Target("url-lists", _url_seeds, _urls)


@cache
def _fasttext_seeds() -> Sequence[Seed]:
    with tempfile.TemporaryDirectory() as folder:
        corpus, model = Path(folder) / "corpus", Path(folder) / "model.bin"
        lines = [f"__label__{'reference' if i % 2 else 'random'} {prose(i, 12)}\n" for i in range(40)]
        corpus.write_text("".join(lines))
        options = {"dim": 4, "epoch": 2, "wordNgrams": 2, "bucket": 50, "minCount": 1, "seed": 1, "lr": 0.1}
        fit(corpus, model, options)
        return [Seed("model.bin", model.read_bytes())]


def _fasttext(folder: Path, seed: Seed) -> None:
    model = load_fasttext(str(folder / seed.name))
    model.predict(TEXTS)
    check_labels(model, seed.name)
    reference_scores(model, TEXTS)


@cache
def _pieces_seeds() -> Sequence[Seed]:
    return [Seed("tokenizer.model", train_model(320)), Seed("unigram.model", train_pieces(LINES))]


def _tokenizer(folder: Path, seed: Seed) -> None:
    tokenizer = load_tokenizer(str(folder / seed.name))
    ids, offsets = tokenizer.encode(TEXTS)
    assert len(offsets) == len(TEXTS) + 1
    assert offsets[-1] == len(ids)
    tokenizer.decode(ids)
    tokenizer.piece(tokenizer.bos)


@cache
def _json_seeds() -> Sequence[Seed]:
    found = []
    lines = [prose(i, 30) for i in range(20)]
    kinds = {
        "bpe": (tokenizers.models.BPE(), tokenizers.trainers.BpeTrainer),
        "wordpiece": (tokenizers.models.WordPiece(unk_token="[UNK]"), tokenizers.trainers.WordPieceTrainer),
        "unigram": (tokenizers.models.Unigram(), tokenizers.trainers.UnigramTrainer),
    }
    for name, (model, trainer) in kinds.items():
        made = tokenizers.Tokenizer(model)
        made.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
        made.decoder = tokenizers.decoders.ByteLevel()
        special = ["<s>", "</s>", "[UNK]"]
        options = {"unk_token": "[UNK]"} if name == "unigram" else {}
        made.train_from_iterator(
            lines, trainer(vocab_size=120, special_tokens=special, show_progress=False, **options)
        )
        found.append(Seed(f"{name}.json", made.to_str().encode()))
    return found


@cache
def _checkpoint_seeds() -> Sequence[Seed]:
    """Each file of a checkpoint, beside the others as they should be."""
    with tempfile.TemporaryDirectory() as folder:
        model, optimizer = _model_of(0)
        identity = {f"model.{key}": value for key, value in MODEL.items()} | {"vocab_size": 20}
        writer = CheckpointWriter(folder, model, optimizer, ALONE, b"{}")
        writer.begin(3, identity)
        writer.wait()
        files = {path.name: path.read_bytes() for path in (Path(folder) / checkpoint_name(3)).iterdir()}
    rest = {name: {n: data for n, data in files.items() if n != name} for name in files}
    return [Seed(name, files[name], rest[name]) for name in sorted(files) if name != "config.json"]


def _model_of(seed: int) -> tuple[Llama, torch.optim.Optimizer]:
    torch.manual_seed(seed)
    model = Llama(ModelConfig.model_validate(MODEL), 20)
    return model, torch.optim.AdamW(model.parameters())


def _checkpoint(folder: Path, seed: Seed) -> None:
    load_checkpoint(str(folder), *_model_of(1), ALONE)
    export_hugging_face(str(folder), str(folder / "out"), 16, "float32")


@cache
def _kenlm_seeds() -> Sequence[Seed]:
    pieces = train_pieces(LINES)
    with tempfile.TemporaryDirectory() as folder:
        write_arpa(Path(folder) / "en.arpa", pieces, -0.5)
        return [Seed("en.arpa", (Path(folder) / "en.arpa").read_bytes(), {"en.sp.model": pieces})]


def _kenlm(folder: Path, seed: Seed) -> None:
    LanguageModel(find_models(str(folder), "en")).perplexities(TEXTS)


@cache
def _cutoffs_seeds() -> Sequence[Seed]:
    ours = {
        "language": "en",
        "percentiles": [30, 60],
        "cutoffs": [340.5, 520.1],
        "reference": "x",
        "documents": 5,
    }
    rows = ["percentile,de,en", *(f"{i},{i * 3}.5,{i * 2}" for i in range(101))]
    return [Seed("en.cutoffs.json", orjson.dumps(ours)), Seed("cutoff.csv", "\n".join(rows).encode())]


def _cutoffs(folder: Path, seed: Seed) -> None:
    find_cutoffs(str(folder), "en")


@cache
def _word_seeds() -> Sequence[Seed]:
    return [
        Seed("words", ("# list\n" + "\n".join(prose(5, 60).split()) + "\nthe quick fox\n漢字\n").encode())
    ]


def _words(folder: Path, seed: Seed) -> None:
    rule = WordListRule(words=str(folder / seed.name))
    batch = pa.record_batch({"text": TEXTS, "language": pa.nulls(len(TEXTS), pa.string())})
    rule.dependencies()
    for verdict in rule.judge(None)(batch):
        assert len(verdict.passed) == len(TEXTS)


@cache
def _url_seeds() -> Sequence[Seed]:
    hosts = "".join(
        f"host{i}.example\n||x{i}.example^\n*.w{i}.example\n0.0.0.0 h{i}.example\nhttp://p{i}.example/path?q\n"
        for i in range(20)
    )
    words = "word\thard\nother\tsoft\n*inside*\t0.5\ntwo words\n# comment\n"
    return [
        Seed("domains", hosts.encode(), {"words": words.encode()}),
        Seed("words", words.encode(), {"domains": hosts.encode()}),
    ]


def _urls(folder: Path, seed: Seed) -> None:
    matcher = UrlFilter(hosts=(str(folder / "domains"),), words=(str(folder / "words"),)).matcher()
    for url in (
        "http://host1.example/a",
        "https://p1.example/path?q=1",
        "x",
        None,
        "http://[::1]/word other inside",
    ):
        matcher.check(url)

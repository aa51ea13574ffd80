"""Small language models: SentencePiece's pieces, and an n-gram model of them written by hand."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
import sentencepiece

LINES = [
    "the old clock in the tower works every morning",
    "the guide explains how the museum opens",
    "a river runs below the tower and the old bridge",
    "every guide knows the river and the museum",
]


def train_pieces(lines: list[str], vocab_size: int = 60) -> bytes:
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines * 20),
        model_writer=model,
        model_type="unigram",
        vocab_size=vocab_size,
        hard_vocab_limit=False,
        num_threads=1,
        minloglevel=2,
    )
    return model.getvalue()


def write_arpa(path: Path, pieces: bytes, common: float) -> None:
    """Every piece has a probability by its length and by how `common` all are; one bigram is likely."""
    processor = sentencepiece.SentencePieceProcessor(model_proto=pieces)
    names = [processor.id_to_piece(i) for i in range(3, processor.vocab_size())]
    unigrams = [("<unk>", -4.0, 0.0), ("<s>", -99.0, -0.3), ("</s>", -1.0, 0.0)]
    unigrams += [(name, common - 1 - len(name) / 10, -0.2) for name in names]
    bigrams = [(f"<s> {names[0]}", -0.3), (f"{names[1]} {names[2]}", -0.4)]
    lines = ["\\data\\", f"ngram 1={len(unigrams)}", f"ngram 2={len(bigrams)}", "", "\\1-grams:"]
    lines += [f"{value}\t{name}\t{backoff}" for name, value, backoff in unigrams]
    lines += ["", "\\2-grams:", *(f"{value}\t{gram}" for gram, value in bigrams), "", "\\end\\", ""]
    path.write_text("\n".join(lines), encoding="utf-8")


@pytest.fixture(scope="session")
def pieces() -> bytes:
    return train_pieces(LINES)


@pytest.fixture
def model_folder(tmp_path: Path, pieces: bytes) -> Callable[..., Path]:
    """A folder with models of some languages; their n-grams differ."""
    pytest.importorskip("kenlm")

    def make(*languages: str) -> Path:
        folder = tmp_path / "lm"
        folder.mkdir(exist_ok=True)
        for number, language in enumerate(languages):
            (folder / f"{language}.sp.model").write_bytes(pieces)
            write_arpa(folder / f"{language}.arpa", pieces, -0.1 - number)
        return folder

    return make

"""Model files that are cut, damaged or of another kind: one line before a library crashes on them."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from quality_classifier.fit import fit
from stages.core.errors import UserError
from stages.models.fasttext.model import load_fasttext
from stages.models.find import find_language_model
from stages.models.kenlm_file import check_kenlm_file
from stages.models.perplexity import load_pieces
from stages.tokenize.tokenizers.load import make_tokenizer

HEAD = struct.Struct("<ii12id")
"""Magic, version, and fastText's options."""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("fasttext")
    corpus, path = folder / "corpus", folder / "model.bin"
    corpus.write_text("".join(f"__label__{'ab'[i % 2]} word{i} other{i % 3}\n" for i in range(20)))
    fit(corpus, path, {"dim": 4, "epoch": 1, "wordNgrams": 2, "bucket": 50, "minCount": 1})
    return path.read_bytes()


def test_whole_models_are_loaded(model: bytes, tmp_path: Path) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(model)
    assert set(load_fasttext(str(path)).labels) == {"a", "b"}
    language = load_fasttext(find_language_model(None))
    assert language.label_names(language.predict(pa.array(["the old clock"]))).tolist() == ["en"]


def test_a_fasttext_model_cut_anywhere_is_one_line(model: bytes, tmp_path: Path) -> None:
    path = tmp_path / "model.bin"
    for size in range(0, len(model), 7):
        path.write_bytes(model[:size])
        with pytest.raises(UserError, match=r"model\.bin: (?:not|a damaged)"):
            load_fasttext(str(path))


@pytest.mark.parametrize("add", [1, -1, 2**20, -(2**31)])
@pytest.mark.parametrize("field", ["dim", "bucket", "entries", "words", "labels", "rows"])
def test_a_fasttext_model_that_contradicts_itself_is_one_line(
    field: str, add: int, model: bytes, tmp_path: Path
) -> None:
    places = {
        "dim": 8,
        "bucket": 8 + 8 * 4,
        "entries": HEAD.size,
        "words": HEAD.size + 4,
        "labels": HEAD.size + 8,
    }
    (entries,) = struct.unpack_from("<i", model, HEAD.size)
    at = HEAD.size + 28
    for _ in range(entries):
        at = model.index(b"\0", at) + 10
    places["rows"] = at + 1
    data = bytearray(model)
    (old,) = struct.unpack_from("<i", data, places[field])
    struct.pack_into("<I", data, places[field], (old + add) % 2**32)
    path = tmp_path / "model.bin"
    path.write_bytes(data)
    with pytest.raises(UserError, match=r"model\.bin: (?:not|a damaged)"):
        load_fasttext(str(path))


@pytest.mark.parametrize(
    "counts", ["ngram 1=-2.2", "ngram 1=999999999", "ngram 2=5", "ngram 1=0", "", "ngram x=1"]
)
def test_an_arpa_file_of_impossible_numbers_is_one_line(counts: str, tmp_path: Path) -> None:
    path = tmp_path / "en.arpa"
    path.write_text(f"\\data\\\n{counts}\n\n\\1-grams:\n-1\tx\t0\n\\end\\\n")
    with pytest.raises(UserError, match=r"en\.arpa: not a KenLM model"):
        check_kenlm_file(str(path))


def test_an_arpa_file_is_let_through(model_folder: Callable[..., Path]) -> None:
    check_kenlm_file(str(model_folder("en") / "en.arpa"))


@pytest.mark.slow
def test_pieces_cut_anywhere_are_one_line_or_a_model(pieces: bytes, tmp_path: Path) -> None:
    path = tmp_path / "en.sp.model"
    for size in range(0, len(pieces), 11):
        path.write_bytes(pieces[:size])
        for load in (lambda: load_pieces(str(path)), lambda: make_tokenizer(path.read_bytes(), str(path))):
            try:
                load()
            except UserError as error:
                assert str(error).startswith(f"{path}: ")


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b'{"version": "1.0", "model": {"type": "Unigram", "unk_id": 7, "vocab": [["a", 0.0]]}}',
        b'{"version": "1.0", "model": {"type": "BPE", "vocab": {"a": 0}, "merges": [["a", "b"]]}}',
        b'{"added_tokens": [{"id": 99999999}]}',
        b"",
    ],
)
def test_a_tokenizer_json_of_another_kind_is_one_line(content: bytes) -> None:
    with pytest.raises(UserError, match=r"^t\.json: "):
        make_tokenizer(content, "t.json")


def test_a_unigram_without_an_unknown_piece_is_refused_at_a_text_that_it_does_not_know() -> None:
    content = b'{"version": "1.0", "model": {"type": "Unigram", "unk_id": null, "vocab": [["<s>", 0.0], ["</s>", 0.0]]}}'
    with pytest.raises(UserError, match=r"^t\.json: cannot encode a text"):
        make_tokenizer(content, "t.json").encode(pa.array(["a"]))

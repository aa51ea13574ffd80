"""The cache of words: the ids of SentencePiece for any text and any model, and the models that it leaves to SentencePiece."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sentencepiece
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.groups import RAW_FILES
from stages.core.manifest import DOCUMENTS, Manifest
from stages.ingest.stackexchange.threads import StackExchangeThreads
from stages.kernels.words import word_cache
from stages.tokenize.tokenizers import words
from stages.tokenize.tokenizers.load import load_tokenizer, make_tokenizer
from tests.stages.bpe_models import FORMAT, PIECE, TEXT, by_sentencepiece, model, rows

SAMPLES = Path(__file__).resolve().parents[4] / "samples" / "dumps"


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(TEXT))
def test_any_text_has_the_ids_of_sentencepiece(tokenizer_path: Path, texts: list[str]) -> None:
    tokenizer = load_tokenizer(str(tokenizer_path))  # one cache for all examples
    assert tokenizer.encoder == "word cache"
    assert rows(tokenizer, texts) == by_sentencepiece(tokenizer_path.read_bytes(), texts)


LETTERS = "ab\u2581\n.é漢"
PIECES = st.lists(st.text(LETTERS, min_size=1, max_size=4), max_size=40)


@settings(max_examples=300)
@given(
    pieces=PIECES, texts=st.lists(st.text([*LETTERS, " ", "c", "\U0001f600"], max_size=30)), data=st.data()
)
def test_any_vocabulary_has_the_ids_of_sentencepiece(pieces: list[str], texts: list[str], data: Any) -> None:
    """Pieces and the order of joining are any: also a newline inside a piece, or a space at its end."""
    count = len(dict.fromkeys(["\u2581", *pieces]))
    scores = data.draw(st.lists(st.integers(-3, 0), min_size=count, max_size=count))  # equal scores too
    proto = model(pieces, scores)
    tokenizer = make_tokenizer(proto.SerializeToString(), "x.model")
    inside = any("\u2581" in piece.lstrip("\u2581") for piece in pieces)
    assert tokenizer.encoder.startswith("SentencePiece" if inside else "word cache")
    assert rows(tokenizer, texts) == by_sentencepiece(proto.SerializeToString(), texts)
    proto.normalizer_spec.add_dummy_prefix = False
    tokenizer = make_tokenizer(proto.SerializeToString(), "x.model")
    assert rows(tokenizer, texts) == by_sentencepiece(proto.SerializeToString(), texts)


def test_a_slice_a_null_and_short_offsets(tokenizer_path: Path) -> None:
    tokenizer = load_tokenizer(str(tokenizer_path))
    expected = by_sentencepiece(tokenizer_path.read_bytes(), ["the fox", "", "dog"])
    for kind in (pa.string(), pa.large_string()):
        ids, offsets = tokenizer.encode(pa.array(["x", "the fox", None, "dog", "y"], kind).slice(1, 3))
        assert [ids[offsets[i] : offsets[i + 1]].tolist() for i in range(3)] == expected
    ids, offsets = tokenizer.encode(pa.array([], pa.large_string()))
    assert (ids.tolist(), offsets.tolist()) == ([], [0])


def test_words_end_where_no_piece_goes_on() -> None:
    joins = words.joins_of(model(["th", "the", "\u2581the", "\u2581\u2581", "é"]))
    offsets, data = word_cache.frame(*_buffers(["the  the\né(the)12é"]), True)
    found, at = [], 0
    while at < offsets[1] - 1:
        end = word_cache._word_end(data, at, joins)
        found.append(bytes(data[at:end]).decode())
        at = end
    assert found == [" the", "  the", "\n", "é", "(", "the", ")", "1", "2", "é"]


def _buffers(texts: list[str]) -> Any:
    from stages.kernels.arrow import string_buffers

    return string_buffers(pa.array(texts, pa.large_string()))


def _change(change: Callable[[Any], Any]) -> str:
    proto = model(["a", "b", "ab"])
    change(proto)
    return make_tokenizer(proto.SerializeToString(), "x.model").encoder


def test_what_is_left_to_sentencepiece() -> None:
    """Each option under which words would depend on their neighbours, by name."""

    def normalized(proto: Any) -> None:
        proto.normalizer_spec.precompiled_charsmap = _nfkc_rules()

    def without_bytes(proto: Any) -> None:
        proto.trainer_spec.byte_fallback = False
        del proto.pieces[3:259]

    kind = {"user": PIECE.USER_DEFINED, "unused": PIECE.UNUSED}
    found = {
        "none": _change(lambda proto: None),
        "unigram": _change(lambda p: setattr(p.trainer_spec, "model_type", FORMAT.TrainerSpec.UNIGRAM)),
        "normalized": _change(normalized),
        "spaces": _change(lambda p: setattr(p.normalizer_spec, "remove_extra_whitespaces", True)),
        "unescaped": _change(lambda p: setattr(p.normalizer_spec, "escape_whitespaces", False)),
        "suffix": _change(lambda p: setattr(p.trainer_spec, "treat_whitespace_as_suffix", True)),
        "bytes": _change(without_bytes),
        "user": _change(lambda p: setattr(p.pieces[-1], "type", kind["user"])),
        "unused": _change(lambda p: setattr(p.pieces[-1], "type", kind["unused"])),
        "no space": _change(lambda p: setattr(p.pieces[259], "piece", "c")),
        "inside": _change(lambda p: setattr(p.pieces[-1], "piece", "a\u2581")),
    }
    assert found == {
        "none": "word cache",
        "unigram": "SentencePiece (the model is no BPE)",
        "normalized": "SentencePiece (its normalization is not the identity)",
        "spaces": "SentencePiece (it removes extra spaces)",
        "unescaped": "SentencePiece (it does not write spaces as U+2581)",
        "suffix": "SentencePiece (it puts spaces after words)",
        "bytes": "SentencePiece (it has no byte fallback)",
        "user": "SentencePiece (it has user-defined symbols)",
        "unused": "SentencePiece (it has unused pieces)",
        "no space": "SentencePiece (it has no piece for a space)",
        "inside": "SentencePiece (a piece holds a space after another character)",
    }


def _nfkc_rules() -> bytes:
    import io

    trained = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(["a b c"] * 9),
        model_writer=trained,
        model_type="bpe",
        vocab_size=8,
        hard_vocab_limit=False,
        normalization_rule_name="nfkc",
        minloglevel=2,
    )
    rules: bytes = FORMAT.ModelProto.FromString(trained.getvalue()).normalizer_spec.precompiled_charsmap
    return rules


def test_trap_a_model_with_spaces_inside_pieces_has_its_own_ids() -> None:
    """With a piece over two words, cutting at spaces would give other ids."""
    proto = model(["a", "b", "a\u2581", "a\u2581b"])
    assert rows(make_tokenizer(proto.SerializeToString(), "x"), ["a b"]) == [[1, 259, 263, 2]]


def test_a_vocabulary_over_65536_has_uint32_ids() -> None:
    names = (
        ["a", "b", "c"] + [f"{chr(0x4E00 + i % 20000)}{i // 20000}" for i in range(66_000)] + ["ab", "abc"]
    )
    proto = model(names)
    tokenizer = make_tokenizer(proto.SerializeToString(), "x.model")
    assert (tokenizer.dtype, tokenizer.encoder) == (np.dtype("<u4"), "word cache")
    texts = ["abc ab", "a", "", "cab" * 20]
    for _ in range(2):
        found = rows(tokenizer, texts)
        assert found == by_sentencepiece(proto.SerializeToString(), texts)
        assert max(found[0]) > 65_536


@pytest.mark.parametrize("damage", [b"\xff", b"a\xffb", b"\xc3", b"\x80 the"])
def test_bytes_that_are_no_text_are_refused(tokenizer_path: Path, damage: bytes) -> None:
    damaged = pa.LargeStringArray.from_buffers(
        1, pa.py_buffer(np.array([0, len(damage)], np.int64)), pa.py_buffer(damage)
    )
    with pytest.raises(UnicodeDecodeError):
        load_tokenizer(str(tokenizer_path)).encode(damaged)


def check_documents(documents: Manifest, tokenizer_path: Path) -> None:
    texts = [t for uri in documents.uris(DOCUMENTS) for t in pq.read_table(uri)["text"].to_pylist()]
    assert texts
    found = rows(load_tokenizer(str(tokenizer_path)), texts)
    assert found == by_sentencepiece(tokenizer_path.read_bytes(), texts)


@pytest.mark.parametrize("source", sorted(RAW_FILES))
def test_every_document_of_the_samples_has_the_ids_of_sentencepiece(
    tokenizer_path: Path, run_stage: Callable[..., Manifest], source: str
) -> None:
    stage, pattern = RAW_FILES[source]
    documents = run_stage(stage.model_validate({"input": (str(SAMPLES / pattern),)}))
    if source == "stackexchange":
        documents = run_stage(StackExchangeThreads(), [documents])
    check_documents(documents, tokenizer_path)


@pytest.mark.real
@pytest.mark.parametrize("source", ["arxiv", "c4", "wikipedia"])
def test_real_documents_have_the_ids_of_sentencepiece(
    shared_data: Path, tokenizer_path: Path, run_stage: Callable[..., Manifest], source: str
) -> None:
    stage, pattern = RAW_FILES[source]
    check_documents(run_stage(stage.model_validate({"input": (str(shared_data / pattern),)})), tokenizer_path)

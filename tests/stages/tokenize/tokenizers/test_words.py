"""The cache of words: the ids of SentencePiece for any text and any model, and the models that it leaves to SentencePiece."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sentencepiece
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sentencepiece import sentencepiece_model_pb2

from benchmarks.groups import RAW_FILES
from stages.core.manifest import DOCUMENTS, Manifest
from stages.ingest.stackexchange.threads import StackExchangeThreads
from stages.kernels.words import word_cache, word_table
from stages.tokenize.tokenizers import words
from stages.tokenize.tokenizers.load import load_tokenizer, make_tokenizer
from stages.tokenize.tokenizers.words import WordEncoder

SAMPLES = Path(__file__).resolve().parents[4] / "samples" / "dumps"
FORMAT: Any = sentencepiece_model_pb2
PIECE = FORMAT.ModelProto.SentencePiece

AWKWARD = [
    " ",
    "  ",
    "\n",
    "\t",
    "\0",
    "\r",
    "\u2581",
    "\u00a0",
    "\u3000",
    "\u0301",
    "\u200d",
    "\ufeff",
    "\u00ad",
]
AWKWARD += [
    "\U0001f600",
    "\U0001f468\u200d\U0001f469",
    "é",
    "ß",
    "漢字",
    "かな",
    "한",
    "а",
    "ب",
    "12",
    "<0x0A>",
    "<s>",
    "</s>",
    "<unk>",
]
TEXT = st.one_of(
    st.text(st.characters(blacklist_categories=["Cs"])),
    st.lists(st.sampled_from([*AWKWARD, *"abt.,(", "the", " quick"])).map("".join),
)


def model(pieces: Sequence[str], scores: Sequence[float] | None = None) -> Any:
    """A BPE model with LLaMA's options: <unk> <s> </s>, 256 bytes, a space, and these pieces, the first joined first."""
    proto = FORMAT.ModelProto()
    for name, kind in (("<unk>", PIECE.UNKNOWN), ("<s>", PIECE.CONTROL), ("</s>", PIECE.CONTROL)):
        proto.pieces.add(piece=name, type=kind, score=0)
    for byte in range(256):
        proto.pieces.add(piece=f"<0x{byte:02X}>", type=PIECE.BYTE, score=0)
    for rank, piece in enumerate(dict.fromkeys(["\u2581", *pieces])):
        proto.pieces.add(piece=piece, type=PIECE.NORMAL, score=-rank if scores is None else scores[rank])
    proto.trainer_spec.model_type = FORMAT.TrainerSpec.BPE
    proto.trainer_spec.byte_fallback = True
    proto.trainer_spec.vocab_size = len(proto.pieces)
    proto.normalizer_spec.name = "identity"
    proto.normalizer_spec.remove_extra_whitespaces = False
    return proto


def by_sentencepiece(model_bytes: bytes, texts: Sequence[str]) -> list[list[int]]:
    processor = sentencepiece.SentencePieceProcessor(model_proto=model_bytes)
    return processor.encode(list(texts), add_bos=True, add_eos=True)


@pytest.fixture(scope="module")
def joining() -> bytes:
    """A model in which every two letters of "abcde" stand side by side somewhere, so words end at other characters."""
    letters = "abcde"
    pairs = [first + second for first in letters for second in letters]
    joined: bytes = model([*letters, "\u2581a", "\u2581ab", *pairs, "abcd", "eeee"]).SerializeToString()
    return joined


def rows(tokenizer: Any, texts: Sequence[str]) -> list[list[int]]:
    ids, offsets = tokenizer.encode(pa.array(texts, pa.large_string()))
    assert len(offsets) == len(texts) + 1
    return [ids[offsets[i] : offsets[i + 1]].tolist() for i in range(len(texts))]


def encoder(model_bytes: bytes, max_slots: int) -> WordEncoder:
    """A word encoder with a small table."""
    processor = sentencepiece.SentencePieceProcessor(model_proto=words.without_prefix(model_bytes))
    proto = words.read_model(model_bytes, "x.model")
    return WordEncoder(proto, processor.encode, np.dtype("<u2"), (1, 2), max_slots)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(TEXT))
def test_any_text_has_the_ids_of_sentencepiece(tokenizer_path: Path, texts: list[str]) -> None:
    tokenizer = load_tokenizer(str(tokenizer_path))  # one cache for all examples
    assert tokenizer.encoder == "word cache"
    assert rows(tokenizer, texts) == by_sentencepiece(tokenizer_path.read_bytes(), texts)


@settings(max_examples=60)
@given(batches=st.lists(st.lists(st.one_of(TEXT, st.text("abcde .")))), max_slots=st.sampled_from([2, 8, 64]))
def test_a_cache_that_is_always_full_changes_no_id(
    joining: bytes, batches: list[list[str]], max_slots: int
) -> None:
    tokenizer = encoder(joining, max_slots)
    for texts in batches:
        assert rows(tokenizer, texts) == by_sentencepiece(joining, texts)


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


@pytest.mark.parametrize("length", [1, 2, 7, 8, 9, 15, 16, 17, 24, 25, 254, 255, 256, 257, 5000])
def test_words_of_every_length(joining: bytes, length: int) -> None:
    """Lengths at which the table's layout changes; words that differ in any byte, or by a NUL at their end."""
    stem = "".join(random.Random(length).choices("abcde", k=length))
    texts = [
        stem,
        stem + "\0",
        *(
            stem[:i] + other + stem[i + 1 :]
            for i in range(0, length, max(1, length // 25))
            for other in "abcde"
        ),
    ]
    texts += [f" {text} {text}" for text in texts]
    tokenizer = encoder(joining, max_slots=1 << 14)
    for _ in range(2):
        assert rows(tokenizer, texts) == by_sentencepiece(joining, texts)
    shown = [word for word in tokenizer_words(tokenizer) if len(word) == length + 1]
    assert bool(shown) == (length < word_table.MAX_WORD_BYTES)


def tokenizer_words(tokenizer: WordEncoder) -> list[str]:
    """A character for each byte of each word that the table holds."""
    lengths = tokenizer._slots[:, word_table.META] & word_table.EIGHT_BITS
    return ["x" * int(length) for length in lengths if length]


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


def test_memory_is_bounded_and_words_in_use_stay(joining: bytes) -> None:
    """However many words come, the table keeps its size; a word that comes again and again is seldom asked for."""
    tokenizer = encoder(joining, max_slots=1 << 8)
    asked: list[str] = []
    inner = tokenizer._encode_words

    def ask(texts: list[str]) -> Any:
        asked.extend(texts)
        return inner(texts)

    tokenizer._encode_words = ask
    draw = random.Random(0)
    for _ in range(300):
        texts = [f"abc {''.join(draw.choices('abcde', k=12))} {''.join(draw.choices('abcde', k=30))} cde"]
        assert rows(tokenizer, texts) == by_sentencepiece(joining, texts)
    assert len(tokenizer._slots) == 1 << 8
    assert len(tokenizer._kept) == 1 << 16
    assert (asked.count(" abc"), asked.count("cde")) == (1, 1)
    assert len(asked) > 600


def test_many_new_words_stay_in_bounds(joining: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "MAX_KEPT_IDS", 500)
    monkeypatch.setattr(words, "MAX_KEPT_BYTES", 1 << 16)
    monkeypatch.setattr(words, "MAX_AHEAD_BYTES", 300)
    tokenizer = encoder(joining, max_slots=1 << 12)
    draw = random.Random(1)
    texts = [" ".join("".join(draw.choices("abcde", k=draw.randint(1, 300))) for _ in range(2000))]
    for _ in range(2):
        assert rows(tokenizer, texts) == by_sentencepiece(joining, texts)
        assert tokenizer._num_ids <= 500 + 300 + word_table.MAX_WORD_BYTES
        assert len(tokenizer._kept) == 1 << 16
    monkeypatch.setattr(words, "MAX_KEPT_IDS", 1 << 20)
    tokenizer = encoder(joining, max_slots=1 << 12)  # now the bytes of words are what is too much
    assert rows(tokenizer, texts) == by_sentencepiece(joining, texts)
    assert len(tokenizer._kept) == 1 << 16


def test_a_call_that_fails_leaves_no_word_without_ids(tokenizer_path: Path) -> None:
    model_bytes = tokenizer_path.read_bytes()
    tokenizer = encoder(model_bytes, max_slots=64)
    inner = tokenizer._encode_words

    def fail(texts: list[str]) -> list[list[int]]:
        raise KeyboardInterrupt

    tokenizer._encode_words = fail
    with pytest.raises(KeyboardInterrupt):
        rows(tokenizer, ["the fox"])
    tokenizer._encode_words = inner
    assert rows(tokenizer, ["the fox"]) == by_sentencepiece(model_bytes, ["the fox"])


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

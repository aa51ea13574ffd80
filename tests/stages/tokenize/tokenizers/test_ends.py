"""The tokens that begin and end a document: by option, by name, or one for both."""

from __future__ import annotations

import io
from collections.abc import Callable
from itertools import pairwise

import pyarrow as pa
import pytest
import sentencepiece

from stages.core.errors import UserError
from stages.core.manifest import Manifest
from stages.tokenize.encode import Encode, EncodedShard
from stages.tokenize.tokenizers.ends import Ends, find_ends
from stages.tokenize.tokenizers.sentencepiece_model import SentencePieceTokenizer

Trained = Callable[..., bytes]


@pytest.fixture(scope="module")
def trained() -> Trained:
    def train(**options: object) -> bytes:
        model = io.BytesIO()
        lines = ["the quick brown fox jumps over the lazy dog"] * 5
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(lines),
            model_writer=model,
            vocab_size=60,
            hard_vocab_limit=False,
            minloglevel=2,
            **options,
        )
        return model.getvalue()

    return train


@pytest.mark.parametrize(
    ("options", "asked", "ends"),
    [
        ({"bos_id": -1, "eos_id": 1}, Ends(), ("</s>", "</s>")),
        ({"bos_id": 1, "eos_id": -1}, Ends(), ("<s>", "<s>")),
        ({"bos_id": -1, "eos_id": -1, "control_symbols": "[CLS],[SEP]"}, Ends(), ("[CLS]", "[SEP]")),
        ({"control_symbols": "<a>,<b>"}, Ends("<a>", "<b>"), ("<a>", "<b>")),
        ({"control_symbols": "<a>"}, Ends(eos="<a>"), ("<s>", "<a>")),
    ],
)
def test_a_sentencepiece_model_with_other_ends(
    options: dict[str, object], asked: Ends, ends: tuple[str, str], trained: Trained
) -> None:
    tokenizer = SentencePieceTokenizer(trained(**options), "x.model", ends=asked)
    assert (tokenizer.piece(tokenizer.bos), tokenizer.piece(tokenizer.eos)) == ends
    ids, offsets = tokenizer.encode(pa.array(["the fox", "", ends[0]], pa.large_string()))
    assert [(ids[a], ids[b - 1]) for a, b in pairwise(offsets)] == [(tokenizer.bos, tokenizer.eos)] * 3
    assert (ids == tokenizer.bos).sum() == (3 if tokenizer.bos != tokenizer.eos else 6)


@pytest.mark.parametrize(
    ("options", "asked", "said"),
    [
        (
            {"bos_id": -1, "eos_id": -1},
            Ends(),
            r"x\.model: has no tokens that begin and end a document .*--bos, --eos",
        ),
        ({}, Ends(eos="the"), r"x\.model: has no token 'the'; its special tokens are <s>, </s>"),
    ],
)
def test_a_model_without_ends_is_one_line(
    options: dict[str, object], asked: Ends, said: str, trained: Trained
) -> None:
    with pytest.raises(UserError, match=said):
        SentencePieceTokenizer(trained(**options), "x.model", ends=asked)


def test_what_is_asked_for_goes_before_what_is_found() -> None:
    ids = {"<s>": 1, "</s>": 2, "<x>": 3}
    assert find_ends(Ends(), ids, ids.get, "x") == (1, 2)
    assert find_ends(Ends(eos="<x>"), ids, ids.get, "x") == (1, 3)
    assert find_ends(Ends(bos="<x>"), ids, ids.get, "x") == (3, 2)
    assert find_ends(Ends(3, 3), {}, {}.get, "x") == (3, 3)


def test_documents_are_encoded_between_the_ends_of_the_options(
    run_stage: Callable[..., Manifest],
    make_documents: Callable[..., Manifest],
    trained: Trained,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    path = tmp_path_factory.mktemp("ends") / "x.model"
    path.write_bytes(trained(control_symbols="<a>,<b>"))
    stage = Encode(model=str(path), bos="<b>", eos="<a>")
    (facts,) = run_stage(stage, [make_documents([{"id": "c4/f/0", "text": "the fox"}])]).facts_of(
        EncodedShard
    )
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(path))
    assert (facts.bos, facts.eos) == (pieces.piece_to_id("<b>"), pieces.piece_to_id("<a>"))

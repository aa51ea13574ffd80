"""gigatoken encodes where it gives the ids of tokenizers; any difference, refusal or absence leaves it to tokenizers."""

from __future__ import annotations

import sys
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pytest
from tokenizers import Tokenizer as Library

from stages.core.errors import UserError
from stages.tokenize.tokenizers import gigatoken_encoder
from stages.tokenize.tokenizers.gigatoken_encoder import fast_encoder, probe_texts
from stages.tokenize.tokenizers.load import make_tokenizer
from tests.stages.tokenize.tokenizers.test_hugging_face import LLAMA_3_ENDS, TEXTS, byte_level

MODEL = byte_level(LLAMA_3_ENDS).to_str().encode()
COLUMN = pa.array([*TEXTS, "a <|begin_of_text|>", "x" * 2_000], pa.large_string())


class PanicException(BaseException):
    """A panic of Rust, as Python sees it."""


def stand_in(change: Any) -> Any:
    """A module in gigatoken's place: the ids of tokenizers, changed by `change(text, ids)`; `made` are the loaded files."""
    made = []

    class Tokenizer:
        def __init__(self, model: bytes) -> None:
            made.append(model)
            self._library = Library.from_buffer(model)

        @classmethod
        def from_json(cls, model: bytes) -> Tokenizer:
            return cls(model)

        def encode_batch(self, texts: list[str], parallel: bool) -> Any:
            assert not parallel
            rows = [change(text, self._library.encode(text, add_special_tokens=False).ids) for text in texts]
            before = [7, 7]  # a view may begin inside its content
            offsets = np.cumsum([len(before), *map(len, rows)])
            content = np.array([*before, *(token for row in rows for token in row), 9], np.uint32)
            layout = SimpleNamespace(
                offsets=SimpleNamespace(data=offsets), content=SimpleNamespace(data=content)
            )
            return SimpleNamespace(layout=layout)

    return SimpleNamespace(Tokenizer=Tokenizer, made=made)


def rows(tokenizer: Any) -> list[list[int]]:
    ids, offsets = tokenizer.encode(COLUMN)
    return [ids[a:b].tolist() for a, b in pairwise(offsets)]


def plain_rows(monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    monkeypatch.setitem(sys.modules, "gigatoken", None)
    tokenizer = make_tokenizer(MODEL, "x.json")
    assert tokenizer.encoder.startswith("tokenizers (gigatoken, which is faster, is not installed")
    return rows(tokenizer)


def panic(text: str, ids: list[int]) -> list[int]:
    raise PanicException("index out of bounds")


def test_the_same_ids_are_taken_from_it(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = plain_rows(monkeypatch)
    module = stand_in(lambda text, ids: ids)
    monkeypatch.setitem(sys.modules, "gigatoken", module)
    tokenizer = make_tokenizer(MODEL, "x.json")
    assert tokenizer.encoder == "gigatoken (ids of tokenizers on the probe)"
    assert rows(tokenizer) == expected
    assert orjson.loads(module.made[0])["added_tokens"] == []
    assert tokenizer.encode(COLUMN.slice(0, 0))[1].tolist() == [0]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text, ids: ids[:-1] if "ไทย" in text else ids, "gives other ids on the probe"),
        (lambda text, ids: [0, *ids] if "<|end_of_text|>" in text else ids, "gives other ids on the probe"),
        (panic, "cannot encode the probe"),
    ],
)
def test_other_ids_and_panics_leave_it_to_tokenizers(
    change: Any, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = plain_rows(monkeypatch)
    monkeypatch.setitem(sys.modules, "gigatoken", stand_in(change))
    tokenizer = make_tokenizer(MODEL, "x.json")
    assert tokenizer.encoder == f"tokenizers (gigatoken {said})"
    assert rows(tokenizer) == expected


def test_a_probe_that_tokenizers_refuses_leaves_the_texts_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(text: str) -> list[int]:
        raise UserError("x.json: cannot encode a text")

    monkeypatch.setitem(sys.modules, "gigatoken", stand_in(lambda text, ids: ids))
    assert fast_encoder(MODEL, refuse, [], list) == (None, "tokenizers (cannot encode the probe)")


def test_trouble_of_the_machine_is_no_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(text: str, ids: list[int]) -> list[int]:
        raise MemoryError

    monkeypatch.setitem(sys.modules, "gigatoken", stand_in(full))
    with pytest.raises(MemoryError):
        make_tokenizer(MODEL, "x.json")


def test_it_is_made_anew_before_its_words_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    module = stand_in(lambda text, ids: ids)
    monkeypatch.setitem(sys.modules, "gigatoken", module)
    tokenizer = make_tokenizer(MODEL, "x.json")
    monkeypatch.setattr(gigatoken_encoder, "RENEW_BYTES", 0)
    first, second = rows(tokenizer), rows(tokenizer)
    assert first == second
    assert len(module.made) == 3


def test_the_probe_holds_scripts_specials_and_pieces() -> None:
    texts = probe_texts(["<s>"], ["wor", "ds"] * 150)
    assert len(set("".join(texts))) > 15_000
    assert "x <s><s> y" in texts
    assert [text.count("words") for text in texts[-2:]] == [100, 50]


def test_the_real_one_gives_the_same_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("gigatoken", reason="the extra `gigatoken` is not installed")
    tokenizer = make_tokenizer(MODEL, "x.json")
    found = rows(tokenizer)
    assert tokenizer.encoder == "gigatoken (ids of tokenizers on the probe)"
    assert found == plain_rows(monkeypatch)

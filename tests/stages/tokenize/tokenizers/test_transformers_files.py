"""A tokenizer as transformers loads it: the ids and texts that ours gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pytest
import tokenizers

from stages.core.errors import UserError
from stages.tokenize.tokenizers.load import make_tokenizer
from stages.tokenize.tokenizers.transformers_files import transformers_files
from tests.stages.conftest import LINES, train_pieces
from tests.stages.tokenize.conftest import train_model

TEXTS = [
    "",
    " leading",
    "  two  spaces\n\nline  ",
    "Ünknown 漢字 ☃ 🤗",
    "1234.5 abc\tdef",
    "a\u2581b",
    "the quick brown fox jumps",
    "naïve cafe\u0301 \u200b end\r\n",
]


@pytest.fixture(scope="module")
def model() -> bytes:
    return train_model(320)


def test_a_sentencepiece_model_gives_the_same_ids_and_texts(model: bytes) -> None:
    files = transformers_files(model, "tokenizer.model", 16)
    assert files["tokenizer.model"] == model
    theirs = tokenizers.Tokenizer.from_str(files["tokenizer.json"].decode())
    ours = make_tokenizer(model, "tokenizer.model")
    for text in TEXTS:
        ids, _ = ours.encode(pa.array([text], pa.large_string()))
        assert theirs.encode(text).ids == ids[:-1].tolist(), "without the end, which a prompt has not"
        assert theirs.decode(theirs.encode(text).ids) == text.replace("\u2581", " ")


def test_special_tokens_are_named(model: bytes) -> None:
    files = transformers_files(model, "tokenizer.model", 16)
    special = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
    assert orjson.loads(files["special_tokens_map.json"]) == special
    assert orjson.loads(files["tokenizer_config.json"]) == {
        **special,
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": 16,
        "clean_up_tokenization_spaces": False,
    }


def test_a_tokenizer_json_stays_as_it_is(model: bytes) -> None:
    made = transformers_files(model, "tokenizer.model", 16)["tokenizer.json"]
    files = transformers_files(made, "tokenizer.json", 16)
    assert files["tokenizer.json"] == made
    assert "tokenizer.model" not in files
    assert orjson.loads(files["special_tokens_map.json"]) == {"bos_token": "<s>", "eos_token": "</s>"}


def test_a_model_that_tokenizers_cannot_follow_is_refused() -> None:
    with pytest.raises(UserError, match=r"u\.model: `tokenizers` cannot encode as this .* model does: the"):
        transformers_files(train_pieces(LINES), "u.model", 16)


def test_auto_tokenizer_loads_it(model: bytes, tmp_path: Path) -> None:
    transformers: Any = pytest.importorskip("transformers")
    files = transformers_files(model, "tokenizer.model", 16)
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    loaded = transformers.AutoTokenizer.from_pretrained(str(tmp_path))
    ours = make_tokenizer(model, "tokenizer.model")
    for text in TEXTS:
        ids, _ = ours.encode(pa.array([text], pa.large_string()))
        assert loaded(text)["input_ids"] == ids[:-1].tolist()
    assert (loaded.bos_token_id, loaded.eos_token_id) == (ours.bos, ours.eos)

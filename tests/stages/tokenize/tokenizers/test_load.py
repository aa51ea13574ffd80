"""The tokenizer: documents between <s> and </s>, and text that comes back from its tokens."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stages.core.errors import UserError
from stages.tokenize.tokenizers.load import load_tokenizer, make_tokenizer


def texts(*values: str) -> pa.Array:
    return pa.array(values, pa.large_string())


def test_a_document_stands_between_bos_and_eos(tokenizer_path: Path) -> None:
    tokenizer = load_tokenizer(str(tokenizer_path))
    ids, offsets = tokenizer.encode(texts("the fox", "", "12"))
    assert ids.dtype == np.dtype("<u2")
    assert offsets[0] == 0
    assert offsets[-1] == len(ids)
    for start, stop in itertools.pairwise(offsets):
        assert (ids[start], ids[stop - 1]) == (tokenizer.bos, tokenizer.eos) == (1, 2)
    assert list(ids[offsets[1] : offsets[2]]) == [1, 2]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(blacklist_characters="\0\u2581", blacklist_categories=["Cs"])))
def test_tokens_decode_to_the_text(tokenizer_path: Path, text: str) -> None:
    tokenizer = load_tokenizer(str(tokenizer_path))
    ids, _ = tokenizer.encode(texts(text))
    assert tokenizer.decode(ids) == text


def test_quirk_lower_one_eighth_block_decodes_to_a_space(tokenizer_path: Path) -> None:
    """SentencePiece writes spaces as U+2581, so that character itself cannot come back: kept as the reference has it."""
    tokenizer = load_tokenizer(str(tokenizer_path))
    ids, _ = tokenizer.encode(texts("a\u2581b"))
    assert tokenizer.decode(ids) == "a b"


def test_every_digit_is_a_piece_of_its_own(tokenizer_path: Path) -> None:
    tokenizer = load_tokenizer(str(tokenizer_path))
    ids, _ = tokenizer.encode(texts("the 2023"))
    assert [tokenizer.piece(int(i)).strip("\u2581") for i in ids[-5:-1]] != ["2023"]
    assert len(ids) >= 7


def test_a_file_that_is_no_model_is_a_users_mistake(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="not a SentencePiece model"):
        make_tokenizer(b"no model", "x.model")
    with pytest.raises(UserError, match="no such tokenizer"):
        load_tokenizer(str(tmp_path / "absent.model"))

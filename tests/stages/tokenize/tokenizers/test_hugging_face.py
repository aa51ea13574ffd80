"""A tokenizer.json: Llama 3's kind of byte-level BPE, and special tokens that a text may spell."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import orjson
import pyarrow as pa
import pytest
from tokenizers import Tokenizer as Library
from tokenizers import decoders, models, pre_tokenizers, trainers

from stages.core.errors import UserError
from stages.core.manifest import TOKENS, Manifest
from stages.tokenize.encode import Encode
from stages.tokenize.pack import Pack
from stages.tokenize.tokenizers.ends import Ends
from stages.tokenize.tokenizers.hugging_face import HuggingFaceTokenizer
from stages.tokenize.tokenizers.load import load_tokenizer, make_tokenizer

LLAMA_3_ENDS = ["<|begin_of_text|>", "<|end_of_text|>"]
TEXTS = ["the quick brown fox", "", "  two\n\tlines 2023", "Größe 漢字 \U0001f600", "x <|end_of_text|> y"]


def byte_level(special_tokens: list[str]) -> Library:
    library = Library(models.BPE())
    library.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    library.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=300, initial_alphabet=alphabet, special_tokens=special_tokens, show_progress=False
    )
    library.train_from_iterator(["the quick brown fox jumps over the lazy dog"] * 5, trainer)
    return library


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("byte_level") / "tokenizer.json"
    byte_level(LLAMA_3_ENDS).save(str(path))
    return path


def texts(*values: str) -> pa.Array:
    return pa.array(values, pa.large_string())


def test_ids_are_those_of_tokenizers_between_bos_and_eos(path: Path) -> None:
    tokenizer, library = load_tokenizer(str(path)), Library.from_file(str(path))
    library.encode_special_tokens = True
    assert isinstance(tokenizer, HuggingFaceTokenizer)
    assert (tokenizer.bos, tokenizer.eos, tokenizer.dtype) == (0, 1, np.dtype("<u2"))
    assert tokenizer.vocab_size == library.get_vocab_size()
    ids, offsets = tokenizer.encode(texts(*TEXTS))
    assert [ids[offsets[i] : offsets[i + 1]].tolist() for i in range(len(TEXTS))] == [
        [0, *library.encode(text, add_special_tokens=False).ids, 1] for text in TEXTS
    ]
    assert [tokenizer.decode(ids[offsets[i] : offsets[i + 1]]) for i in range(len(TEXTS))] == TEXTS
    ids, offsets = tokenizer.encode(texts())
    assert (ids.tolist(), offsets.tolist()) == ([], [0])


def test_trap_a_text_that_spells_a_special_token_ends_no_document(path: Path) -> None:
    tokenizer = load_tokenizer(str(path))
    ids, _ = tokenizer.encode(texts("a <|end_of_text|><|begin_of_text|> b"))
    assert (ids == tokenizer.bos).sum() == (ids == tokenizer.eos).sum() == 1


def test_trap_truncation_and_padding_of_the_file_are_not_obeyed(path: Path) -> None:
    library = Library.from_file(str(path))
    library.enable_truncation(4)
    library.enable_padding(length=64)
    tokenizer = make_tokenizer(library.to_str().encode(), "x.json")
    ids, _ = tokenizer.encode(texts(TEXTS[0] * 3))
    assert tokenizer.decode(ids) == TEXTS[0] * 3


@pytest.mark.parametrize(
    ("special", "ends"),
    [
        (["<s>", "</s>"], (0, 1)),
        (["</s>", "<s>", "<|begin_of_text|>"], (1, 0)),
        (["<unk>", "<|endoftext|>"], (1, 1)),
    ],
)
def test_the_tokens_that_begin_and_end_a_document(special: list[str], ends: tuple[int, int]) -> None:
    tokenizer = make_tokenizer(byte_level(special).to_str().encode(), "x.json")
    assert (tokenizer.bos, tokenizer.eos) == ends


@pytest.mark.parametrize(
    ("special", "ends"),
    [
        (["[CLS]", "[SEP]"], (0, 1)),
        (["<unk>", "<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"], (1, 2)),
        (["<|startoftext|>", "<|im_end|>", "<|end_of_document|>"], (0, 2)),
        (["<unk>", "<eos>"], (1, 1)),
    ],
)
def test_names_of_ends_that_no_list_has(special: list[str], ends: tuple[int, int]) -> None:
    tokenizer = make_tokenizer(byte_level(special).to_str().encode(), "x.json")
    assert (tokenizer.bos, tokenizer.eos) == ends


@pytest.mark.parametrize(
    ("asked", "ends"),
    [
        (Ends("<b>", "<a>"), (1, 0)),
        (Ends(eos="<a>"), (0, 0)),
        (Ends(bos="<b>"), (1, 1)),
        (Ends(1, 0), (1, 0)),
    ],
)
def test_ends_that_are_asked_for(asked: Ends, ends: tuple[int, int]) -> None:
    tokenizer = make_tokenizer(byte_level(["<a>", "<b>"]).to_str().encode(), "x.json", asked)
    assert (tokenizer.bos, tokenizer.eos) == ends
    ids, _ = tokenizer.encode(texts("<a> the <b>"))
    assert (ids[0], ids[-1]) == ends
    assert tokenizer.decode(ids) == "<a> the <b>"


def test_asked_ends_that_cannot_be_are_one_line() -> None:
    model = byte_level(["<a>"]).to_str().encode()
    with pytest.raises(UserError, match=r"x\.json: has no token '<c>'; its special tokens are <a>"):
        make_tokenizer(model, "x.json", Ends(eos="<c>"))
    with pytest.raises(UserError, match=r"x\.json: a text that spells 'the' would begin or end a document"):
        make_tokenizer(model, "x.json", Ends(eos="the"))


def test_a_vocabulary_over_65536_is_uint32(path: Path) -> None:
    described = orjson.loads(path.read_bytes())
    described["added_tokens"].append(described["added_tokens"][1] | {"id": 128_255, "content": "<|last|>"})
    described["model"]["vocab"]["<|last|>"] = 128_255
    tokenizer = make_tokenizer(orjson.dumps(described), "x.json")
    assert (tokenizer.vocab_size, tokenizer.dtype) == (128_256, np.dtype("<u4"))
    assert tokenizer.encode(texts("the"))[0].dtype == np.dtype("<u4")
    assert (tokenizer.piece(128_255), tokenizer.piece(100_000)) == ("<|last|>", "")


def test_a_file_that_is_no_tokenizer_is_a_users_mistake() -> None:
    with pytest.raises(UserError, match=r"x\.json: not a tokenizer\.json"):
        make_tokenizer(b'{"model": 3}', "x.json")
    with pytest.raises(UserError, match="no tokens that begin and end a document"):
        make_tokenizer(byte_level([]).to_str().encode(), "x.json")


def test_documents_are_packed_with_it(
    run_stage: Callable[..., Manifest], make_documents: Callable[..., Manifest], path: Path
) -> None:
    rows = [{"id": f"c4/f/{i}", "text": text} for i, text in enumerate(TEXTS)]
    encoded = run_stage(Encode(model=str(path)), [make_documents(rows)])
    assert str(encoded.facts[0]["encoder"]).startswith(("tokenizers (gigatoken", "gigatoken ("))
    packed = run_stage(Pack(), [encoded])
    ids = np.fromfile(packed.uris(TOKENS)[0], "<u2")
    assert ((ids == 0).sum(), (ids == 1).sum()) == (len(TEXTS), len(TEXTS))

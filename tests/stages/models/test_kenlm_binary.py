"""KenLM's files of hash tables: the scores are kenlm's own bit by bit, and what is cut or changed is one line."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stages.core.errors import UserError
from stages.kernels.hash.murmur import murmur64a
from stages.kernels.perplexity import ngram_scores
from stages.models.kenlm_binary import ProbingModel, is_probing
from tests.stages.models import probing_files
from tests.stages.models.probing_files import Ngrams, write_arpa, write_probing

WORDS = ["a", "b", "c", "▁the", "x" * 40]
SENTENCES = ["", "a", "a b c", "c b a a", "a b a b a b a b", "nobody knows", "a ? b", "▁the ▁the a", "x" * 40]
VALUES = st.sampled_from([-0.5, -1.25, -2.0, -0.3010300099849701])
BACKOFFS = st.sampled_from([0.0, -0.25, -0.75, 0.125])


@st.composite
def models(draw: st.DrawFn) -> Ngrams:
    """N-grams of up to six words, with all the shorter ones that they are made of."""
    order = draw(st.integers(2, 6))
    grams = draw(
        st.lists(st.lists(st.sampled_from(WORDS), min_size=2, max_size=order), min_size=1, max_size=12)
    )
    whole = {("<s>", *gram[1:]) if draw(st.booleans()) else tuple(gram) for gram in grams}
    parts = {gram[i:j] for gram in whole for i in range(len(gram)) for j in range(i + 1, len(gram) + 1)}
    names = [("<unk>",), ("<s>",), ("</s>",), *((word,) for word in WORDS)]
    longer = sorted((part for part in parts if len(part) > 1), key=lambda part: (len(part), part))
    return {gram: (draw(VALUES), draw(BACKOFFS)) for gram in [*names, *longer]}


def scores(model: ProbingModel, sentences: list[str]) -> list[float]:
    rows = [["<s>", *sentence.split(), "</s>"] for sentence in sentences]
    ids = model.word_ids(pa.array([word for row in rows for word in row], pa.large_string()))
    return model.scores(ids, np.cumsum([0, *map(len, rows)])).tolist()


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    ngrams=models(), sentences=st.lists(st.lists(st.sampled_from([*WORDS, "?", "<s>", "</s>"])).map(" ".join))
)
def test_any_model_has_kenlm_s_own_scores(tmp_path: Path, ngrams: Ngrams, sentences: list[str]) -> None:
    kenlm = pytest.importorskip("kenlm")
    config = kenlm.Config()
    config.show_progress, config.arpa_complain = False, kenlm.ARPALoadComplain.NONE
    files = tmp_path / "en.arpa", tmp_path / "en.arpa.bin"
    write_arpa(files[0], ngrams)
    write_probing(files[1], ngrams)
    theirs = [kenlm.Model(str(path), config) for path in files]
    asked = [*SENTENCES, *sentences]
    expected = [[model.score(sentence) for sentence in asked] for model in theirs]
    assert expected[0] == expected[1]  # the file is one that kenlm reads as we do
    assert scores(ProbingModel(str(files[1])), asked) == expected[0]


NGRAMS = {
    ("<unk>",): (-3.0, 0.0),
    ("<s>",): (-99.0, -0.5),
    ("</s>",): (-1.0, 0.0),
    ("a",): (-0.5, -0.25),
    ("b",): (-0.75, 0.0),
    ("<s>", "a"): (-0.125, -0.0625),
    ("a", "b"): (-0.375, 0.0),
    ("<s>", "a", "b"): (-0.03125, 0.0),
}


@pytest.fixture
def small(tmp_path: Path) -> Path:
    write_probing(tmp_path / "en.arpa.bin", NGRAMS)
    return tmp_path / "en.arpa.bin"


def test_scores_by_hand(small: Path) -> None:
    """Each sum is of what the model has: <s> a b; <s> a; a b with its back-offs; the unknown word."""
    expected = [-0.5 - 1.0, -0.125 - 0.03125 - 1.0, -0.5 - 0.75 - 0.375 + 0.25 - 1.0, -0.5 - 3.0 - 1.0]
    expected[2] = (
        (-0.5 - 0.75) + (-0.5) + (-0.375) + (-1.0)
    )  # b after <s>, a after b (which nothing follows), b after a
    assert scores(ProbingModel(str(small)), ["", "a b", "b a b", "c"]) == expected


def test_more_words_than_a_block_holds(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sentences go on over the ends of blocks."""
    model, sentence = ProbingModel(str(small)), "a b " * (ngram_scores.BLOCK // 3)
    alone = [scores(model, [text])[0] for text in (sentence, "a b", "")]
    assert scores(model, [sentence, "a b", sentence, ""]) == [alone[0], alone[1], alone[0], alone[2]]
    assert scores(model, []) == []


def test_the_hash_of_words() -> None:
    words = ["", "a", "hello", "12345678", "123456789", "▁the", "x" * 100]
    offsets = np.cumsum([0, *(len(word.encode()) for word in words)])
    found = murmur64a(offsets, np.frombuffer("".join(words).encode(), np.uint8))
    assert found.tolist() == [probing_files.murmur64a(word.encode()) for word in words]
    assert found[2] == 2191231550387646743  # of the published function


@pytest.mark.parametrize("keep", [88 + 20, 88 + 20 + 8, 200, -1, -40])
def test_a_cut_file_is_one_line(small: Path, keep: int) -> None:
    small.write_bytes(small.read_bytes()[:keep])
    with pytest.raises(UserError, match=r"en\.arpa\.bin: not a KenLM model, or not all of one \(") as error:
        ProbingModel(str(small))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("at", "bytes_", "reason"),
    [
        (92, np.float32(0.5).tobytes(), "numbers that cannot be"),
        (92, np.float32(math.nan).tobytes(), "numbers that cannot be"),
        (108, b"\xff" * 8, "numbers that cannot be"),
        (116, (60).to_bytes(8, "little"), "its tables take"),
    ],
)
def test_a_head_of_impossible_numbers_is_one_line(small: Path, at: int, bytes_: bytes, reason: str) -> None:
    data = bytearray(small.read_bytes())
    data[at : at + len(bytes_)] = bytes_
    small.write_bytes(data)
    with pytest.raises(UserError, match=reason):
        ProbingModel(str(small))


def test_a_word_of_an_impossible_number_is_one_line(small: Path) -> None:
    """Every id is checked before it is a place in a table."""
    data = bytearray(small.read_bytes())
    key = probing_files.murmur64a(b"a").to_bytes(8, "little")
    at = data.index(key) + 8
    data[at : at + 4] = b"\xff\xff\xff\x7f"
    small.write_bytes(data)
    with pytest.raises(UserError, match="a word has number 2,147,483,647 of 6"):
        ProbingModel(str(small)).word_ids(pa.array(["a"], pa.large_string()))


def test_a_table_without_a_free_bucket_ends(small: Path) -> None:
    """kenlm would look for ever."""
    data = bytearray(small.read_bytes())
    for at in range(140, len(data) - 4, 4):
        if not any(data[at : at + 4]):
            data[at : at + 4] = b"\x01\0\0\0"
    small.write_bytes(data)
    assert np.isfinite(scores(ProbingModel(str(small)), ["nobody a b"])).all()


def test_which_files_are_read_here(small: Path, tmp_path: Path) -> None:
    head = small.read_bytes()[:108]
    others = {
        "arpa": b"\\data\\\nngram 1=1\n",
        "trie": head[:96] + b"\x02" + head[97:],
        "a longer order": head[:88] + b"\x07" + head[89:],
        "short": head[:100],
        "big-endian": head[:56] + head[56:88][::-1] + head[88:],
    }
    assert is_probing(str(small))
    for name, data in others.items():
        (tmp_path / "x").write_bytes(data)
        assert not is_probing(str(tmp_path / "x")), name

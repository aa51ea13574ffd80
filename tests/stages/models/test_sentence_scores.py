"""Scores of lines by our own tables: SentencePiece's pieces of each word, KenLM's scores of them, whatever the line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import sentencepiece
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stages.models.kenlm_binary import ProbingModel
from stages.models.sentence_scores import AMBIGUOUS, KenlmScores, OwnScores, load_scores
from stages.models.sentencepiece_file import FORMAT, read_pieces
from tests.stages.models.probing_files import write_arpa, write_probing

LINES = [
    "the old clock",
    "the  museum   opens  ",
    " a river, 0000 - and more...",
    "unknown words: 漢字 ☃ 漢字漢 and the old bridge",
    "漢字 river",
    "no-break\u00a0space \u3000 and\u00a0",
    "\u00a8\u0308 ﬁne ½",
    "x" * 300 + " clock",
    "漢字かなthe" * 40,
    "the" * 100,
    "",
    " ",
]
TEXT = st.text(st.characters(blacklist_categories=["Cs", "Cc"]))
WORDS = st.lists(
    st.sampled_from(["the", "old", "tower", "rivers", "漢字", "漢", "☃", "0", "\u00a0", " ", "a,b"])
)


class Models:
    """The same models for us and for kenlm; the n-grams know a word that has no piece."""

    def __init__(self, folder: Path, pieces: bytes) -> None:
        kenlm = pytest.importorskip("kenlm")
        proto = read_pieces(pieces, "x")
        names = [piece.piece for piece in proto.pieces if piece.type == 1] + ["漢字"]
        ngrams = {("<unk>",): (-4.0, 0.0), ("<s>",): (-99.0, -0.3), ("</s>",): (-1.0, 0.0)}
        ngrams |= {(name,): (-1 - i / 100, -0.2) for i, name in enumerate(names)}
        ngrams |= {("▁", "漢字"): (-0.25, 0.0), ("<s>", "▁the"): (-0.5, 0.0)}
        ngrams = {gram: value for gram, value in ngrams.items() if all((part,) in ngrams for part in gram)}
        write_arpa(folder / "en.arpa", ngrams)
        write_probing(folder / "en.arpa.bin", ngrams)
        self.folder, self.proto = folder, proto
        self.processor: Any = sentencepiece.SentencePieceProcessor(model_proto=pieces)
        self.ours = OwnScores(self.processor, proto, ProbingModel(str(folder / "en.arpa.bin")))
        self.theirs = KenlmScores(self.processor, kenlm.Model(str(folder / "en.arpa.bin")))


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory, pieces: bytes) -> Models:
    return Models(tmp_path_factory.mktemp("lm"), pieces)


def test_lines_have_the_scores_of_kenlm_and_the_pieces_of_sentencepiece(models: Models) -> None:
    ours, theirs = models.ours.score(LINES), models.theirs.score(LINES)
    assert [column.tolist() for column in ours] == [column.tolist() for column in theirs]
    assert ours[0][-2:].tolist() == ours[1][-2:].tolist() == [0.0, 0.0]
    assert models.ours.known == models.theirs.known


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=st.lists(st.one_of(TEXT, WORDS.map(" ".join), WORDS.map("".join), st.text("the -"))))
def test_any_line_has_the_scores_of_kenlm(models: Models, lines: list[str]) -> None:
    """Each line twice: the second time its words are known."""
    expected = [column.tolist() for column in models.theirs.score(lines + lines)]
    assert [column.tolist() for column in models.ours.score(lines + lines)] == expected


def test_trap_a_word_with_two_ways_that_are_as_good(models: Models) -> None:
    """`he` and `hehe` in any order have one sum; rounding chooses, by what stands before: SentencePiece gets the line."""
    proto = FORMAT.ModelProto.FromString(models.proto.SerializeToString())
    proto.pieces.add(piece="he", type=1, score=-1.0)
    proto.pieces.add(piece="hehe", type=1, score=-1.5)
    processor = sentencepiece.SentencePieceProcessor(model_proto=proto.SerializeToString())
    ours = OwnScores(processor, proto, ProbingModel(str(models.folder / "en.arpa.bin")))
    encoder = ours._by_words
    assert encoder is not None
    ids, _ = encoder.encode(pa.array(["the old", "xhehehe the", "hehe"], pa.large_string()))
    assert (ids == AMBIGUOUS).sum() > 0
    lines = [f"{'the old tower ' * n} xhehehe" for n in range(60)] + ["the old", "hehe"]
    theirs = KenlmScores(processor, models.theirs._model).score(lines)
    assert [column.tolist() for column in ours.score(lines)] == [column.tolist() for column in theirs]


def test_a_model_without_words_of_its_own_goes_to_sentencepiece_whole(models: Models, pieces: bytes) -> None:
    proto = read_pieces(pieces, "x")
    proto.normalizer_spec.remove_extra_whitespaces = False
    processor = sentencepiece.SentencePieceProcessor(model_proto=proto.SerializeToString())
    whole = OwnScores(processor, proto, ProbingModel(str(models.folder / "en.arpa.bin")))
    assert whole._by_words is None
    theirs = KenlmScores(processor, models.theirs._model).score(LINES)
    assert [column.tolist() for column in whole.score(LINES)] == [column.tolist() for column in theirs]


def test_each_form_of_a_file_has_its_reader(models: Models) -> None:
    kinds = [
        type(load_scores(models.processor, models.proto, str(models.folder / name)))
        for name in ("en.arpa", "en.arpa.bin")
    ]
    assert kinds == [KenlmScores, OwnScores]

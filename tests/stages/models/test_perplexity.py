"""Perplexity: KenLM's own scores of SentencePiece's pieces, summed as CCNet does, for any text; and files that are none."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import sentencepiece

from quality_classifier.baselines import perplexity_values
from quality_classifier.worth import HeldOut
from stages.core.errors import UserError
from stages.models.ccnet_normalize import lines_of
from stages.models.perplexity import LanguageModel
from stages.models.perplexity_files import find_models

kenlm = pytest.importorskip("kenlm")

TEXTS = [
    "The OLD clock.\nthe museum opens",
    "the guide explains how the museum opens\n\n  The river, 1492 – and more…",
    "Ünknown wörds: 漢字 ☃",
    "x",
]


def expected(folder: Path, text: str) -> float:
    """By hand: 10 ** (-sum of log10 p / sum of (pieces + 1)) over the lines."""
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(folder / "en.sp.model"))
    model = kenlm.Model(str(folder / "en.arpa"))
    lines = [pieces.encode(line, out_type=str) for line in lines_of(text)]
    log10 = sum(model.score(" ".join(line)) for line in lines)
    by_piece = sum(sum(p for p, *_ in model.full_scores(" ".join(line))) for line in lines)
    assert log10 == pytest.approx(by_piece, rel=1e-5)
    return float(10 ** (-log10 / sum(len(line) + 1 for line in lines)))


def test_perplexities_are_those_of_kenlm_s_own_scores(model_folder: Callable[..., Path]) -> None:
    folder = model_folder("en")
    found = LanguageModel(find_models(str(folder), "en")).perplexities(pa.array(TEXTS, pa.large_string()))
    assert found.tolist() == pytest.approx([expected(folder, text) for text in TEXTS], rel=1e-5)


def test_a_document_as_one_line(model_folder: Callable[..., Path]) -> None:
    folder = model_folder("en")
    model = LanguageModel(find_models(str(folder), "en"))
    found = model.perplexities(pa.array(["the old\nclock"], pa.large_string()), "document")
    assert found.tolist() == pytest.approx([expected(folder, "the oldclock")], rel=1e-5)


def test_the_first_characters_only(model_folder: Callable[..., Path]) -> None:
    folder = model_folder("en")
    model = LanguageModel(find_models(str(folder), "en"))
    text = pa.array(["the old clock and a river"], pa.large_string())
    assert model.perplexities(text, max_chars=13).tolist() == pytest.approx(
        [expected(folder, "the old clock")]
    )


def test_texts_without_anything_to_judge_have_no_perplexity(model_folder: Callable[..., Path]) -> None:
    model = LanguageModel(find_models(str(model_folder("en")), "en"))
    nothing = ["", " \n\t", "\x00\x01\x7f", "\u0301", "\u200b"]
    found = model.perplexities(pa.array([*nothing, "the"], pa.large_string()))
    assert np.isnan(found[:4]).all()
    assert not np.isnan(found[5])
    assert len(model.perplexities(pa.array([], pa.large_string()))) == 0


def test_a_line_of_millions_of_characters_is_judged(model_folder: Callable[..., Path]) -> None:
    model = LanguageModel(find_models(str(model_folder("en")), "en"))
    (found,) = model.perplexities(pa.array(["the old clock " * 100_000 + "z" * 500_000], pa.large_string()))
    assert math.isfinite(found)


def test_no_models_and_half_of_them_are_one_line(model_folder: Callable[..., Path]) -> None:
    folder = model_folder("en")
    with pytest.raises(UserError, match="no perplexity model of language 'de'.*`altiplano lm train de`"):
        find_models(str(folder), "de")
    (folder / "en.arpa").unlink()
    with pytest.raises(UserError, match="no perplexity model of language 'en'"):
        find_models(str(folder), "en")
    with pytest.raises(UserError, match="give a local folder"):
        find_models("s3://bucket/lm", "en")


@pytest.mark.parametrize("keep", [0, 10, 300])
@pytest.mark.parametrize("name", ["en.sp.model", "en.arpa"])
def test_truncated_files_are_one_line(model_folder: Callable[..., Path], name: str, keep: int) -> None:
    path = model_folder("en") / name
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(UserError, match=f"{name}: not a (SentencePiece|KenLM) model") as error:
        LanguageModel(find_models(str(path.parent), "en"))
    assert "\n" not in str(error.value)


def test_files_of_another_kind_are_one_line(model_folder: Callable[..., Path]) -> None:
    folder = model_folder("en", "de")
    (folder / "en.arpa").write_bytes((folder / "de.sp.model").read_bytes())
    (folder / "de.sp.model").write_bytes(b"PK\x03\x04 an archive")
    for language in ("en", "de"):
        with pytest.raises(UserError, match="not a (SentencePiece|KenLM) model"):
            LanguageModel(find_models(str(folder), language))


def test_n_grams_of_other_pieces_are_refused(model_folder: Callable[..., Path]) -> None:
    folder = model_folder("en")
    arpa = (
        (folder / "en.arpa")
        .read_text(encoding="utf-8")
        .replace("▁", "")
        .replace("\te", "\tQ")
        .replace("\t", "\tZ", 0)
    )
    words = [
        line if "\t" not in line or "<" in line else line.replace("\t", "\tw", 1) for line in arpa.split("\n")
    ]
    (folder / "en.arpa").write_text(
        "\n".join(words[: words.index("\\2-grams:")]).replace("ngram 2=2\n", "") + "\n\\end\\\n"
    )
    with pytest.raises(UserError, match="these two do not belong together|not a KenLM model"):
        LanguageModel(find_models(str(folder), "en"))


def test_perplexity_stands_beside_what_costs_nothing(model_folder: Callable[..., Path]) -> None:
    folder = model_folder("en", "de")
    texts, languages = pa.array(TEXTS, pa.large_string()), pa.array(["en", None, "fr", "de"])
    known = {
        name: LanguageModel(find_models(str(folder), name)).perplexities(texts).tolist()
        for name in ("en", "de")
    }
    found = perplexity_values(texts, languages, str(folder), "en")
    assert found.tolist() == [known["en"][0], known["en"][1], math.inf, known["de"][3]]
    held_out = HeldOut(texts, np.array([True, True, False, False]), pa.array(list("abcd")), languages)
    assert held_out.with_perplexity(str(folder)).baselines["perplexity"].tolist() == (-found).tolist()
    with pytest.raises(UserError, match="no perplexity model there"):
        perplexity_values(texts, languages, str(folder.parent), "en")

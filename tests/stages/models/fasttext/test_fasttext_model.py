"""Our inference beside fastText's own: equal labels, scores to 1e-5, for every kind of supervised model and any text."""

from __future__ import annotations

import random
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import fasttext
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.models.fasttext.model import NO_LABEL, FastTextModel
from stages.models.find import find_language_model

MAX_CHARS = 10_000
TOLERANCE = 1e-5
WORDS = [
    "good",
    "page",
    "of",
    "words",
    "wörter",
    "слово",
    "字",
    "</s>",
    "__label__a",
    "__label__zz",
    "<b>",
    "a",
]
LABELS = ["__label__a", "__label__b", "__label__ç", "__label__d", "__label__e"]
KINDS: dict[str, dict[str, Any]] = {
    "softmax": {"dim": 5, "wordNgrams": 1},
    "bigrams": {"dim": 4, "wordNgrams": 2, "bucket": 97},
    "trigrams-tree": {"dim": 9, "wordNgrams": 3, "bucket": 1_000, "loss": "hs"},
    "chars-tree": {"dim": 4, "minn": 1, "maxn": 3, "bucket": 500, "loss": "hs"},
    "chars-and-words": {"dim": 20, "minn": 2, "maxn": 4, "wordNgrams": 2, "bucket": 300, "loss": "ova"},
    "negative-sampling": {"dim": 6, "loss": "ns", "minn": 3, "maxn": 3, "bucket": 50},
    "rare-words-out": {"dim": 3, "minCount": 60, "minn": 2, "maxn": 2, "bucket": 40},
}
QUANTISED: dict[str, dict[str, Any]] = {
    "quantised": {"dsub": 3},
    "quantised-norms-output": {"qnorm": True, "qout": True},
    "pruned": {"cutoff": 400, "retrain": False},
}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[FastTextModel, Any]]:
    """Small models of every kind, ours and fastText's."""
    folder = tmp_path_factory.mktemp("models")
    drawn = random.Random(5)
    lines = [" ".join([drawn.choice(LABELS[: 1 + i % 5]), *drawn.choices(WORDS, k=8)]) for i in range(300)]
    (folder / "lines").write_text("\n".join(lines), encoding="utf-8")
    many = [
        f"{drawn.choice(LABELS)} " + " ".join(f"w{drawn.randrange(900)}" for _ in range(12))
        for _ in range(400)
    ]
    labels = [f"__label__n{i} word{i}" for i in range(300)]  # output matrices of fewer rows are not quantised
    (folder / "many").write_text("\n".join(many + labels * 2), encoding="utf-8")
    common = {"epoch": 3, "minCount": 1, "thread": 1, "verbose": 0, "lr": 0.4, "seed": 3}
    found = {}
    for name, options in KINDS.items():
        trained = fasttext.train_supervised(str(folder / "lines"), **(common | options))
        trained.save_model(str(folder / name))
    for name, options in QUANTISED.items():
        grams = {"dim": 10, "wordNgrams": 2, "minn": 2, "maxn": 3, "bucket": 3_000, "loss": "hs"}
        trained = fasttext.train_supervised(str(folder / "many"), **(common | grams))
        trained.quantize(input=str(folder / "many"), thread=1, **options)
        trained.save_model(str(folder / name))
    for name in (*KINDS, *QUANTISED):
        path = str(folder / name)
        found[name] = FastTextModel(path, max_words=7), fasttext.load_model(path)
    return found


def theirs(model: Any, texts: Sequence[str]) -> tuple[list[str], list[float]]:
    """fastText's best label of each text on one line, and its probability."""
    labels, scores = model.predict([text.replace("\n", " ") for text in texts])
    names = [found[0].removeprefix("__label__") if found else "" for found in labels]
    return names, [min(1.0, float(found[0])) if len(found) else 0.0 for found in scores]


def assert_equal(
    names: npt.NDArray[Any], scores: npt.NDArray[Any], expected: tuple[list[str], list[float]]
) -> None:
    """The same labels and scores."""
    assert np.abs(scores - np.array(expected[1])).max(initial=0) < TOLERANCE
    assert names.tolist() == expected[0]


def compare(pair: tuple[FastTextModel, Any], texts: Sequence[str]) -> None:
    ours, other = pair
    predicted = ours.predict(pa.array(texts, pa.large_string()), asked=ours.labels)
    names = ours.label_names(predicted)
    assert_equal(names, predicted.score, theirs(other, texts))
    labels, scores = other.predict([text.replace("\n", " ") for text in texts], k=-1)
    for row, (found, values) in enumerate(zip(labels, scores, strict=True)):
        said = {label.removeprefix("__label__"): value for label, value in zip(found, values, strict=True)}
        expected = [min(1.0, said.get(label, 0.0)) for label in ours.labels]
        assert predicted.shares[row] == pytest.approx(expected, abs=TOLERANCE)


@pytest.mark.parametrize("kind", [*KINDS, *QUANTISED])
def test_every_kind_of_model_gives_what_fasttext_gives(
    kind: str, models: dict[str, tuple[FastTextModel, Any]]
) -> None:
    drawn = random.Random(kind)
    texts = [" ".join(drawn.choices(WORDS, k=drawn.randrange(40))) for _ in range(40)]
    numbers = [" ".join(f"w{drawn.randrange(1200)}" for _ in range(drawn.randrange(2500))) for _ in range(6)]
    odd = [
        "",
        " ",
        "\n",
        "a\0b",
        "\t\v\f\r",
        "a" * 300 + " " + "é" * 3000,
        "\u00a0",
        "x\u2003y",
        "</s>",
        "a </s> b",
    ]
    compare(models[kind], texts + numbers + odd)


TOKENS = st.one_of(st.sampled_from(WORDS), st.text(max_size=12), st.sampled_from([" ", "\n", "\0", "\v"]))


@given(texts=st.lists(st.lists(TOKENS, max_size=30).map(" ".join), max_size=6))
def test_any_text_gives_what_fasttext_gives(
    texts: list[str], models: dict[str, tuple[FastTextModel, Any]]
) -> None:
    for kind in ("chars-tree", "chars-and-words", "pruned"):
        compare(models[kind], texts)


@pytest.fixture(scope="module")
def language() -> tuple[FastTextModel, Any]:
    path = find_language_model(None)
    return FastTextModel(path), fasttext.load_model(path)


@given(texts=st.lists(st.text(max_size=300), max_size=8))
def test_any_text_is_in_the_language_that_fasttext_says(
    texts: list[str], language: tuple[FastTextModel, Any]
) -> None:
    ours, other = language
    predicted = ours.predict(pa.array(texts, pa.large_string()))
    assert_equal(ours.label_names(predicted), predicted.score, theirs(other, texts))


def test_what_the_table_of_words_holds_has_no_effect(models: dict[str, tuple[FastTextModel, Any]]) -> None:
    drawn = random.Random(1)
    texts = pa.array([" ".join(f"w{drawn.randrange(300)}" for _ in range(50)) for _ in range(60)])
    ours, _ = models["quantised"]
    first, again = ours.predict(texts), ours.predict(texts)
    alone = [ours.predict(texts[i : i + 1]).score[0] for i in range(len(texts))]
    assert first.score.tolist() == again.score.tolist() == alone


def test_only_the_first_characters_count(language: tuple[FastTextModel, Any]) -> None:
    ours, _ = language
    text = "слово за слово, и так далее. " * 9 + "the quick brown fox jumps over the lazy dog " * 20
    for chars in (1, 63, 64, 65, 200, 300, len(text) + 1):
        cut = ours.predict(pa.array([text]), max_chars=chars)
        whole = ours.predict(pa.array([text[:chars]]))
        assert cut.score.tolist() == whole.score.tolist()
        assert cut.label.tolist() == whole.label.tolist()


def test_a_slice_with_nulls_is_read_as_empty_texts(language: tuple[FastTextModel, Any]) -> None:
    ours, _ = language
    texts = pa.array(["der Hund", None, "le chien mange"])[1:]
    assert ours.label_names(ours.predict(texts))[1] == "fr"
    assert len(ours.predict(texts[:0]).label) == 0


def test_a_text_without_a_row_has_no_label(tmp_path: Path) -> None:
    (tmp_path / "lines").write_text("__label__a one two __label__b\n" * 3 + "__label__b two")
    fasttext.train_supervised(
        str(tmp_path / "lines"), thread=1, minCount=4, dim=2, epoch=1, verbose=0
    ).save_model(str(tmp_path / "model"))
    ours = FastTextModel(str(tmp_path / "model"))
    predicted = ours.predict(pa.array(["nothing known"]))
    assert (predicted.label.tolist(), predicted.score.tolist()) == ([NO_LABEL], [0.0])
    assert theirs(fasttext.load_model(str(tmp_path / "model")), ["nothing known"]) == ([""], [0.0])


def test_one_word_of_many_megabytes_is_read_in_linear_time(language: tuple[FastTextModel, Any]) -> None:
    ours, other = language
    text = "añb" * 200_000
    predicted = ours.predict(pa.array([text, text * 5]))
    assert (
        abs(float(predicted.score[0]) - theirs(other, [text])[1][0]) < 1e-3
    )  # fastText's own sum loses digits


@pytest.mark.real
def test_labels_are_fasttexts_on_every_real_text(
    shared_data: Path, language: tuple[FastTextModel, Any]
) -> None:
    texts: list[str] = []
    for folder in ("sentences", "common_voice"):
        for path in sorted((shared_data / "language_id" / folder).glob("*.txt")):
            texts += path.read_text(encoding="utf-8").split("\n")
    with zipfile.ZipFile(shared_data / "language_id" / "udhr2.zip") as archive:
        texts += [archive.read(name).decode() for name in sorted(archive.namelist()) if name.endswith(".txt")]
    assert len(texts) > 100_000
    ours, other = language
    predicted = ours.predict(pa.array(texts, pa.large_string()), MAX_CHARS)
    names, scores = theirs(other, [text[:MAX_CHARS] for text in texts])
    assert ours.label_names(predicted).tolist() == names
    differences = np.abs(predicted.score - np.array(scores))
    assert (
        differences > TOLERANCE
    ).sum() <= 1  # of 8,741 rows: fastText's own sum is off by so much, ours by 5e-7
    assert differences.max() < 2 * TOLERANCE

"""What a model is worth: against what costs nothing, by slice, with its worst mistakes; labels of anyone's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from quality_classifier.baselines import stop_word_shares
from quality_classifier.labels import read_labels
from quality_classifier.worth import HeldOut, worth_of
from stages.core.errors import UserError


def held_out(count: int = 240) -> HeldOut:
    """Positives hold more stop words; all have one length and two pages a host."""
    positive = np.arange(count) % 2 == 0
    texts = [f"{'the of and' if own else 'xyz ab cde'} page {i:05d} " * 10 for i, own in enumerate(positive)]
    hosts = [f"{'p' if own else 'n'}{i // 4}.example" for i, own in enumerate(positive)]
    return HeldOut(pa.array(texts, pa.large_string()), positive, pa.array(hosts), pa.array(["en"] * count))


def test_a_model_that_stop_words_beat_is_a_warning() -> None:
    pages = held_out()
    worth = worth_of(pages, np.random.default_rng(0).random(240), rounds=50)
    assert worth.warnings[0].startswith(
        "stop_word_share, which costs nothing, is better than the model: by 0."
    )
    assert next(iter(worth.baselines)) == "stop_word_share"
    assert "best of what costs nothing: stop_word_share 1.000" in worth.summary()


def test_a_good_model_is_told_by_slice_and_with_its_mistakes() -> None:
    pages = held_out()
    scores = np.where(pages.positive, 0.9, 0.1)
    scores[:2] = [0.2, 0.95]
    worth = worth_of(pages, scores, rounds=50)
    assert worth.auc is not None and worth.auc.low > 0.9
    assert [(one.name, one.pages, one.auc is None) for one in worth.slices] == [
        ("language en", 240, False),
        ("0 to 299 characters", 240, False),
    ]
    assert [(one.positive, one.score, one.host) for one in worth.mistakes] == [
        (False, 0.95, "n0.example"),
        (True, 0.2, "p0.example"),
    ]
    assert worth.mistakes[0].snippet.startswith("xyz ab cde page 00001")
    assert worth.by_host[0]["pages"] == 2


def test_too_few_pages_have_no_auc() -> None:
    worth = worth_of(held_out(100), np.arange(100) / 100)
    assert worth.auc is None
    assert (
        worth.summary() == "too few to say: 100 held-out pages of 50 hosts (25 of good ones); "
        "figures need 200 pages of 30 hosts, and 10 of each class"
    )
    assert (worth.curve, worth.slices, worth.warnings) == ((), (), ())


def test_stop_words_are_those_of_the_language() -> None:
    texts = pa.array(["The cat, and the dog.", "der Hund und", "der Hund und", ""], pa.large_string())
    languages = pa.array(["en", "de", "en", None])
    assert stop_word_shares(texts, languages).round(3).tolist() == [0.6, 0.667, 0.0, 0.0]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "labels.jsonl",
            '{"text": "a", "label": 1, "url": "http://www.x.org/1"}\n{"text": "b", "label": 0}\n',
        ),
        ("labels.csv", "text,label,url\na,reference,http://www.x.org/1\nb,random,\n"),
    ],
)
def test_labels_of_anyone(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    pages = read_labels(str(tmp_path / name))
    assert pages.texts.to_pylist() == ["a", "b"]
    assert (pages.positive.tolist(), pages.hosts.to_pylist()) == ([True, False], ["x.org", "1"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"text": "a", "label": "perhaps"}\n', "row 1: the label 'perhaps' is neither yes nor no"),
        ('{"text": "a", "mark": 1}\n', "labels need the columns text and label .* it has text, mark"),
        ("{", "cannot be read as labels"),
    ],
)
def test_labels_that_are_none_are_a_users_mistake(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "labels.jsonl").write_text(text)
    with pytest.raises(UserError, match=message):
        read_labels(str(tmp_path / "labels.jsonl"))

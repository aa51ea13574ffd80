"""Marks in a file: one line for each document, other lines kept, and what a classifier's labels are read from."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.explore.marks import Marks
from quality_classifier.labels import read_labels
from stages.core.errors import UserError


def row(name: str, label: str, text: str) -> dict[str, str]:
    return {"id": name, "label": label, "text": text, "url": f"https://{name}.example/", "language": "en"}


def test_marks_are_labels_and_the_last_one_counts(tmp_path: Path) -> None:
    place = str(tmp_path / "labels.jsonl")
    marks = Marks(place)
    marks.put(row("a", "good", "A page.\n\u202e\x00"))
    marks.put(row("b", "good", "Another."))
    marks.put(row("b", "bad", "Another."))
    marks.put(row("c", "bad", "Gone."))
    marks.take("c")
    marks.take("never marked")
    assert [marks.label_of(name) for name in "abc"] == ["good", "bad", None]
    again = Marks(place)
    assert (len(again), again.label_of("b")) == (2, "bad")
    found = read_labels(place)
    assert found.texts.to_pylist() == ["A page.\n\u202e\x00", "Another."]
    assert found.positive.tolist() == [True, False]
    assert found.hosts.to_pylist() == ["a.example", "b.example"]


def test_lines_of_other_people_stay(tmp_path: Path) -> None:
    place = tmp_path / "labels.jsonl"
    place.write_bytes(b'{"text": "x", "label": 1}\n\n{"id": "z", "label": "good", "text": "y"}\n')
    marks = Marks(str(place))
    assert (len(marks), marks.label_of("z")) == (1, "good")
    marks.put(row("a", "bad", "A"))
    lines = place.read_bytes().splitlines()
    assert lines[:2] == [b'{"text": "x", "label": 1}', b'{"id": "z", "label": "good", "text": "y"}']
    assert len(lines) == 3


@pytest.mark.parametrize("line", [b"not json", b"[1]"])
def test_a_file_of_something_else_is_one_line(tmp_path: Path, line: bytes) -> None:
    place = tmp_path / "labels.jsonl"
    place.write_bytes(line)
    with pytest.raises(UserError, match=r"line 1: no JSON.*give another --labels"):
        Marks(str(place))

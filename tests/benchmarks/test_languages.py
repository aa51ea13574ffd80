"""The accuracy of languages: texts are cut by length, labels are counted, the table has a line for each language."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.languages import LANGUAGES, Tally, main, passages


def test_passages_begin_at_lines_and_have_the_length_asked_for() -> None:
    assert list(passages(["abc", "de", "fgh", "i"], 5)) == ["abc\nd", "fgh\ni"]
    assert list(passages(["abcdef", "gh"], 3)) == ["abc"]


def test_a_tally_counts_right_kept_and_mistaken() -> None:
    tally = Tally()
    for label, sure in (("sr", True), ("sr", False), ("hr", True), (None, False)):
        tally.add("sr (Latin)", label, sure)
    assert (tally.cell(), tally.exact_cell()) == ("75.0 (50.0)", "50.0")
    assert (tally.wrong_and_sure, dict(tally.mistaken)) == (0, {"nothing": 1})
    assert Tally().cell() == ""


def test_a_folder_with_one_language_gives_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "language_id" / "sentences"
    folder.mkdir(parents=True)
    line = "Das Museum öffnet jeden Morgen, und der Führer erklärt, wie die alte Uhr funktioniert."
    (folder / "de.txt").write_text("\n".join([line] * 9), encoding="utf-8")
    main(data=tmp_path)
    lines = [[cell.strip() for cell in row.split("|")[1:-1]] for row in capsys.readouterr().out.splitlines()]
    assert len(lines) == 2 + len(LANGUAGES)
    (german,) = (row for row in lines if row[0] == "de")
    assert german[2:] == ["100.0 (100.0)"] * 6 + ["", "4", "", "0.0"]

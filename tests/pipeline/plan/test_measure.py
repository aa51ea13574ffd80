"""A sample of raw files, what is told of it, and rates from two runs: seeded, on numbers small enough to check."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from pipeline.config import LoadedRecipe, parse_recipe
from pipeline.plan import make_plan
from pipeline.plan.measure import Timing, measured_rates, parse_share, ratio_spread, slope, student_t
from pipeline.plan.sample import SourceSample, draw_units, sample_recipe
from pipeline.plan.thin import draw
from stages.core.errors import UserError


@pytest.mark.parametrize(("text", "share"), [("1%", 0.01), ("0.25", 0.25), (" 100% ", 1.0), ("0.5%", 0.005)])
def test_shares(text: str, share: float) -> None:
    assert parse_share(text) == pytest.approx(share)


def test_two_sizes_tell_tasks_from_bytes() -> None:
    # 2 s a task and 3 s a byte
    assert slope(Timing(10, 32.0, 1), Timing(20, 62.0, 1)) == (3.0, 2.0)
    # two tasks share what is left
    assert slope(Timing(10, 32.0, 1), Timing(20, 62.0, 2)) == (3.0, 1.0)
    # noise gives no less than nothing by byte, and no more than all
    assert slope(Timing(10, 9.0, 1), Timing(20, 8.0, 1)) == (0.0, 8.0)
    assert slope(Timing(10, 1.0, 1), Timing(20, 8.0, 1)) == (0.4, 0.0)
    # sizes that are alike tell no slope; what follows no bytes is all by task
    assert slope(Timing(10, 5.0, 1), Timing(11, 5.5, 1)) == (0.5, 0.0)
    assert slope(Timing(0, 5.0, 1), Timing(0, 6.0, 3)) == (0.0, 2.0)


def test_the_interval_of_a_ratio() -> None:
    # ratio 2; residues +-1, +-1: s = sqrt(4/3 * 4) of 20 in all
    spread = ratio_spread([3.0, 5.0, 5.0, 7.0], [2.0, 2.0, 3.0, 3.0], 0.0)
    assert spread == pytest.approx(3.182 * (4 / 3 * 4) ** 0.5 / 20, rel=0.01)
    assert ratio_spread([4.0, 6.0], [2.0, 3.0], 0.1) == 0.0  # all of one ratio
    assert ratio_spread([3.0, 5.0, 5.0, 7.0], [2.0, 2.0, 3.0, 3.0], 1.0) == 0.0  # all was drawn


@pytest.mark.parametrize(("freedom", "value"), [(3, 3.182), (7, 2.365), (30, 2.042)])
def test_students_t(freedom: int, value: float) -> None:
    assert student_t(freedom) == pytest.approx(value, rel=0.01)


def test_units_are_drawn_over_all_sizes() -> None:
    sizes = {f"f{i:02d}": i for i in range(1, 41)}
    chosen = draw_units(sizes, 0.25, 0, 8)
    assert len(chosen) == 10
    assert all(sizes[name] == size for name, size in chosen.items())
    ordered = sorted(chosen.values())
    assert {b - a for a, b in pairwise(ordered)} == {4}
    assert chosen == draw_units(sizes, 0.25, 0, 8)
    assert len(draw_units(sizes, 0.01, 0, 8)) == 8
    assert len(draw_units({"a": 1, "b": 2}, 0.01, 0, 8)) == 2


def books(folder: Path, works: int) -> LoadedRecipe:
    """Works of two editions each, in folders of their own."""
    for i in range(works):
        (folder / f"work-{i:02d}").mkdir(parents=True)
        for edition in ("a.txt", "b.txt"):
            (folder / f"work-{i:02d}" / edition).write_text(f"work {i} " * (50 + i), encoding="utf-8")
    return parse_recipe({"name": "r", "sources": {"books": {"input": f"{folder}/**"}}}, {})


def test_editions_of_a_book_are_drawn_together(tmp_path: Path) -> None:
    loaded = books(tmp_path / "raw", 40)
    sampled = sample_recipe(loaded, 0.1, tmp_path / "sample")
    found = sampled.sources["books"]
    assert found.how == "16 of 40 folders"
    names = [file.name for file in sampled.loaded.sources["books"].ingest.raw_files()]
    assert names == sorted(f"{unit}/{edition}" for unit in found.units for edition in ("a.txt", "b.txt"))
    assert found.stands_for == sum(found.units.values())


def c4(folder: Path, lines: int) -> LoadedRecipe:
    folder.mkdir()
    texts = (
        f'{{"text": "This is line {i} of the text, and it is long enough to stay."}}\n' for i in range(lines)
    )
    (folder / "a.json").write_text("".join(texts), encoding="utf-8")
    return parse_recipe(
        {
            "name": "r",
            "seed": 3,
            "sources": {"c4": {"input": f"{folder}/*.json", "steps": [{"filter": ["pii"]}]}},
            "tokenizer": {"vocab_size": 300},
        },
        {},
    )


def test_records_are_drawn_of_few_large_files(tmp_path: Path) -> None:
    sampled = sample_recipe(c4(tmp_path / "raw", 400), 0.25, tmp_path / "sample")
    texts = [f"This is line {i} of the text, and it is long enough to stay." for i in range(400)]
    kept = [text for text in texts if draw(3, text.encode()) < 0.25]
    left = (tmp_path / "sample" / "c4" / "a.json").read_text(encoding="utf-8")
    assert left == "".join(f'{{"text": "{text}"}}\n' for text in kept)
    assert sampled.sources["c4"].how == f"{len(kept)} records of 1 files"
    assert sampled.sources["c4"].share == pytest.approx(len(kept) / 400, rel=0.01)


def test_all_of_it_is_no_sample(tmp_path: Path) -> None:
    loaded = books(tmp_path / "raw", 2)
    found = sample_recipe(loaded, 1.0, tmp_path / "sample").sources["books"]
    assert found.share == 1.0
    assert SourceSample(0, 0, {}, 0, "").share == 1.0


def test_a_measured_plan_of_a_source_of_equal_records(tmp_path: Path) -> None:
    """Records of one size give the text and tokens of the whole, and what was dropped; nothing is left behind."""
    loaded = c4(tmp_path / "raw", 1200)
    rates = measured_rates(loaded, 0.5)
    plan = make_plan(loaded, rates=rates)
    assert plan.estimate is not None
    (row,) = plan.estimate.tokens
    whole = sum(len(f"This is line {i} of the text, and it is long enough to stay.") for i in range(1200))
    assert row.text_bytes == pytest.approx(whole, rel=0.01)
    assert row.low < row.tokens < row.high
    assert plan.lines[-1].startswith("  total")
    (line,) = [one for one in plan.lines if one.startswith("  c4: ") and "records of" in one]
    assert line.endswith("%)")
    stages = {one.node: one for one in plan.estimate.stages}
    assert stages["c4.ingest_c4"].written["documents"] > 0
    assert stages["encode"].written["exchange"] > 0


def test_a_sample_smaller_than_a_record_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(
        UserError,
        match="^--measure 0.001%: no record of c4 is in so small a sample of .* take a larger share$",
    ):
        measured_rates(c4(tmp_path / "raw", 3), 0.00001)

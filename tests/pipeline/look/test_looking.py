"""`inspect kept|dropped` and `explain` on a small run: texts, values, lost lines in their places, partners, mistakes."""

from __future__ import annotations

from pathlib import Path

import orjson
import pyarrow as pa
import pytest

from pipeline.cli.main import main
from pipeline.look.explain import explain, ids_called
from pipeline.look.kept import kept_sample
from pipeline.look.lines import MAX_LINES, clipped, diff_lines, looked_lines, value_lines
from pipeline.look.sample import Wanted, dropped_sample
from pipeline.look.values import RemadeFilter
from stages.core.documents import DOCUMENT_SCHEMA
from stages.core.errors import UserError
from stages.filter.rule import RULES
from stages.filter.stage import Filter, FilterParams
from tests.looked_runs import NUM_PAGES, SCRIPT, SHARED_LINE, page

NEAR = "c4/c4.json.gz/12"


def test_a_duplicate_is_shown_beside_its_partner(looked: Path) -> None:
    (found,) = dropped_sample(str(looked / "near"), Wanted(rule="near_duplicate"))
    assert (found.id, found.partner, found.action) == (NEAR, "c4/c4.json.gz/3", "drop")
    assert (found.text, found.partner_text) == (page(3).replace("crane", "jib"), page(3))
    lines = list(looked_lines([found], full=False))
    assert lines[0] == f"=== {NEAR}"
    assert lines[-4:] == [
        f"  {page(3).splitlines()[0]}",
        f"  {page(3).splitlines()[1]}",
        f"- {page(3).splitlines()[2].replace('crane', 'jib')}",
        f"~ {page(3).splitlines()[2]}",
    ]


def test_a_lost_line_stands_in_its_place(looked: Path) -> None:
    edits = [one for one in dropped_sample(str(looked / "lines"), Wanted()) if one.action == "edit"]
    assert len(edits) == NUM_PAGES
    assert all(one.after is not None and SHARED_LINE not in one.after for one in edits)
    lines = list(looked_lines(edits[:1], full=False))
    assert f"- {SHARED_LINE}" in lines
    assert lines[lines.index(f"- {SHARED_LINE}") - 1].startswith(f"- {SCRIPT}")


def test_what_a_rule_dropped_has_its_values_and_the_nearest_come_first(looked: Path) -> None:
    run = str(looked / "run")
    found = dropped_sample(run, Wanted(rule="gopher_quality.words", near=95.0))
    assert found
    far = [abs((one.value or 0) - 95) for one in found]
    assert far == sorted(far)
    for one in found:
        assert one.values["gopher_quality.words"] == one.value == len((one.text or "").split())
        assert one.values["gopher_quality.words:at_least"] == one.threshold == 100
    assert dropped_sample(run, Wanted(rule="gopher_quality", count=2)) == dropped_sample(
        run, Wanted(rule="gopher_quality", count=2)
    )


def test_kept_documents_have_values_written_down_or_measured_again(looked: Path) -> None:
    measured = {one.id: one for one in kept_sample(str(looked / "run"), Wanted(count=99))}
    written = {one.id: one for one in kept_sample(str(looked / "values"), Wanted(count=99))}
    assert 0 < len(measured) < len(written)
    for name, one in measured.items():
        assert (one.action, one.text, one.values) == ("kept", written[name].text, written[name].values)
    near = kept_sample(str(looked / "values"), Wanted(rule="gopher_quality.words", near=120.0, count=3))
    values = sorted(abs(one.values["gopher_quality.words"] - 120) for one in written.values())
    assert [abs((one.value or 0) - 120) for one in near] == values[:3]
    having = kept_sample(str(looked / "values"), Wanted(rule="gopher_quality.words", count=1))
    assert [one.value for one in having] == [written[having[0].id].values["gopher_quality.words"]]
    with pytest.raises(
        UserError, match="--rule perplexity: no document here has a value of it; known: gopher_quality"
    ):
        kept_sample(str(looked / "run"), Wanted(rule="perplexity"))
    with pytest.raises(UserError, match="nothing was kept of --source books; sources there: c4"):
        kept_sample(str(looked / "run"), Wanted(source="books"))


def test_seeds_draw_other_samples_and_one_seed_the_same(looked: Path) -> None:
    run = str(looked / "values")
    draws = [[one.id for one in kept_sample(run, Wanted(count=5, seed=seed))] for seed in (0, 0, 1)]
    assert draws[0] == draws[1] != draws[2]


def test_what_was_lost_on_reading_says_why_it_has_no_text(looked: Path) -> None:
    (found,) = dropped_sample(str(looked / "raw"), Wanted(rule="empty_text"))
    assert (found.text, found.why) == (
        None,
        "it was lost on reading, before it was a text; a run does not record where its raw files lie",
    )
    with pytest.raises(
        UserError, match="nothing was dropped of --rule near; rules there: empty_text; sources there: c4"
    ):
        dropped_sample(str(looked / "raw"), Wanted(rule="near"))


def test_a_story_has_texts_and_a_url_finds_it(looked: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = str(looked / "near")
    (lost,) = [event for event in explain(run, NEAR) if event.partner is not None]
    assert (lost.partner_text, lost.lines[-1]) == (page(3), f"~ {page(3).splitlines()[2]}")
    assert ids_called(str(looked / "raw"), f"https://x.example/12?{SCRIPT}") == [NEAR]
    with pytest.raises(UserError, match="no document of this URL"):
        ids_called(run, "https://nowhere.example/")
    main(["explain", str(looked / "raw"), f"https://x.example/3?{SCRIPT}"])
    out = capsys.readouterr().out.splitlines()
    assert out[0] == "=== c4/c4.json.gz/3"
    assert out[2:] == [f"      {line}" for line in page(3).splitlines()]
    main(["explain", run, NEAR, "--json"])
    records = [orjson.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert records[-1]["partner_text"] == page(3)
    assert set(records[0]) == {"id", "node", "text", "document", "partner", "partner_text"}


def test_commands_print_lines_or_json(looked: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["inspect", "kept", str(looked / "run"), "-n", "2", "--json"])
    records = [orjson.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(records) == 2
    assert all(record["values"]["gopher_quality.words"] >= 100 for record in records)
    main(["inspect", "dropped", str(looked / "lines"), "-n", "1", "--rule", "duplicate_lines"])
    assert f"\n- {SHARED_LINE}\n" in capsys.readouterr().out
    for command in ("kept", "dropped"):
        with pytest.raises(SystemExit):
            main(["inspect", command, str(looked / "run"), "--near", "3"])
        assert "give its" in capsys.readouterr().err


def test_long_texts_are_clipped_around_what_differs() -> None:
    before = [f"line {n}" for n in range(100)]
    after = [line for line in before if line != "line 70"]
    assert list(clipped(diff_lines("\n".join(before), "\n".join(after), "+"), full=False)) == [
        "  ... 68 lines as they were",
        "  line 68",
        "  line 69",
        "- line 70",
        "  line 71",
        "  line 72",
        "  ... 27 lines more; --full shows them",
    ]
    assert len(list(clipped([f"  {line}" for line in before], full=False))) == MAX_LINES + 1
    assert len(list(clipped([f"  {line}" for line in before], full=True))) == 100


def test_values_say_whether_they_pass() -> None:
    values = {"words": 3.0, "words:at_least": 5.0, "words:at_most": 9.0, "stop": 2.0, "stop:passed": 1.0}
    assert list(value_lines(values)) == ["  words 3 (>= 5 FAILS, <= 9)", "  stop 2"]


def test_rules_in_the_place_of_a_model_that_could_not_be_trained_are_measured() -> None:
    """A run with too few pages for its classifier (`when_too_few: rules`) has no model, and looking at it asks for none."""
    columns = {
        "id": ["a"],
        "source": ["common_crawl"],
        "text": ["The town of the river and the sea. " * 20],
        "metadata": ["{}"],
    }
    names = DOCUMENT_SCHEMA.names
    batch = pa.RecordBatch.from_pydict(
        {name: columns.get(name, [None]) for name in names}, schema=DOCUMENT_SCHEMA
    )
    made = Filter(rules=(RULES.find("reference")(),))
    found = RemadeFilter(made, FilterParams(model=None, instead="rules")).values(batch)
    assert found["gopher_quality.words"].tolist() == [160.0]
    assert RemadeFilter(made, FilterParams(model=None, instead="skip")).values(batch) == {}

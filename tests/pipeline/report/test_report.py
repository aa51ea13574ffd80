"""The report of a run: its numbers, its examples, text of documents escaped, every chart drawn in a browser."""

from __future__ import annotations

import html
import re
from pathlib import Path

import orjson
import pytest

from pipeline.cli.main import main
from pipeline.look.places import Places, places_of
from pipeline.report.charts import label
from pipeline.report.facts import TABLE_1, FunnelStep, funnels, rule_losses, speeds, training_curves
from pipeline.report.gather import gather_facts
from pipeline.report.markup import escaped, escaped_text, script_json
from pipeline.report.page import report_page
from pipeline.report.samples import duplicate_clusters, rule_examples, value_histograms
from stages.core.errors import UserError
from stages.core.manifest import FileInfo
from tests.browser import DESKTOP, PHONE, needs_browser, watched_page
from tests.looked_runs import NUM_PAGES, SCRIPT, page


def test_a_funnel_counts_what_each_stage_left(looked: Path) -> None:
    (funnel,) = funnels(places_of(str(looked / "raw")))
    (step,) = funnel.steps
    assert (funnel.source, funnel.raw_bytes, funnel.raw_records) == (
        "c4",
        (looked / "c4.json.gz").stat().st_size,
        NUM_PAGES + 3,
    )
    assert (step.node, step.documents) == ("ingest_c4", NUM_PAGES + 2)
    (later,) = funnels(places_of(str(looked / "near")))
    lost = len(page(3).replace("crane", "jib"))
    assert later.steps == (FunnelStep("remove", NUM_PAGES + 1, step.text_bytes - lost),)


def test_losses_clusters_and_speeds_of_a_dedup(looked: Path) -> None:
    places = places_of(str(looked / "near"))
    (loss,) = rule_losses(places)
    assert (loss.node, loss.action, loss.rule, loss.source, loss.documents) == (
        "remove",
        "drop",
        "near_duplicate",
        "c4",
        1,
    )
    (clusters,) = duplicate_clusters(places)
    assert (clusters.sizes, clusters.largest) == ({2: 1}, (("c4/c4.json.gz/3", 2),))
    assert [one.node for one in speeds(places)] == list(places.manifests)
    assert all(one.tasks == len(places.manifests[one.node].reports) for one in speeds(places))
    assert training_curves(places) == {}


def test_losses_of_a_training_are_curves_by_name(looked: Path, tmp_path: Path) -> None:
    rows = [
        {
            "step": step,
            "loss": 9.0 - step,
            "lr": 0.1,
            "held_out": {
                "c4": {"loss": 8.0, "bits_per_byte": 2.0},
                "books": {"loss": 7.5, "bits_per_byte": 1.0},
            },
        }
        for step in (1, 2)
    ]
    rows.append({"step": 3, "skipped": True, "tokens": 9})
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "log.jsonl").write_bytes(b"\n".join(map(orjson.dumps, rows)))
    places = places_of(str(looked / "raw"))
    (ingest,) = places.manifests.values()
    log = FileInfo(name="model/log.jsonl", kind="table", rows=2, bytes=1, sha256="")
    trained = ingest.model_copy(update={"stage": "train", "folder": str(tmp_path), "files": (log,)})
    assert training_curves(Places(places.record, {"train": trained}, {})) == {
        "loss": [(1, 8.0), (2, 7.0)],
        "held-out c4": [(1, 8.0), (2, 8.0)],
        "held-out books": [(1, 7.5), (2, 7.5)],
    }


def test_histograms_are_the_same_written_down_or_measured_again(looked: Path) -> None:
    measured, written = (
        {one.name: one for one in value_histograms(places_of(str(looked / name)), 0)}
        for name in ("run", "values")
    )
    assert measured.keys() == written.keys()
    words = written["gopher_quality.words"]
    assert ("at_least", 100.0) in words.thresholds
    assert sum(words.counts) == words.rows == NUM_PAGES
    assert (measured[words.name].counts, measured[words.name].edges) == (words.counts, words.edges)


def test_examples_stand_beside_what_was_kept(looked: Path) -> None:
    run = str(looked / "run")
    found = {one.rule: one for one in rule_examples(run, places_of(run), 2, 0)}
    words = found["gopher_quality.words"]
    assert len(words.dropped) == len(words.kept) == 2
    assert all(len((one.text or "").split()) < 100 for one in words.dropped)
    assert all(len((one.text or "").split()) >= 100 for one in words.kept)


def test_text_and_urls_of_documents_are_never_markup(looked: Path) -> None:
    pieces = "".join(report_page(gather_facts(str(looked / "run")), "/* charts */"))
    assert html.escape(SCRIPT) in pieces, "both are there, as text"
    assert f"https://x.example/1{html.escape('?' + SCRIPT)}" in pieces or "?&lt;script&gt;" in pieces
    assert SCRIPT not in pieces
    assert len(re.findall(r"<script\b", pieces)) == 3, "figures, charts, our own"
    assert not re.search(r"""(?:src|href)=["'](?!#)""", pieces)
    (figures,) = re.findall(r'id="figures">(.*?)</script>', pieces, re.DOTALL)
    drawn = {one["name"] for one in orjson.loads(figures)}
    assert drawn == set(re.findall(r'<div id="([^"]+)" data-chart', pieces))
    assert {"chart-funnel", "chart-losses", "chart-histogram-0"} <= drawn
    anchors = re.findall(r'\bid="([^"]+)"', pieces)
    assert len(set(anchors)) == len(anchors)


def test_what_ends_an_element_or_moves_a_cursor_is_shown_as_text() -> None:
    assert script_json({"a": "</script><!--\u2028&"}) == (
        '{"a":"\\u003c/script\\u003e\\u003c!--\\u2028\\u0026"}'
    )
    assert escaped('a"b\n\x1b<i>') == "a&quot;b\\n\\x1b&lt;i&gt;"
    assert escaped_text("a\n\u202eb") == "a\n\\u202eb"
    assert label("<b>x</b>" + "y" * 99) == f"&lt;b&gt;x&lt;/b&gt;{'y' * 20}...{'y' * 28}"


def test_a_run_without_a_finished_stage_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="not a run"):
        gather_facts(str(tmp_path))


def test_table_1_is_whole() -> None:
    assert sum(one.share for one in TABLE_1.values()) == pytest.approx(1)


@needs_browser
@pytest.mark.parametrize(("size", "scheme"), [(DESKTOP, "light"), (PHONE, "dark")])
def test_a_browser_draws_every_chart_and_says_nothing(
    looked: Path, tmp_path: Path, size: tuple[int, int], scheme: str
) -> None:
    out = tmp_path / "report.html"
    main(["report", str(looked / "values"), "--out", str(out)])
    with watched_page(size, scheme) as watched:
        watched.page.goto(out.as_uri())
        charts = watched.page.locator("[data-chart]")
        assert charts.count() > 3
        for number in range(charts.count()):
            charts.nth(number).scroll_into_view_if_needed()
            charts.nth(number).locator("xpath=self::*[@data-drawn]//*[name()='svg']").first.wait_for()
        assert watched.width() <= size[0]
        assert (watched.said, watched.asked) == ([], [out.as_uri()])

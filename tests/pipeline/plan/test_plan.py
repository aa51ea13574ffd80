"""A plan by declared yields: bytes through the steps, core-hours, disk, cost and tokens, on numbers small enough to check."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline.cli.main import main
from pipeline.config import load_recipe, parse_recipe
from pipeline.plan import Plan, make_plan
from pipeline.plan.cluster import ClusterOptions
from pipeline.plan.rates import Rates, StageRates
from pipeline.plan.raw import SourceSize, raw_tasks
from stages.core.errors import UserError
from stages.ingest.c4.stage import C4Ingest

CONFIGS = Path(__file__).resolve().parents[3] / "configs"
RAW: dict[str, Any] = {
    "name": "r",
    "sources": {
        "c4": {
            "input": "later/*.gz",
            "raw": "1GB",
            "expected_tokens": 400_000_000,
            "yields": {"ingest": [2.0, 2.0], "filter": [0.25, 1.0]},
            "steps": [{"filter": ["pii"]}],
        }
    },
    "mixture": {"budget": 1000},
}


def planned(raw: dict[str, Any] = RAW, **cluster: Any) -> Plan:
    return make_plan(parse_recipe(raw, {}), ClusterOptions(**cluster))


def test_bytes_go_through_the_steps() -> None:
    found = planned().estimate
    assert found is not None
    assert {one.node: (one.given_bytes, one.text_bytes) for one in found.stages} == {
        "c4.ingest_c4": (1_000_000_000, 2_000_000_000),
        "c4.filter": (2_000_000_000, 1_000_000_000),  # the geometric middle of a quarter and all
        "tokenizer.sample_text": (1_000_000_000, None),
        "tokenizer.train_tokenizer": (1_000_000_000, None),
        "encode": (1_000_000_000, None),
        "pack": (1_000_000_000, None),
        "mix": (1_000_000_000, None),
    }


def test_tokens_stand_beside_the_papers() -> None:
    found = planned().estimate
    assert found is not None
    (row,) = found.tokens
    # 1 GB at 3.95 bytes a token, and from half to twice of it
    assert (row.tokens, row.low, row.high) == (253_164_557, 126_582_278, 506_329_114)
    assert row.expected == 400_000_000
    assert "  c4      1.0 GB  253.2M  126.6M  506.3M     400.0M    63%" in planned().lines


def test_core_hours_cost_and_disk_follow_rates() -> None:
    loaded = parse_recipe(RAW, {})
    stages = {
        "c4.ingest_c4": StageRates(3600e-9, 0.0, {"documents": 1.0}),  # 1 GB at an hour a GB
        "c4.filter": StageRates(1800e-9, 0.0, {"documents": 0.25}),  # 2 GB, half an hour each
        "encode": StageRates(0.0, 0.0, {"exchange": 0.5}, memory_bytes=7),
        "mix": StageRates(0.0, 3600.0, {}, {"model": 11}),  # an hour whatever it is given
    }
    yields = {("c4.ingest_c4", "c4"): (2.0, 2.0), ("c4.filter", "c4"): (0.5, 0.5)}
    rates = Rates(stages, yields, {"c4": 4.0}, ("given",), {"c4": 0.1})
    cluster = ClusterOptions(nodes=1, cores_per_node=4, core_hour_price=2.0, tb_month_price=1000.0)
    found = make_plan(loaded, cluster, rates).estimate
    assert found is not None
    assert found.core_seconds == pytest.approx(3 * 3600)
    assert found.exchange_bytes == 500_000_000
    assert found.busy_share == pytest.approx(3 / (1.5 * 4))
    assert {one.node: one.memory_bytes for one in found.stages if one.node in ("encode", "pack")} == {
        "encode": 7,
        "pack": 0,
    }
    assert found.disk_bytes == 1_000_000_000 + 500_000_000 + 500_000_000 + 11
    # 4 tasks of ingest and 8 of the filter on 4 cores: a quarter of an hour each; then the mixture's hour.
    assert found.timetable.seconds == pytest.approx(1.5 * 3600)
    assert found.timetable.critical[-1] == "mix"
    # Raw documents are deleted when the filter ends, before tokens are written.
    assert found.disk_peak_bytes == 1_500_000_000
    months = 1.5 / (365.25 / 12 * 24)
    assert found.cost == pytest.approx(
        {"core-hours of work": 6.0, "core-hours held": 12.0, "disk": 1.5e-3 * months * 1000.0}
    )
    (row,) = found.tokens
    assert (row.tokens, row.low, row.high) == (250_000_000, 225_000_000, 275_000_000)


def test_tasks_of_raw_files() -> None:
    stage = C4Ingest(input=("x",), task_bytes=100)
    assert raw_tasks(SourceSize(1000, None, is_there=False), stage) == 10
    assert raw_tasks(SourceSize(1000, 50, is_there=False), stage) == 10  # five files a task
    assert raw_tasks(SourceSize(1000, 2, is_there=False), stage) == 2  # a larger file is one task


def test_a_plan_without_a_sample_says_what_it_rests_on() -> None:
    (line,) = [one for one in planned().lines if one.startswith("rates:")]
    assert line.startswith(
        "rates: nothing was measured for this plan: speeds and sizes of files are constants"
    )


def test_the_old_key_of_raw_sizes_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe = tmp_path / "r.yaml"
    recipe.write_text("name: r\nsources:\n  c4: {input: x, expected: 3TB}\n", encoding="utf-8")
    said = fails(capsys, str(recipe))
    told = (
        "sources.c4.expected: is called raw now, the size of the raw files and not of their text; rename it"
    )
    assert said.endswith(f"r.yaml:3: {told}\n")


def fails(capsys: pytest.CaptureFixture[str], *line: str) -> str:
    with pytest.raises(SystemExit) as stopped:
        main(["plan", *line])
    assert stopped.value.code == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    return said


@pytest.fixture
def recipe(tmp_path: Path) -> str:
    """A recipe over three raw records."""
    (tmp_path / "a.json").write_text(
        '{"text": "one"}\n{"text": "two"}\n{"text": "three"}\n', encoding="utf-8"
    )
    path = tmp_path / "r.yaml"
    path.write_text(f"name: r\nsources:\n  c4: {{input: '{tmp_path}/*.json'}}\n", encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--core-hour-price", "0"], "--core-hour-price='0': input should be greater than 0"),
        (["--core-hour-price", "-0.04"], "--core-hour-price='-0.04': input should be greater than 0"),
        (["--tb-month-price", "nan"], "--tb-month-price='nan': input should be "),
        (["--nodes", "0"], "--nodes='0': input should be greater than 0"),
        (["--measure", "0%"], "--measure 0%: is no share; write one above 0 and up to 100%, as in 1%"),
        (["--measure", "1O%"], "--measure 1O%: is no share"),
        (["--measure", "200%"], "--measure 200%: is no share"),
        (["--measure", "nan"], "--measure nan: is no share"),
        (
            ["--measure", "0.0001%"],
            "no record of c4 is in so small a sample of 50 bytes; take a larger share",
        ),
    ],
)
def test_options_that_cannot_be_are_one_line(
    recipe: str, options: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert message in fails(capsys, recipe, *options)


def test_an_empty_glob_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "r.yaml"
    text = "name: r\nsources:\n  c4: {{input: '{0}/*.gz'{1}}}\n"
    path.write_text(text.format(tmp_path, ""), encoding="utf-8")
    assert "no file matches; check the path and quote the pattern" in fails(capsys, str(path))
    path.write_text(text.format(tmp_path, ", raw: 1GB"), encoding="utf-8")
    said = fails(capsys, str(path), "--measure", "1%")
    assert "c4: --measure runs a sample of raw files, and there are none: " in said


def test_more_nodes_than_tasks_are_warned_of() -> None:
    lines = planned(nodes=3, cores_per_node=4).lines
    assert [one for one in lines if one.startswith("warning")] == [
        "warning: 3 nodes have 12 cores, and no stage has more than 8 tasks; --nodes 2 takes as long"
    ]
    assert not [one for one in planned(nodes=2, cores_per_node=4).lines if one.startswith("warning")]


@pytest.mark.parametrize("name", ["llama1", "llama1_by_parts", "llama2", "llama3", "fineweb", "redpajama"])
def test_a_recipe_at_full_size_is_planned(name: str) -> None:
    found = make_plan(load_recipe(str(CONFIGS / f"{name}.yaml")), ClusterOptions(nodes=1000))
    assert found.estimate is not None
    assert found.estimate.core_seconds > 0
    assert all(one.tokens > 0 and one.low < one.tokens < one.high for one in found.estimate.tokens)


def test_parts_of_dumps_are_the_dumps_on_a_disk_of_twice_the_final_text() -> None:
    found = [
        make_plan(load_recipe(str(CONFIGS / f"{name}.yaml")), ClusterOptions(nodes=10)).estimate
        for name in ("llama1", "llama1_by_parts")
    ]
    whole, parts = found
    assert whole is not None and parts is not None
    text = [sum(one.text_bytes for one in each.tokens) for each in (whole, parts)]
    assert text[1] == pytest.approx(text[0], rel=1e-6)
    assert sum(one.expected or 0 for one in parts.tokens) == sum(one.expected or 0 for one in whole.tokens)
    assert parts.core_seconds == pytest.approx(whole.core_seconds, rel=1e-3)
    assert parts.disk_peak_bytes < 2 * text[0] < whole.disk_peak_bytes


def test_a_recipe_whose_pages_a_language_model_labels_is_planned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stages.models.causal.find_spec", lambda name: name)
    (tmp_path / "config.json").write_text("{}")
    found = make_plan(load_recipe(str(CONFIGS / "educational.yaml"), {"labeller": str(tmp_path)}))
    assert found.estimate is not None
    assert (
        "quality.score_texts: asks a language model of 460,000 documents; its time is not in these hours"
        in found.lines
    )


def test_a_recipe_with_positives_of_ones_own_is_planned(tmp_path: Path) -> None:
    for name in ("instructions", "eli5"):
        (tmp_path / "positives" / name).mkdir(parents=True)
        (tmp_path / "positives" / name / "some.jsonl").write_text(
            '{"text": "Why is the sky blue? Light scatters."}\n'
        )
    found = make_plan(load_recipe(str(CONFIGS / "dclm.yaml"), {"data": str(tmp_path)}))
    assert found.estimate is not None
    names = [name for name in found.graph.nodes if name.startswith("quality.")]
    assert names == [
        "quality.ingest_dataset",
        "quality.label_class",
        "quality.label_class-2",
        "quality.select_pages",
        "quality.train_quality",
    ]


def test_llama1_agrees_with_the_papers_table() -> None:
    """RECIPE's facts: raw sizes far above the table's text, the text after processing, 1.4T tokens x share / epochs."""
    found = make_plan(load_recipe(str(CONFIGS / "llama1.yaml")))
    dumps = [size.num_bytes for name, size in found.sizes.items() if size and name.startswith("cc_")]
    assert dumps == [8_500_000_000_000] * 5
    assert found.estimate is not None
    text = {one.source: one.text_bytes for one in found.estimate.tokens}
    crawl = sum(size for name, size in text.items() if name.startswith("cc_"))
    table = {"c4": 783, "github": 328, "wikipedia": 83, "books": 85, "arxiv": 92, "stackexchange": 78}
    assert crawl == pytest.approx(3.3e12, rel=0.05)
    for name, size in table.items():
        assert text[name] == pytest.approx(size * 1e9, rel=0.05), name
    for one in found.estimate.tokens:
        assert one.expected is not None
        assert one.tokens == pytest.approx(one.expected, rel=0.05), one.source
        assert one.low <= one.expected <= one.high


def test_llama1_expects_the_tokens_of_table_1() -> None:
    shares = {
        "c4": (0.15, 1.06),
        "github": (0.045, 0.64),
        "wikipedia": (0.045, 2.45),
        "books": (0.045, 2.23),
        "arxiv": (0.025, 1.06),
        "stackexchange": (0.02, 1.03),
    }
    sources = load_recipe(str(CONFIGS / "llama1.yaml")).sources
    expected = {name: sources[name].expected.tokens for name in shares}
    assert expected == pytest.approx({k: 1.4e12 * w / e for k, (w, e) in shares.items()}, rel=1e-3)
    dumps = sum(one.expected.tokens or 0 for name, one in sources.items() if name.startswith("cc_"))
    assert dumps == pytest.approx(1.4e12 * 0.67 / 1.10, rel=1e-3)


def test_sources_of_unknown_size_are_left_out(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no file matches"):
        planned({"name": "r", "sources": {"c4": {"input": f"{tmp_path}/*.gz"}}})

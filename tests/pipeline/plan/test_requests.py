"""Requests and exchange reads of a plan: the arithmetic is that of the exchange itself, and of what one file takes."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.shuffle import simulated
from pipeline.cli.main import main
from pipeline.config import parse_recipe
from pipeline.plan import Plan, make_plan
from pipeline.plan.cluster import ClusterOptions
from pipeline.plan.exchanges import ExchangeReads, exchange_files, exchanges_of
from pipeline.plan.requests import exchange_gets, write_puts
from pipeline.recipe import build

MB = 1 << 20
RAW: dict[str, Any] = {
    "name": "r",
    "sources": {
        "c4": {"input": "later/*.gz", "raw": "1TB", "raw_files": 4000, "steps": ["dedup_lines", "dedup_near"]}
    },
    "mixture": {"budget": 1000},
}


def planned(raw: dict[str, Any] = RAW, **cluster: Any) -> Plan:
    return make_plan(parse_recipe(raw, {}), ClusterOptions(**cluster))


@pytest.mark.parametrize(
    ("files", "destinations", "file_bytes"),
    [
        (2_000, 500, 128_000),
        (3_000, 2_000, 128 * MB),
        (5_000, 257, MB),
        (40, 300, 40 * MB),
        (1, 1_000, 9),
        (5_000, 1, MB),
        (394_545, 217, 60_000),
    ],
)
def test_two_levels_read_what_the_simulation_says(files: int, destinations: int, file_bytes: int) -> None:
    rows, _ = simulated(files, destinations, file_bytes)
    one = ExchangeReads("a", "b", files, files, destinations, file_bytes)
    merges, readers, both = (int(row[1].replace(",", "")) for row in rows[1:])
    assert (one.merge_reads, one.reads) == (merges, readers)
    assert f"merges ({one.merges:,} tasks, {one.groups} groups)" == rows[1][0]
    # The simulation counts reads; a store is asked for each file's size too.
    assert exchange_gets(one.reads + one.merge_reads) == both + int(rows[3][3].replace(",", ""))


def test_one_level() -> None:
    one = ExchangeReads("a", "b", 200, 300, 256, MB)
    assert (one.reads, one.merge_reads, one.merges) == (300 * 256, 0, 0)
    assert ExchangeReads("a", "b", 300, 300, 256, MB).merge_reads == 300 * 16
    rows, note = simulated(200, 256, MB)
    assert ([row[:2] for row in rows], note) == ([["one level", "51,200"]], "a run has one level")


def test_files_of_a_task_that_sends_much() -> None:
    assert exchange_files(10, 10 * 100 * MB) == 10
    assert exchange_files(10, 10 * 129 * MB) == 20
    assert exchange_files(3, 0) == 3


def test_what_a_file_takes_to_write() -> None:
    assert write_puts(1, 1000) == 5
    assert write_puts(2, 2 * 60 * MB) == 20


def test_who_reads_whose_rows() -> None:
    graph, _ = build(parse_recipe(RAW, {}))
    assert [
        (sender.removeprefix("c4."), reader.removeprefix("c4.")) for sender, reader in exchanges_of(graph)
    ] == [
        ("dedup_lines.lines_hash", "dedup_lines.lines_match"),
        ("dedup_lines.lines_match", "dedup_lines.lines_remove"),
        ("dedup_near.near_sign", "dedup_near.near_match"),
        ("dedup_near.near_match", "dedup_near.near_merge"),
        ("dedup_near.near_merge", "dedup_near.near_cluster"),
        ("dedup_near.near_cluster", "dedup_near.near_label"),
        ("dedup_near.near_label", "dedup_near.near_decide"),
        ("dedup_near.near_decide", "dedup_near.near_store"),
        ("dedup_near.near_decide", "dedup_near.remove"),
        ("encode", "pack"),
    ]


def test_tasks_that_read_an_exchange_are_its_destinations() -> None:
    found = planned().estimate
    assert found is not None
    stages = {one.node: one for one in found.stages}
    # 2.57 TB of text, of which each range of lines is of 2 GiB, and 1.5 times as many shards as raw files
    assert stages["c4.dedup_lines.lines_match"].tasks == -(-2_570_000_000_000 // (2 << 30))
    assert stages["c4.dedup_lines.lines_remove"].tasks == stages["c4.dedup_lines.lines_hash"].tasks == 9_574
    assert stages["c4.dedup_lines.lines_match"].requests.exchange_reads < 9_574 * 1_197


def test_requests_have_prices() -> None:
    found = planned(thousand_gets_price=0.0004, thousand_puts_price=0.005).estimate
    assert found is not None
    asked = found.requests
    assert found.cost == pytest.approx({"GET requests": asked.gets * 4e-7, "PUT requests": asked.puts * 5e-6})
    assert asked.gets == sum(one.requests.gets for one in found.stages)
    lines = planned().lines
    assert (
        f"requests, of a store that holds raw files and run: {asked.gets:,} GET, {asked.puts:,} PUT" in lines
    )
    assert any(line.endswith(f"in {asked.exchange_reads:,} reads") for line in lines)


@pytest.mark.parametrize("option", ["--thousand-gets-price", "--thousand-puts-price"])
@pytest.mark.parametrize("price", ["0", "-1", "nan"])
def test_no_price_is_none(option: str, price: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["plan", "llama1", option, price])
    assert stopped.value.code == 2
    assert f"{option}='{price}': input should be " in capsys.readouterr().err

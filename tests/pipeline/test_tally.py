"""How far a run is: shares, times left at the pace of this process, what limits it; and its screen at any width."""

from __future__ import annotations

import pytest

from pipeline.screen import clipped_name, screen_lines, seconds_text
from pipeline.tally import RunTally, StageTally
from stages.core.manifest import ShardReport


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def report(bytes_in: int = 1_000_000, kept: int = 3, dropped: int = 1) -> ShardReport:
    return ShardReport(
        task="00000",
        bytes_in=bytes_in,
        documents_in=kept + dropped,
        documents_out=kept,
        dropped={"x": dropped} if dropped else {},
    )


def test_a_stage_goes_on_at_the_pace_of_this_process_not_of_what_was_done_before() -> None:
    clock = Clock()
    stage = StageTally("c4.filter", "c4", 10, clock)
    stage.add(report(), is_before=True)
    assert (stage.share, stage.seconds_left, stage.mb_per_second) == (0.1, None, 0.0)
    clock.now = 6.0
    stage.add(report())
    stage.add(report())
    assert (stage.done, stage.kept, stage.dropped, stage.share) == (3, 9, 3, 0.3)
    assert stage.seconds_left == pytest.approx(6 / 2 * 7)
    assert stage.mb_per_second == pytest.approx(2 / 6)


def test_steps_of_a_long_task_are_part_of_it() -> None:
    clock = Clock()
    stage = StageTally("train", "", 1, clock)
    clock.now = 30.0
    stage.say("step 15/60 | loss 6.4144 | lr 2.96e-03")
    assert (stage.share, stage.seconds_left) == (0.25, pytest.approx(90))
    stage.say("writes its checkpoint")
    assert stage.share == 0.25
    stage.add(report())
    assert (stage.share, stage.seconds_left) == (1.0, 0.0)


def test_a_run_counts_stages_and_ends_no_sooner_than_the_stages_under_way() -> None:
    clock = Clock()
    run = RunTally("demo", 10, clock, done_before=4)
    assert (run.share, run.seconds_left) == (0.4, None)
    clock.now = 20.0
    run.done_now = 4
    assert run.seconds_left == pytest.approx(20 * 0.2 / 0.4)
    train = StageTally("train", "", 1, clock)
    clock.now = 40.0
    train.say("step 1/100")
    run.under_way["train"] = train
    assert run.seconds_left == pytest.approx(20 * 99)


@pytest.mark.parametrize(
    ("workers", "in_flight", "queued", "limit"),
    [
        (0, 0, 0, "the workers are starting"),
        (2, 4, 5, "2 of 2 workers busy, 7 tasks wait for one"),
        (2, 3, 0, "2 of 2 workers busy, 1 task waits for one"),
        (2, 2, 0, "2 of 2 workers busy"),
        (8, 1, 0, "1 of 8 workers busy: the rest waits for c4.near_match"),
    ],
)
def test_what_limits_a_run_is_said(workers: int, in_flight: int, queued: int, limit: str) -> None:
    run = RunTally("demo", 3, workers=workers, in_flight=in_flight, queued=queued)
    run.under_way["c4.near_match"] = StageTally("c4.near_match", "c4", 1)
    assert run.limit == limit


def test_a_screen_is_never_wider_than_its_terminal_nor_longer() -> None:
    run = RunTally("a recipe of a long, long name", 65, workers=2)
    for number in range(30):
        name = f"common_crawl.stage_of_a_very_long_name_{number}\x1b[2J"
        run.under_way[name] = stage = StageTally(name, "common_crawl", 100_000)
        stage.add(report(kept=123_456_789))
        stage.say("step 1/2 | " + "x" * 200)
    for width in (40, 60, 79, 119):
        lines = screen_lines(run, width, 24)
        assert max(map(len, lines)) <= width
        assert len(lines) <= 24
        assert "\x1b" not in "".join(lines)
    assert lines[-1] == " ... and 21 more"
    heads = screen_lines(run, 79)[3]
    assert heads.split() == ["stage", "source", "shards", "MB/s", "kept", "dropped", "left"]


def test_a_stage_stands_in_one_line_beside_its_source() -> None:
    clock = Clock()
    run = RunTally("demo", 2, clock, workers=1, in_flight=1)
    run.under_way["c4.filter"] = stage = StageTally("c4.filter", "c4", 2, clock)
    clock.now = 5.0
    stage.add(report())
    assert screen_lines(run, 79) == [
        "demo: 0 of 2 stages done ########......................  25%, about 0m05s left",
        "0m05s gone, 0.0 MB/s read; 1 of 1 workers busy",
        "",
        "stage                 source          shards   MB/s      kept   dropped   left",
        "filter                c4                 1/2    0.2         3         1  0m05s",
    ]


def test_names_and_times_to_read() -> None:
    assert clipped_name("common_crawl.near_match", 14) == "common.._match"
    assert [seconds_text(value) for value in (None, 7.4, 65, 7500)] == ["", "0m07s", "1m05s", "2h05m"]

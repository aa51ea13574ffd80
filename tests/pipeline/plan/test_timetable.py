"""Stages on cores: who runs beside whom, what the end waits for, and how much lies on disk at once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.plan.timetable import Span, Work, peak_bytes, timetable_of

# Two chains of one stage each, and a stage that reads both.
WORKS = [Work("a", (), 40.0, 4), Work("b", (), 20.0, 2), Work("c", ("a", "b"), 6.0, 2)]


def test_stages_share_cores_and_use_no_more_than_their_tasks() -> None:
    # On 6 cores a has 4 and b 2: both take 10 s; then c, of two tasks, takes 3 s on 2 of the 6.
    timed = timetable_of(WORKS, 6)
    assert timed.spans == {"a": Span(0.0, 10.0), "b": Span(0.0, 10.0), "c": Span(10.0, 13.0)}
    assert timed.seconds == 13.0


def test_on_few_cores_the_first_of_the_graph_goes_first() -> None:
    # On 4 cores a takes all for 10 s, then b its two for 10 s.
    timed = timetable_of(WORKS, 4)
    assert timed.spans == {"a": Span(0.0, 10.0), "b": Span(10.0, 20.0), "c": Span(20.0, 23.0)}
    assert timed.critical == ("b", "c")


def test_one_core_takes_the_sum() -> None:
    assert timetable_of(WORKS, 1).seconds == 66.0


def test_a_stage_without_work_takes_no_time() -> None:
    timed = timetable_of([Work("a", (), 0.0, 1), Work("b", ("a",), 2.0, 1)], 1)
    assert timed.spans == {"a": Span(0.0, 0.0), "b": Span(0.0, 2.0)}


@given(st.lists(st.tuples(st.floats(0, 100), st.integers(1, 9)), min_size=1, max_size=6), st.integers(1, 20))
def test_no_schedule_beats_the_work_or_the_longest_chain(sizes: list[tuple[float, int]], cores: int) -> None:
    works = [
        Work(str(i), (str(i - 1),) if i % 2 else (), seconds, tasks)
        for i, (seconds, tasks) in enumerate(sizes)
    ]
    timed = timetable_of(works, cores)
    assert set(timed.spans) == {work.name for work in works}
    assert timed.seconds >= sum(work.core_seconds for work in works) / cores - 1e-6
    assert timed.seconds <= sum(work.core_seconds for work in works) + 1e-6


def test_the_disk_at_its_fullest() -> None:
    spans = timetable_of(WORKS, 4).spans
    written = {"a": 100, "b": 50, "c": 10}
    # a and b stay until c, which reads them, ends; c is read by nobody.
    assert peak_bytes(WORKS, spans, written, [], {}) == 160
    chain = [Work("a", (), 1.0, 1), Work("b", ("a",), 1.0, 1), Work("c", ("b",), 1.0, 1)]
    spans = timetable_of(chain, 1).spans
    # a is deleted when b ends, before c begins.
    assert peak_bytes(chain, spans, written, [], {}) == 150
    assert peak_bytes(chain, spans, written, ["a"], {}) == 160
    # What a has merged by its end is gone before b begins, what b has before c does.
    assert peak_bytes(chain, spans, written, [], {"a": 60, "b": 5}) == 100
    assert peak_bytes(chain, spans, written, ["a"], {"a": 60, "b": 5}) == 100

"""Phases of a mixture: each has its weights, epochs go on from one to the next, and one phase is what no phases are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from stages.core.errors import UserError
from stages.core.manifest import Manifest
from stages.mix.chairman import ChairmanSequence, PhasedSequence
from stages.mix.mixture import Mix
from stages.mix.phases import Phase, phase_ends
from stages.mix.schedule import Mixture, Schedule, read_mixture
from tests.packed import framed, write_packed

TOKENS = {"books": 201, "c4": 1001, "code": 501}
"""20, 100 and 50 sequences of 10."""


def mixed(**options: Any) -> tuple[Mixture, tuple[str, ...]]:
    return Mix(sequence_length=10, **options).mixture(TOKENS, "ab")


def test_each_phase_draws_by_its_weights() -> None:
    phases = [
        {"until": "75%", "weights": {"c4": 0.9, "books": 0.1}},
        {"weights": {"books": 0.4, "code": 0.6}},
    ]
    mixture, warnings = mixed(phases=phases, budget=1000)
    assert mixture.phases == ({"books": 8, "c4": 67, "code": 0}, {"books": 10, "c4": 0, "code": 15})
    assert {name: part.sequences for name, part in mixture.sources.items()} == {
        "books": 18,
        "c4": 67,
        "code": 15,
    }
    assert (mixture.total_sequences, warnings) == (100, ())
    rows = Schedule(mixture, 1).slots(0, 100).rows()
    assert Counter(row[0] for row in rows[:75]) == {"books": 8, "c4": 67}
    assert Counter(row[0] for row in rows[75:]) == {"books": 10, "code": 15}
    assert len(set(rows)) == 100, "the second phase goes on where the first ended"
    assert Schedule(mixture, 1).counts_before(75) == {"books": 8, "c4": 67, "code": 0}
    assert Schedule(mixture, 1).counts_before(100) == {"books": 18, "c4": 67, "code": 15}


def test_without_a_budget_no_source_passes_its_epochs_over_all_phases() -> None:
    """C4 is 0.9 * 0.9 + 0.1 * 0.4 = 85% of the whole: 4 epochs of its 100 sequences are 470 in all."""
    phases = [{"until": "90%", "weights": {"c4": 0.9, "books": 0.1}}, {"weights": {"c4": 0.4, "books": 0.6}}]
    mixture, warnings = mixed(phases=phases)
    assert {name: part.sequences for name, part in mixture.sources.items()} == {
        "books": 70,
        "c4": 400,
        "code": 0,
    }
    assert warnings == ("code has no weight and is left out (500 tokens)",)


def test_one_phase_is_the_mixture_of_its_weights_and_none_is_not_written() -> None:
    weights = {"c4": 0.9, "books": 0.1}
    plain, _ = mixed(weights=weights)
    one, _ = mixed(phases=[{"weights": weights}])
    assert one.model_copy(update={"phases": ()}) == plain
    assert Schedule(one, 3).slots(5, 60).rows() == Schedule(plain, 3).slots(5, 60).rows()
    assert "phases" not in plain.model_dump(mode="json")
    assert Mixture.model_validate(plain.model_dump(mode="json")) == plain
    assert Mixture.model_validate(orjson.loads(orjson.dumps(one.model_dump(mode="json")))) == one


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.integers(0, 9), min_size=3, max_size=3), min_size=1, max_size=4), st.data())
def test_phases_are_orders_one_after_another(phases: list[list[int]], data: st.DataObject) -> None:
    order = PhasedSequence(phases)
    expected, drawn = [], Counter[int]()
    for draws in phases:
        for source in ChairmanSequence(draws).slots(0, sum(draws))[0].tolist():
            expected.append((source, drawn[source]))
            drawn[source] += 1
    start = data.draw(st.integers(0, order.total))
    stop = data.draw(st.integers(start, order.total))
    sources, numbers = order.slots(start, stop)
    assert list(zip(sources.tolist(), numbers.tolist(), strict=True)) == expected[start:stop]
    counts = Counter(source for source, _ in expected[:start])
    assert order.counts_before(start).tolist() == [counts[source] for source in range(3)]
    with pytest.raises(IndexError):
        order.slots(0, order.total + 1)


def test_ends_are_shares_or_tokens() -> None:
    def ends(*until: str | None, budget: int | None = None) -> list[Fraction]:
        return phase_ends([Phase(until=one, weights={"c4": 1}) for one in until], budget)

    assert ends("90%", None) == [Fraction(9, 10), Fraction(1)]
    assert ends("12.5 %", "1.5K", "100%", budget=3000) == [Fraction(1, 8), Fraction(1, 2), Fraction(1)]
    for until, line in [
        (("90%", "80%", None), "the 2. of 3: until 80% must lie between the phase before and the end"),
        ((None, None), "the 1. of 2: needs `until`, such as 90%"),
        (("90%", "95%"), "the 2. of 2: ends at 95%; the last phase has no `until`, or 100%"),
        (("9O%", None), "the 1. of 2: until '9O%' is no percentage; write one like 90%"),
        (("1B", None), "the 1. of 2: until 1B is a number of tokens; give a budget"),
        (("0%", None), "until 0% must lie between"),
    ]:
        with pytest.raises(UserError, match=line):
            ends(*until)


def test_what_cannot_be_is_one_line() -> None:
    both = [{"until": "50%", "weights": {"c4": 1}}, {"weights": {"books": 0.5}}]
    with pytest.raises(UserError, match=r"phases, the 2\. of 2: weights sum to 0\.5 and not to 1"):
        mixed(phases=both)
    with pytest.raises(UserError, match="there are no tokens of this source"):
        mixed(phases=[{"weights": {"arxiv": 1}}])
    for options, line in [
        ({"weights": {"c4": 1}, "phases": both}, "leave out weights, epochs and temperature"),
        ({"phases": [{"weights": {"c4": -1}}]}, "c4: -1.0 must be a number of at least 0"),
        ({"phases": [{"weights": {}}]}, "names no source with a weight above 0"),
    ]:
        with pytest.raises(ValidationError, match=line):
            mixed(**options)
    mixture, _ = mixed(phases=[{"weights": {"c4": 1}}])
    damaged = mixture.model_dump(mode="json") | {"phases": [{"c4": 1}]}
    with pytest.raises(ValidationError, match="they draw other sequences than the sources in all"):
        Mixture.model_validate(damaged)


def test_the_stage_writes_them(tmp_path: Path, run_stage: Callable[..., Manifest]) -> None:
    shards = [framed("books", 0, [[5] * 8]), framed("c4", 1, [[5] * 8])]
    pack = write_packed(tmp_path, shards)
    phases = [Phase(until="50%", weights={"books": 1}), Phase(weights={"c4": 1})]
    done = run_stage(Mix(phases=tuple(phases), sequence_length=4, budget=16), [pack])
    assert read_mixture(done.folder).phases == ({"books": 2, "c4": 0}, {"books": 0, "c4": 2})

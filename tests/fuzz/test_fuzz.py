"""A slice of the fuzzer finds nothing; planted errors, crashes and hangs are found, named and can be run again."""

from __future__ import annotations

from random import Random

import pytest

from tests.fuzz.drive import Failure, cases_of, fuzz
from tests.fuzz.mutate import MAX_BYTES, mutated
from tests.fuzz.planted import DATA
from tests.fuzz.planted import all_targets as planted_targets
from tests.fuzz.target import chosen
from tests.fuzz.targets import all_targets

PLANTED = "tests.fuzz.planted"
SLICE_CASES = 1500


@pytest.mark.slow
def test_a_slice_of_mutated_inputs_ends_in_results_or_in_one_line() -> None:
    found = fuzz(cases_of(list(all_targets()), 5, SLICE_CASES))
    assert found.cases == SLICE_CASES
    assert [failure.line() for failure in found.failures] == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "kind", "detail"),
    [
        ("error", "ZeroDivisionError", "a fault that was planted (planted.py:"),
        ("crash", "crash", "SIGSEGV"),
        ("exit", "crash", "exit code 3"),
        ("hang", "hang", "killed after"),
        ("lost", "AssertionError", "a row is lost"),
        ("long", "AssertionError", "no one line"),
    ],
)
def test_a_planted_fault_is_found_and_named(name: str, kind: str, detail: str) -> None:
    case, sound = (_first_changed(target) for target in (name, "sound"))
    told: list[Failure] = []
    found = fuzz(
        [(name, 3, case), ("sound", 3, sound)], table=PLANTED, hang_seconds=0.5, on_failure=told.append
    )
    (failure,) = found.failures
    assert told == [failure]
    assert (failure.target, failure.seed, failure.case, failure.kind) == (name, 3, case, kind)
    assert detail in failure.detail
    assert f"--target {name} --seed 3 --case {case}" in failure.line()
    assert found.counts[("sound", "UserError")] == 1, "the next case runs in a process of its own"


def _first_changed(name: str) -> int:
    """The first case of a planted target whose bytes are others than its seed's."""
    target = planted_targets()[name]
    return next(case for case in range(100) if chosen(target, 3, case)[1] != DATA)


def test_a_case_is_the_same_whenever_it_is_made() -> None:
    target = planted_targets()["sound"]
    made = [chosen(target, 1, case)[1] for case in range(50)]
    assert made == [chosen(target, 1, case)[1] for case in range(50)]
    assert made != [chosen(target, 2, case)[1] for case in range(50)]
    assert sum(data != DATA for data in made) > 45


def test_cases_are_shared_out_over_all_targets() -> None:
    cases = list(cases_of(["a", "b", "c"], 1, 301))
    assert len(set(cases)) == 301
    assert sorted(sum(name == wanted for name, _, _ in cases) for wanted in "abc") == [100, 100, 101]


@pytest.mark.parametrize("data", [b"", b"\0", b"a", DATA, b"\x1f\x8b cut", bytes(range(256)) * 8])
def test_anything_can_be_mutated_and_stays_small(data: bytes) -> None:
    for number in range(200):
        assert len(mutated(data, DATA, Random(number))) <= MAX_BYTES

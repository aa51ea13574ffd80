"""`python -m tests.fuzz`: cases of all targets, or one case alone; a table of outcomes, and exit code 1 on a failure."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.fuzz.drive import HANG_SECONDS, Failure, Outcomes, cases_of, fuzz
from tests.fuzz.target import chosen, run_case
from tests.fuzz.targets import all_targets


def main() -> int:
    """The command."""
    options = _options()
    if options.case is not None:
        return _alone(options.target[0], options.seed, options.case, options.keep)
    names = options.target or list(all_targets())
    found = fuzz(
        cases_of(names, options.seed, options.cases),
        options.workers,
        hang_seconds=options.hang_seconds,
        on_failure=_say_failure,
    )
    for line in table(found):
        _say(line)
    return 1 if found.failures else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--cases", type=int, default=1000, help="cases in all")
    parser.add_argument("--seed", type=int, default=1, help="another seed makes other cases")
    parser.add_argument("--workers", type=int, default=1, help="processes")
    parser.add_argument(
        "--target", action="append", default=[], choices=list(all_targets()), help="only this one"
    )
    parser.add_argument("--case", type=int, help="this case of the one target alone, in this process")
    parser.add_argument("--keep", help="folder in which the files of the one case are left")
    parser.add_argument(
        "--hang-seconds", type=float, default=HANG_SECONDS, help="CPU time of a case, at most"
    )
    return parser.parse_args()


def _alone(name: str, seed: int, case: int, keep: str | None) -> int:
    target = all_targets()[name]
    found, data = chosen(target, seed, case)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(keep or folder)
        _say(f"{found.name}: {len(data)} bytes, of a seed of {len(found.data)}")
        _say(run_case(target, found, data, place))
    return 0


def table(found: Outcomes) -> list[str]:
    """A line for each target: cases, results, refusals in one line, failures."""
    lines = [f"{'target':16} {'cases':>8} {'results':>8} {'one line':>8} {'failures':>8}"]
    for name in dict.fromkeys(name for name, _ in sorted(found.counts)):
        own = {outcome: count for (target, outcome), count in found.counts.items() if target == name}
        bad = sum(own.get(outcome, 0) for outcome in ("error", "crash", "hang"))
        results = own.get("result", 0)
        total = sum(own.values())
        lines.append(f"{name:16} {total:8} {results:8} {total - results - bad:8} {bad:8}")
    results = sum(count for (_, outcome), count in found.counts.items() if outcome == "result")
    bad = len(found.failures)
    lines.append(f"{'all':16} {found.cases:8} {results:8} {found.cases - results - bad:8} {bad:8}")
    return lines


def _say_failure(failure: Failure) -> None:
    _say(failure.line())


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())

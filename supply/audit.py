"""Pins, what is installed and our code in, a report out: exit code 1 for what is wrong, 3 if the advisories are silent."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from supply.advisories import Answer, ask
from supply.code import all_findings
from supply.installed import changed_files, packages, unpinned
from supply.licences import refused
from supply.pins import CONSTRAINTS, ROOT, parse_versions

WRONG, NOT_ASKED = 1, 3


def report(title: str, lines: Iterable[str]) -> bool:
    """Print them below the title; whether there are any."""
    found = list(lines)
    print(f"{title}: {len(found) or 'none'}")
    for line in found:
        print(f"  {line}")
    return bool(found)


def report_advisories(answer: Answer) -> int:
    """The exit code that goes with it."""
    is_wrong = report(f"known vulnerabilities ({answer.known} versions looked up)", answer.vulnerable)
    if answer.failure or not answer.known:
        why = answer.failure or f"it knows none of {len(answer.unknown)} versions"
        print(f"known vulnerabilities were NOT checked: the advisory database cannot be reached ({why})")
        return WRONG if is_wrong else NOT_ASKED
    if answer.unknown:
        print(f"  the advisory database does not know {', '.join(answer.unknown)}")
    return WRONG if is_wrong else 0


def main() -> None:
    """Everything that can be told here, then the advisories."""
    installed = packages()
    wrong = [
        report(
            "packages that are not as pinned",
            unpinned(installed, parse_versions(CONSTRAINTS.read_text("utf-8"))),
        ),
        report("installed files that changed", (line for one in installed for line in changed_files(one))),
        report("licences that are not allowed", refused(installed)),
        report("calls of ours that run what a file says", all_findings(ROOT)),
    ]
    code = report_advisories(ask(ROOT))
    sys.exit(WRONG if any(wrong) else code)


if __name__ == "__main__":
    main()

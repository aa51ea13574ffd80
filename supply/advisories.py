"""Files of pins in, known vulnerabilities of their versions out, and how many of them the database knew at all."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NAMES = ("build", "main", "torch", "cuda", "tools")


@dataclass(frozen=True)
class Answer:
    """What came back."""

    known: int
    unknown: tuple[str, ...]
    vulnerable: tuple[str, ...]
    failure: str = ""


def read_answer(text: str) -> Answer:
    """What pip-audit prints as JSON. A version that the database does not have is no good news: it is named."""
    found: list[dict[str, Any]] = json.loads(text)["dependencies"]
    unknown = [one["name"] for one in found if "skip_reason" in one]
    vulnerable = [
        f"{one['name']} {one['version']}: {bad['id']}, mended in {', '.join(bad['fix_versions']) or 'no version'}"
        for one in found
        for bad in one.get("vulns", [])
    ]
    return Answer(len(found) - len(unknown), tuple(sorted(unknown)), tuple(sorted(set(vulnerable))))


def ask(root: Path, names: Iterable[str] = NAMES, seconds: int = 600) -> Answer:
    """Ask PyPI's database through pip-audit, which installs nothing."""
    command = [str(root / ".tools" / "bin" / "pip-audit"), "--format", "json", "--progress-spinner", "off"]
    command += ["--require-hashes", "--disable-pip", "--timeout", "15"]
    for name in names:
        command += ["--requirement", str(root / "pins" / f"{name}.txt")]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds)
        return read_answer(done.stdout)
    except subprocess.TimeoutExpired:
        return Answer(0, (), (), f"no answer in {seconds} seconds")
    except (ValueError, KeyError, TypeError, OSError) as error:
        said = done.stderr.strip().splitlines() if isinstance(error, ValueError) else [str(error)]
        return Answer(0, (), (), " ".join(said[-1:]) or type(error).__name__)

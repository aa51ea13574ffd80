"""A page of Markdown in, the files and commands that its blocks hold out, run too; and what tests of files ask of runs."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from pipeline.cli.main import main
from pipeline.config import parse_recipe
from stages.core.ledger import LEDGER_SCHEMA
from stages.core.manifest import DOCUMENTS, LEDGER, Manifest
from stages.core.parquet import read_documents
from stages.core.verb import Verb
from tests.wiring import Running

_FILE = re.compile(r"^```(?:python|toml|yaml)\n# (\S+\.\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def files_of_page(page: Path) -> dict[str, str]:
    """The content of every file of a page, by the name that its first line says."""
    return dict(_FILE.findall(page.read_text(encoding="utf-8")))


def blocks_of(text: str, language: str) -> list[str]:
    """Every block of a language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def shell_lines(text: str) -> list[str]:
    """Every command line of a page's `sh` blocks, in order."""
    return [line for block in blocks_of(text, "sh") for line in block.splitlines() if line.strip()]


def run_here(lines: list[str], inline: Collection[str] = ()) -> Iterator[str]:
    """Run command lines in the current folder, `altiplano` in this process; each line once it has run.

    Commands of `inline` get no workers: each would start a Ray of its own.
    """
    for line in lines:
        program, *arguments = shlex.split(line, comments=True)
        if program == "altiplano":
            main([*arguments, *(("--workers", "0") if arguments[0] in inline else ())])
        else:
            subprocess.run(["bash", "-c", line], check=True)
        yield line


def lay_out(files: Mapping[str, str], folder: Path) -> None:
    """Write files below a folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")


def step_of(step: Any) -> Verb:
    """A step as a recipe gives it."""
    raw = {"name": "r", "sources": {"c4": {"input": "x", "steps": [step]}}}
    (verb,) = parse_recipe(raw, {}).sources["c4"].steps
    return verb


def outcome(manifests: list[Manifest]) -> tuple[list[str], list[dict[str, Any]]]:
    """Ids of the last documents, and all ledger rows."""
    last = [manifest for manifest in manifests if manifest.of_kind(DOCUMENTS)][-1]
    kept = [name for batch in read_documents(last.uris(DOCUMENTS), ["id"]) for name in batch[0].to_pylist()]
    uris = [uri for manifest in manifests for uri in manifest.uris(LEDGER)]
    return kept, [row for uri in uris for row in pq.read_table(uri, schema=LEDGER_SCHEMA).to_pylist()]


def run_verb(verb: Verb, run_stage: Callable[..., Manifest], documents: Manifest) -> Any:
    running = Running(run_stage, documents=documents)
    verb.wire(running, "documents")
    return outcome(list(running.outputs.values()))


def lost(**values: Any) -> dict[str, Any]:
    """A whole ledger row: what is not given is null."""
    return dict.fromkeys(LEDGER_SCHEMA.names) | {"action": "drop"} | values

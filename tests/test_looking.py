"""docs/looking.md is true: its commands run as written on the demo, and its table has the fields that they print."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import pytest

from pipeline.ablate.compare import ArmComparison
from pipeline.cli.running import RunOutcome
from pipeline.inspect.batch import BatchRow
from pipeline.inspect.differences import Difference
from pipeline.inspect.document import TokenDocument
from pipeline.inspect.languages import LanguageRow
from pipeline.inspect.status import RunStatus
from pipeline.inspect.tokens import TokenRow
from pipeline.inspect.verify import Verified
from pipeline.inspect.warnings import LedgerWarning
from pipeline.look.sample import Looked
from stages.ingest.wikipedia.vanished import VanishedTemplate
from tests.demo import ROOT
from tests.page_files import run_here, shell_lines

PAGE = (ROOT / "docs" / "looking.md").read_text(encoding="utf-8")

RECORDS: dict[str, Any] = {
    "`inspect kept`, `inspect dropped`": Looked,
    "`inspect tokens`": TokenRow,
    "`inspect tokens --by-language`": LanguageRow,
    "`inspect batch`": BatchRow,
    "`inspect document`": TokenDocument,
    "`inspect templates`": VanishedTemplate,
    "`inspect warnings`": LedgerWarning,
    "`verify`": Verified,
    "`status`": RunStatus,
    "`diff`": Difference,
    "`ablate`": ArmComparison,
    "`run`, `train`, `tokenizer train`, `quality train`, `lm train`": RunOutcome,
}


def test_the_commands_run_as_written(
    demo_runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, place in (("runs", demo_runs), ("samples", ROOT / "samples")):
        (tmp_path / name).symlink_to(place)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path)
    lines = shell_lines(PAGE)
    assert len(lines) > 10
    for line in run_here(lines):
        assert capsys.readouterr().out, line


@pytest.mark.parametrize("command", RECORDS)
def test_the_table_of_json_has_every_field(command: str) -> None:
    (row,) = [line for line in PAGE.splitlines() if line.startswith(f"| {command} |")]
    record = RECORDS[command]
    is_plain = dataclasses.is_dataclass(record)
    fields = {field.name for field in dataclasses.fields(record)} if is_plain else set(record.model_fields)
    assert fields <= set(re.findall(r"`(\w+)`", row.split("|")[3]))

"""What a release consists of says one version, and names only what is there."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.demo import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
TEMPLATES = ROOT / ".github" / "ISSUE_TEMPLATE"


def test_changelog_and_citation_say_the_version_of_the_project() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    heads = re.findall(r"^## (.*)$", changelog, re.MULTILINE)
    assert heads[0] == PROJECT["version"] and len(heads) == len(set(heads))
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == PROJECT["version"]
    assert citation["license"] == PROJECT["license"]
    # what version 1.2.0 of the format asks for
    assert {"cff-version", "message", "title", "authors"} <= citation.keys()
    assert citation["cff-version"] == "1.2.0" and all(author.keys() for author in citation["authors"])


def test_the_image_copies_what_is_there_and_ends_at_our_command() -> None:
    instructions = re.sub(r"\\\n", " ", DOCKERFILE)
    copied = re.findall(r"^COPY (?!--from)(.*) \S+$", instructions, re.MULTILINE)
    names = [name for line in copied for name in line.split()]
    assert {"pins", "supply", "Makefile", "pyproject.toml", "README.md", "LICENSE"} <= set(names)
    packages = [name.removesuffix("*") for name in ("pipeline*", "stages*", "quality_classifier*")]
    assert {*packages, "altiplano.py", "configs", "samples/dumps"} <= set(names)
    assert [name for name in names if not (ROOT / name).exists()] == []
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert not set(ignored) & {name.split("/")[0] for name in names}
    base = set(re.findall(r"^FROM (\S+)", instructions, re.MULTILINE))
    assert len(base) == 1 and re.fullmatch(
        r"python:3\.11-slim-\w+", base.pop()
    )  # PyTorch's pinned CPU build is for 3.11
    assert "RUN make setup\n" in instructions
    (entry,) = re.findall(r'^ENTRYPOINT \["(.*)"\]$', instructions, re.MULTILINE)
    assert entry in PROJECT["scripts"]
    assert re.findall(r"^USER (\d+)$", instructions, re.MULTILINE) != ["0"]


@pytest.mark.parametrize("path", sorted(TEMPLATES.glob("*.yml")), ids=lambda path: path.stem)
def test_an_issue_template_is_one_that_github_reads(path: Path) -> None:
    template: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    if path.stem == "config":
        assert template.keys() <= {"blank_issues_enabled", "contact_links"}
        return
    assert {"name", "description", "body"} <= template.keys()
    ids = [part["id"] for part in template["body"]]
    assert len(ids) == len(set(ids)) and all(re.fullmatch(r"[\w-]+", name) for name in ids)
    for part in template["body"]:
        assert part["type"] in {"textarea", "input", "dropdown", "checkboxes"}
        assert part["attributes"]["label"]
        assert part["type"] not in {"dropdown", "checkboxes"} or part["attributes"]["options"]
        for page in re.findall(r"docs/\S+\.md", str(part["attributes"])):
            assert (ROOT / page).is_file()

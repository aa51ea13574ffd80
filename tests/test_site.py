"""The site: all pages are built without a warning, ask nothing of any network, have every option; the notebook is true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sphinx.cmd.build import build_main

import altiplano
from tests.demo import ROOT
from tests.notebook import read_notebook, run_notebook

DOCS = ROOT / "docs"

pytestmark = pytest.mark.filterwarnings("ignore:.*is deprecated. Check CHANGES for Sphinx")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("site")
    doctrees = str(tmp_path_factory.mktemp("doctrees"))
    options = ["-W", "--keep-going", "-q", "-b", "html", "-d", doctrees]
    assert build_main([*options, str(DOCS), str(made)]) == 0
    return made


@pytest.mark.slow
def test_every_page_is_built(site: Path) -> None:
    pages = {path.stem for kind in ("*.md", "*.ipynb") for path in DOCS.glob(kind)}
    assert pages <= {path.stem for path in site.glob("*.html")}
    for name, begins in (("contributing", "CONTRIBUTING.md"), ("changelog", "CHANGELOG.md")):
        heading = re.findall(r"^## (.*)$", (ROOT / begins).read_text(encoding="utf-8"), re.MULTILINE)[0]
        assert heading in (site / f"{name}.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_it_asks_nothing_of_any_network(site: Path) -> None:
    loads = r"<(?:script|link|img|iframe)\b[^>]*?(?:src|href)=\"((?:https?:)?//[^\"]*)\""
    for page in site.glob("*.html"):
        assert re.findall(loads, page.read_text(encoding="utf-8")) == [], page.name
    for style in (site / "_static").rglob("*.css"):
        assert not re.search(r"@import|url\(['\"]?(?:https?:)?//", style.read_text(encoding="utf-8")), (
            style.name
        )


@pytest.mark.slow
def test_the_reference_has_every_class_and_option(site: Path) -> None:
    page = (site / "reference.html").read_text(encoding="utf-8")
    for group in (altiplano.kinds(), altiplano.steps(), altiplano.rules()):
        for kind in group.values():
            assert f"altiplano.{kind.__name__}" in page
            for name in kind.model_fields.keys() - {"source", "input", "rule"}:
                assert f">{name}</" in page, f"{kind.__name__}.{name}"
    for name in altiplano.__all__:
        assert f'id="altiplano.{name}"' in page, name


def test_the_diagram_of_the_house_has_every_room() -> None:
    drawn = (DOCS / "images" / "house.svg").read_text(encoding="utf-8")
    rooms = [f"stages/{path.parent.name}" for path in (ROOT / "stages").glob("*/__init__.py")]
    assert len(rooms) > 10
    for room in ("pipeline", "quality_classifier", *rooms):
        assert f">{room}</text>" in drawn


@pytest.mark.slow
def test_the_notebook_prints_what_stands_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    shown = [cell.get("outputs") for cell in read_notebook().cells]
    assert len([outputs for outputs in shown if outputs]) > 5
    assert [cell.get("outputs") for cell in run_notebook().cells] == shown

"""The source archive builds the wheel, which works without the checkout: modules, recipes and samples are in it, no more."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from tests.demo import ROOT

PACKAGES = ("pipeline", "quality_classifier", "stages")
DOOR = "altiplano.py"
MAX_BYTES = 2_500_000


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source archive of a copy of what it is made of: building leaves files beside its sources."""
    source, made = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("sdist")
    for name in PACKAGES:
        caches = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, source / name, symlinks=True, ignore=caches)
    for name in ("configs", "samples/dumps"):
        shutil.copytree(ROOT / name, source / name)
    for name in (DOOR, "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    build = f"from setuptools.build_meta import build_sdist; build_sdist({str(made)!r})"
    subprocess.run([sys.executable, "-c", build], cwd=source, check=True, capture_output=True)
    (found,) = made.glob("*.tar.gz")
    return found


@pytest.fixture(scope="module")
def wheel(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that pip builds of the source archive."""
    made = tmp_path_factory.mktemp("wheel")
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--quiet", "--wheel-dir", str(made)]
    subprocess.run([sys.executable, "-m", "pip", "wheel", *options, str(sdist)], check=True)
    (found,) = made.glob("*.whl")
    return found


def relative(folder: Path, pattern: str) -> set[str]:
    return {str(path.relative_to(ROOT)) for path in folder.rglob(pattern) if path.is_file()}


def test_it_holds_the_packages_their_types_the_recipes_and_the_samples(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
        metadata = {name for name in archive.namelist() if name.endswith("entry_points.txt")}
        assert archive.read(metadata.pop()).decode().split() == [
            "[console_scripts]",
            "altiplano",
            "=",
            "altiplano:main",
        ]
    modules = {name for package in PACKAGES for name in relative(ROOT / package, "*.py")}
    shipped = {f"pipeline/shipped/{name}" for name in relative(ROOT / "configs", "*.yaml")}
    shipped |= {f"pipeline/shipped/{name}" for name in relative(ROOT / "samples" / "dumps", "*")}
    typed = {f"{package}/py.typed" for package in PACKAGES}
    tables = {
        "pipeline/explore/explore.css",
        "pipeline/explore/explore.js",
        "pipeline/report/page.css",
        "pipeline/report/page.js",
        "quality_classifier/hosts.txt",
        "stages/filter/rule_languages.toml",
        "stages/ingest/common_crawl/boilerplate/page_model.npz",
        "stages/ingest/common_crawl/boilerplate/text_model.npz",
        "stages/ingest/wikipedia/countries.txt",
        "stages/ingest/wikipedia/language_labels.txt",
        "stages/ingest/wikipedia/templates.txt",
        "stages/ingest/wikipedia/time_words.txt",
        "stages/ingest/wikipedia/unit_names.txt",
    }
    assert names == modules | shipped | typed | tables | {DOOR}
    assert wheel.stat().st_size < MAX_BYTES


def test_a_shipped_recipe_is_planned_with_nothing_but_the_wheel(wheel: Path, tmp_path: Path) -> None:
    """`-S`: no editable install of the checkout is found."""
    site, empty = tmp_path / "site", tmp_path / "empty"
    empty.mkdir()
    options = ["--no-deps", "--no-index", "--quiet", "--target", str(site)]
    subprocess.run([sys.executable, "-m", "pip", "install", *options, str(wheel)], check=True)
    assert (site / "bin" / "altiplano").is_file()
    paths = [str(site), *{sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}]
    script = f"import sys; sys.path[1:1] = {paths!r}; from altiplano import main; sys.argv[0] = 'altiplano'; main()"

    def command(*line: str) -> str:
        asked = [sys.executable, "-S", "-c", script, *line]
        done = subprocess.run(asked, cwd=empty, env={"PATH": ""}, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    told = command("plan", "demo").splitlines()
    assert told[0].endswith("run folder runs/demo")
    assert "  books: 9 files, 110.6 KB" in told
    assert command("--version") == f"altiplano {wheel.name.split('-')[1]}\n"
    assert list(empty.iterdir()) == []

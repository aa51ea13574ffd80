"""docs/extending.md is true: its package is installed as it stands there, and what the page says of it is so."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from pipeline.cli.main import main
from stages.core.errors import UserError
from stages.core.ledger import LEDGER_SCHEMA
from stages.tokenize.exports import FORMATS
from tests.demo import ROOT, TIMEOUT_SECONDS
from tests.page_files import files_of_page, lay_out, lost
from tests.plugin_packages import forgotten_afterwards
from tests.small_run import bytes_of

PAGE = ROOT / "docs" / "extending.md"
FILES = files_of_page(PAGE)
RECIPE = "films.yaml"
PLACES = {
    "kind: subtitles": "kind: subtitle_tools.reader:SubtitlesIngest",
    "- sample_documents:": "- subtitle_tools.verbs:SampleDocuments:",
    "[digits:": "[subtitle_tools.rules:DigitsRule:",
}
INLINE = ["--workers", "0", "--quiet"]


def subtitles(number: int) -> str:
    """A file in which one line is heard and three are said."""
    words = [f"word{number * (i + 1) % 23}" for i in range(12)]
    words = [re.sub(r"\d+", lambda found: "abcdefghijklmnopqrstuvw"[int(found[0])], word) for word in words]
    said = ["[door closes]", " ".join(words[:4]), " ".join(words[4:8]), " ".join(words[8:])]
    return "\n".join(f"{i}\n00:00:0{i},000 --> 00:00:0{i},500\n{line}\n" for i, line in enumerate(said, 1))


FILMS = {f"films/{number:02d}.srt": subtitles(number) for number in range(1, 9)}
FILMS["films/numbers.srt"] = "1\n00:00:01,000 --> 00:00:02,000\n3 2 1 0 at 1999\n"
FILMS["films/silent.srt"] = "1\n00:00:01,000 --> 00:00:02,000\n[wind]\n"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that pip installed the page's package into."""
    folder = tmp_path_factory.mktemp("package")
    lay_out(FILES, folder)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index"]
    command += ["--no-deps", "--no-build-isolation", "--target", str(folder / "site"), str(folder)]
    subprocess.run(command, check=True, capture_output=True, timeout=TIMEOUT_SECONDS)
    return folder / "site"


@pytest.fixture
def there(site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with the recipe and the films, where one is; the package is installed."""
    lay_out(FILMS | {RECIPE: FILES[RECIPE]}, tmp_path)
    lay_out({"places.yaml": in_places(FILES[RECIPE])}, tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(site))
    with forgotten_afterwards(site):
        yield tmp_path


def in_places(recipe: str) -> str:
    """The recipe with the places of classes instead of their names."""
    for name, place in PLACES.items():
        assert recipe.count(name) == 1
        recipe = recipe.replace(name, place)
    return recipe


def ledger_rows(run: str) -> list[dict[str, Any]]:
    files = sorted(Path(run).glob("*/ledger/*.parquet"))
    return [row for file in files for row in pq.read_table(file, schema=LEDGER_SCHEMA).to_pylist()]


def kept(stage: str) -> list[tuple[str, str]]:
    (folder,) = Path().glob(f"{stage}-*/documents")
    rows = [row for file in sorted(folder.glob("*.parquet")) for row in pq.read_table(file).to_pylist()]
    return [(row["id"], row["text"]) for row in rows]


def test_every_file_of_the_page_is_taken() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert len(FILES) == len(re.findall(r"^```(?:python|toml|yaml)$", text, re.MULTILINE)) == 7
    assert not [name for name in FILES if name.endswith(".py") and (ROOT / name).exists()]


def test_kind_verb_and_rule_go_the_whole_way_of_a_recipe(
    there: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["run", RECIPE, *INLINE])
    table = [line.split() for line in capsys.readouterr().out.splitlines()]
    (row,) = [cells for cells in table if cells[:1] == ["films"]]
    kept_in_the_end = kept("work/films/05-films.filter")
    assert (row[1], row[5], row[6]) == (str(len(kept_in_the_end)), "100.0%", "2.00")
    assert ("films/01.srt", "\n".join(FILMS["films/01.srt"].splitlines()[i] for i in (6, 10, 14))) in kept(
        "work/films/00-films.ingest_subtitles"
    )
    silent, *sampled, numbers = ledger_rows("work/films")
    assert silent == lost(
        id="films/silent.srt",
        source="films",
        stage="ingest_subtitles",
        rule="nothing_said",
        text_bytes=len(FILMS["films/silent.srt"]),
    )
    assert numbers == lost(
        id="films/numbers.srt",
        source="films",
        stage="filter",
        rule="digits",
        value=8 / 15,
        threshold=0.3,
        text_bytes=15,
    )
    assert {(row["stage"], row["rule"], row["threshold"]) for row in sampled} <= {
        ("subtitle_tools_sample", "not_in_sample", 0.9)
    }
    assert all(row["value"] >= 0.9 for row in sampled)
    assert len(kept_in_the_end) + len(sampled) == 8


def test_names_and_places_are_the_same_run(there: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["run", RECIPE, *INLINE])
    capsys.readouterr()
    main(["run", "places.yaml", *INLINE])
    assert "work/films: nothing to do, every stage is finished" in capsys.readouterr().out


def test_the_pages_commands_run_as_written(there: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (block,) = re.findall(r"^```sh\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    lines = [shlex.split(line) for line in block.splitlines()]
    assert [line[:2] for line in lines] == [
        ["altiplano", name] for name in ("run", "export", "ingest", "dedup", "filter")
    ]
    for _, *arguments in lines:
        main([*arguments, *(INLINE if arguments[0] != "export" else [])])
    assert "work/ids: 3 files: films.ids, mixture.json, dataset.json" in capsys.readouterr().out
    ids = [line.split() for line in Path("work/ids/films.ids").read_text().splitlines()]
    assert len(ids) == len(kept("work/films/05-films.filter"))
    assert {(line[0], line[-1]) for line in ids} == {("1", "2")}
    assert ("subtitles/silent.srt", "[wind]") in kept("work/ingested/00-ingest_subtitles")
    again = [*lines[-1][1:], *INLINE]
    again[again.index("digits")] = "subtitle_tools.rules:DigitsRule"
    main(again)
    main([*lines[1][1:-1], "work/again"])
    main(
        [
            "export",
            "tokens",
            "work/films",
            "--format",
            "subtitle_tools.formats:IdLines",
            "--out",
            "work/place",
        ]
    )
    assert "work/filtered: nothing to do, every stage is finished" in capsys.readouterr().out
    assert bytes_of(Path("work/place")) == bytes_of(Path("work/again")) == bytes_of(Path("work/ids"))


@pytest.mark.usefixtures("there")
def test_help_and_suggestions_know_them(capsys: pytest.CaptureFixture[str]) -> None:
    def shown(*arguments: str) -> str:
        try:
            main(list(arguments))
        except SystemExit as stopped:
            assert stopped.code == 2
        told = capsys.readouterr()
        return told.out + told.err

    assert "Raw files of subtitles to documents." in shown("ingest", "--help")
    assert "Keep a share of the documents." in shown("dedup")
    assert "Drop texts of many digits." in shown("filter", "--help")
    assert "--sounds" in shown("ingest", "subtitles", "--help")
    assert "one of huggingface, id_lines, litdata" in " ".join(shown("export", "tokens", "--help").split())
    assert shown("ingest", "subtitels", "x") == (
        "altiplano: no command 'ingest subtitels'; did you mean 'subtitles'?\n"
    )
    with pytest.raises(UserError, match="no format 'id_line'; did you mean 'id_lines'?"):
        FORMATS.find("id_line")


def run_elsewhere(folder: Path, path: list[Path], *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, with these folders on the path."""
    return subprocess.run(
        [sys.executable, *arguments, "--quiet"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, path))},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )


@pytest.mark.slow
def test_workers_find_what_the_command_found_and_tell_what_they_do_not_find(there: Path, site: Path) -> None:
    main(["run", RECIPE, *INLINE])
    alone = bytes_of(Path("work/films"))
    run = ["-m", "pipeline.cli", "run"]
    for number, (recipe, folder, path) in enumerate(
        [
            (RECIPE, there, [site, ROOT]),  # installed
            ("places.yaml", there, [site, ROOT]),  # on PYTHONPATH
            (str(there / "places.yaml"), site, [ROOT]),  # in the current folder
        ]
    ):
        text = (there / recipe).read_text().replace("films/*", f"{there}/films/*")
        (there / f"{number}.yaml").write_text(text.replace("run: work/films", f"run: {there}/work/{number}"))
        done = run_elsewhere(folder, path, *run, str(there / f"{number}.yaml"), "--workers", "2")
        assert done.returncode == 0, done.stderr
        assert bytes_of(there / "work" / str(number)) == alone
    code = "import sys; sys.path.insert(0, sys.argv.pop(1)); from pipeline.cli.main import main; main(sys.argv[1:])"
    (there / "lost.yaml").write_text(FILES[RECIPE].replace("work/films", "work/lost"))
    done = run_elsewhere(there, [ROOT], "-c", code, str(site), "run", "lost.yaml", "--workers", "1")
    assert (done.returncode, done.stderr) == (
        2,
        "altiplano: a worker cannot import what a stage is made of (ModuleNotFoundError: No module named 'subtitle_tools');"
        " install the package of the plug-in there, or name its folder in the workers' PYTHONPATH (docs/extending.md)\n",
    )

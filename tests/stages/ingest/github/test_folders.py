"""Checked-out folders: what is a repository, what belongs to it, its commit and its place; nothing of `.git` is read."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from identify.vendor.licenses import LICENSES

from stages.core.errors import UserError
from stages.core.manifest import Manifest
from stages.ingest.base import RawPart, raw_files_of
from stages.ingest.github.folders import find_raw_files
from stages.ingest.github.stage import GithubIngest
from stages.ingest.raw import Loss, RawDocument, RawRecord

TEXTS = dict(LICENSES)
SHA, OTHER_SHA = "0123456789abcdef0123456789abcdef01234567", "89abcdef0123456789abcdef0123456789abcdef"
CODE = "def add(left, right):\n    return left + right\n"


def put(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def make_git(root: Path, origin: str = "https://github.com/ada/engine.git", head: str = SHA) -> None:
    config = (
        f'[core]\n\tbare = false\n[remote "origin"]\n\tfetch = +refs/*\n\turl = {origin}\n[branch "main"]\n'
    )
    put(root / ".git", {"HEAD": head + "\n", "config": config, "objects/ab/cdef": "x" * 1000})


def make_archive(path: Path) -> None:
    with tarfile.open(path, "w:gz") as tar:
        for name, text in {"top/LICENSE": TEXTS["MIT"], "top/a.py": CODE}.items():
            info = tarfile.TarInfo(name)
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text.encode()))


def read(*patterns: Path | str, **config: Any) -> dict[str, RawRecord]:
    """All records of an input by `raw file:key`."""
    stage = GithubIngest(input=tuple(map(str, patterns)), **config)
    raws = [raw for task in stage.plan(()) for raw in raw_files_of(task)]
    return {f"{raw.name}:{record.key}": record for raw in raws for record in stage.read(raw)}


def rules(records: dict[str, RawRecord]) -> dict[str, str]:
    """The rule of each record, `kept` for a document."""
    return {key: record.rule if isinstance(record, Loss) else "kept" for key, record in records.items()}


def test_a_checkout_given_directly(tmp_path: Path) -> None:
    root = tmp_path / "engine"
    make_git(root)
    put(root, {"LICENSE": TEXTS["MIT"], "src/a.py": CODE, "a.png": "x"})
    found = read(root)
    assert found["engine:src/a.py"] == RawDocument(
        "src/a.py",
        CODE,
        f"https://github.com/ada/engine/blob/{SHA}/src/a.py",
        metadata={
            "repository": "ada/engine",
            "path": "src/a.py",
            "license": ["MIT"],
            "license_from": ["LICENSE"],
            "language": "Python",
            "header_chars": 0,
            "content_hash": hashlib.blake2b(CODE.encode(), digest_size=16).hexdigest(),
            "commit": SHA,
        },
    )
    assert rules(found) == {
        "engine:.git": "git_internals",
        "engine:LICENSE": "extension",
        "engine:a.png": "extension",
        "engine:src/a.py": "kept",
    }


def test_archives_and_checkouts_in_one_folder(tmp_path: Path) -> None:
    make_git(tmp_path / "one")
    put(tmp_path, {
        "one/LICENSE": TEXTS["MIT"], "one/a.py": CODE, "one/test/fixture.tar.gz": "an archive of the repository's own",
        "group/two/COPYING": TEXTS["GPL-2.0"], "group/two/a.py": CODE,
        "three/package.json": '{"license": "MIT"}', "three/index.js": CODE,
        "stray.py": CODE, "unmarked/a.py": CODE,
    })  # fmt: skip
    make_archive(tmp_path / "four.tar.gz")
    assert rules(read(tmp_path)) == {
        "one:.git": "git_internals",
        "one:LICENSE": "extension",
        "one:a.py": "kept",
        "one:test/fixture.tar.gz": "extension",
        "group/two:COPYING": "license",
        "group/two:a.py": "license",
        "three:package.json": "kept",
        "three:index.js": "kept",
        "four.tar.gz:top/LICENSE": "extension",
        "four.tar.gz:top/a.py": "kept",
        ".:stray.py": "license",
        ".:unmarked/a.py": "license",
    }


def test_a_licence_beside_archives_makes_no_repository_of_them(tmp_path: Path) -> None:
    put(tmp_path, {"LICENSE": TEXTS["MIT"]})
    for name in ("a.tar.gz", "b.tar.gz"):
        make_archive(tmp_path / name)
    assert rules(read(tmp_path))["a.tar.gz:top/a.py"] == "kept"


def test_a_submodule_is_a_repository_of_its_own(tmp_path: Path) -> None:
    root = tmp_path / "outer"
    make_git(root)
    make_git_module = root / ".git" / "modules" / "inner"
    put(make_git_module, {
        "HEAD": "ref: refs/heads/main\n", "packed-refs": f"# pack-refs\n{OTHER_SHA} refs/heads/main\n",
        "config": '[remote "origin"]\n\turl = git@github.com:bob/inner.git\n',
    })  # fmt: skip
    put(root, {
        "LICENSE": TEXTS["MIT"], "a.py": CODE,
        "sub/inner/.git": "gitdir: ../../.git/modules/inner\n",
        "sub/inner/COPYING": TEXTS["GPL-3.0"], "sub/inner/b.py": CODE,
    })  # fmt: skip
    found = read(root)
    assert rules(found) == {
        "outer:.git": "git_internals",
        "outer:LICENSE": "extension",
        "outer:a.py": "kept",
        "outer/sub/inner:.git": "git_internals",
        "outer/sub/inner:COPYING": "license",
        "outer/sub/inner:b.py": "license",
    }
    inner = found["outer/sub/inner:b.py"]
    assert inner.url == f"https://github.com/bob/inner/blob/{OTHER_SHA}/b.py"


@pytest.mark.parametrize(
    ("origin", "name"),
    [
        ("https://github.com/ada/engine", "ada/engine"),
        ("https://github.com/ada/engine.git", "ada/engine"),
        ("https://ada:secret@github.com/ada/engine.js.git", "ada/engine.js"),
        ("git@github.com:ada/engine.git", "ada/engine"),
        ("ssh://git@github.com/ada/engine.git", "ada/engine"),
        ("https://gitlab.com/ada/engine.git", "folder"),
        ("../elsewhere", "folder"),
    ],
)
def test_owner_and_name_by_the_remote(tmp_path: Path, origin: str, name: str) -> None:
    make_git(tmp_path / "folder", origin)
    put(tmp_path / "folder", {"LICENSE": TEXTS["MIT"], "a.py": CODE})
    record = read(tmp_path / "folder")["folder:a.py"]
    assert isinstance(record, RawDocument)
    assert record.metadata["repository"] == name
    assert (record.url is not None) == ("/" in name)
    assert "secret" not in str(record)


def test_the_commit_of_a_branch_that_is_not_packed(tmp_path: Path) -> None:
    make_git(tmp_path / "a", head="ref: refs/heads/work/x")
    put(tmp_path / "a", {"LICENSE": TEXTS["MIT"], "a.py": CODE, ".git/refs/heads/work/x": OTHER_SHA + "\n"})
    record = read(tmp_path / "a")["a:a.py"]
    assert isinstance(record, RawDocument)
    assert record.metadata["commit"] == OTHER_SHA


def test_a_folder_named_like_a_download(tmp_path: Path) -> None:
    put(tmp_path / "ada__engine-0123456789", {"LICENSE": TEXTS["MIT"], "a.py": CODE})
    record = read(tmp_path)["ada__engine-0123456789:a.py"]
    assert record.url == "https://github.com/ada/engine/blob/0123456789/a.py"


def test_trap_links_are_not_followed(tmp_path: Path) -> None:
    put(tmp_path, {"secret.py": CODE, "a/LICENSE": TEXTS["MIT"], "a/b.py": CODE})
    (tmp_path / "a" / "link.py").symlink_to("../secret.py")
    (tmp_path / "a" / "loop").symlink_to(".")
    (tmp_path / "a" / "broken").symlink_to("nowhere")
    found = rules(read(tmp_path / "a"))
    assert found == {
        "a:LICENSE": "extension",
        "a:b.py": "kept",
        "a:link.py": "not_a_file",
        "a:loop": "not_a_file",
        "a:broken": "not_a_file",
    }


def test_trap_a_link_to_the_licence_states_nothing(tmp_path: Path) -> None:
    put(tmp_path, {"MIT": TEXTS["MIT"], "a/.git/HEAD": SHA, "a/b.py": CODE})
    (tmp_path / "a" / "LICENSE").symlink_to("../MIT")
    assert rules(read(tmp_path / "a"))["a:b.py"] == "license"


def test_a_file_that_cannot_be_read_is_a_row(tmp_path: Path) -> None:
    put(tmp_path / "a", {"LICENSE": TEXTS["MIT"], "b.py": CODE, "c.py": CODE})
    stage = GithubIngest(input=(str(tmp_path / "a"),))
    raw = raw_files_of(stage.plan(())[0])[0]
    records = stage.read(raw)
    assert next(records).key == "LICENSE"
    (tmp_path / "a" / "b.py").unlink()
    assert [(r.key, r.rule if isinstance(r, Loss) else "kept") for r in records] == [
        ("b.py", "unreadable"),
        ("c.py", "kept"),
    ]


def test_thousands_of_tiny_files_are_one_task(tmp_path: Path) -> None:
    put(tmp_path / "a", {"LICENSE": TEXTS["MIT"]} | {f"d{i % 7}/f{i}.py": "a\n" for i in range(3000)})
    make_git(tmp_path / "a")
    tasks = GithubIngest(input=(str(tmp_path),)).plan(())
    size = len(TEXTS["MIT"].encode()) + 6000
    assert [len(task.inputs) for task in tasks] == [1]
    assert tasks[0].params.parts == (RawPart(name="a", size=size, start=0, stop=size),)


def test_the_fingerprint_follows_content_commit_and_names_but_not_the_place(tmp_path: Path) -> None:
    def fingerprint(folder: Path) -> str:
        return GithubIngest(input=(str(folder),)).fingerprint(())

    prints = []
    for number in range(2):
        make_git(tmp_path / f"{number}" / "a")
        put(tmp_path / f"{number}" / "a", {"LICENSE": TEXTS["MIT"], "b.py": CODE, "c.bin": "x"})
        prints.append(fingerprint(tmp_path / f"{number}" / "a"))
    assert prints[0] == prints[1]
    root = tmp_path / "0" / "a"
    put(root, {"b.py": CODE.replace("left", "lift")})
    prints.append(fingerprint(root))
    put(root, {".git/HEAD": OTHER_SHA})
    prints.append(fingerprint(root))
    put(root, {"d.bin": "x"})
    prints.append(fingerprint(root))
    assert len(set(prints)) == 4


def test_patterns(tmp_path: Path) -> None:
    put(tmp_path, {"x/a/LICENSE": "x", "x/b/LICENSE": "x", "y/c.tar.gz": "x", "x/d.zip": "x"})

    def names(pattern: str) -> list[str]:
        return sorted(file.name for file in find_raw_files(str(tmp_path / pattern)))

    assert names("x") == ["a", "b", "d.zip"]
    assert names("x/*") == ["a", "b", "d.zip"]
    assert names("x/**") == ["a", "b", "d.zip"]
    assert names("*/*") == ["x/a", "x/b", "x/d.zip", "y/c.tar.gz"]
    assert names("**/*.tar.gz") == ["y/c.tar.gz"]
    assert names("*/[ab]") == ["x/a", "x/b"]
    assert names("y/c.tar.gz") == ["c.tar.gz"]
    (tmp_path / "link").symlink_to("x/a")
    assert names("lin*") == ["link"]
    for missing in ("nothing", "*.none"):
        with pytest.raises(UserError):
            find_raw_files(str(tmp_path / missing))


def test_a_run_over_a_checkout_adds_up(tmp_path: Path, run_stage: Callable[..., Manifest]) -> None:
    make_git(tmp_path / "in" / "a")
    put(tmp_path / "in" / "a", {"LICENSE": TEXTS["MIT"], "b.py": CODE, "empty.py": "", "vendor/c.py": CODE})
    manifest = run_stage(GithubIngest(input=(str(tmp_path / "in"),)))
    assert (manifest.created, manifest.documents_out) == (5, 1)
    assert manifest.dropped == {"empty_text": 1, "extension": 1, "git_internals": 1, "vendored": 1}


@pytest.mark.real
def test_real_checkouts_give_the_documents_of_their_archives(shared_data: Path, tmp_path: Path) -> None:
    for name in ("redis__hiredis-29ea2791c1", "gin-gonic__gin-dcaa4296d1"):
        with tarfile.open(shared_data / "github" / f"{name}.tar.gz") as tar:
            tar.extractall(tmp_path / "checkouts", filter="data")
    archives = read(*(str(shared_data / "github" / f"{n}*") for n in ("redis", "gin")))
    folders = read(tmp_path / "checkouts")

    def texts(records: dict[str, RawRecord]) -> list[tuple[str, str]]:
        kept = [record for record in records.values() if isinstance(record, RawDocument)]
        return sorted((record.metadata["path"], record.text) for record in kept)

    assert texts(folders) == texts(archives)
    assert len(texts(folders)) > 150


def test_remote_folders_are_walked_alike(tmp_path: Path) -> None:
    make_git(tmp_path / "in" / "a")
    put(tmp_path / "in" / "a", {"LICENSE": TEXTS["MIT"], "src/b.py": CODE})
    make_archive(tmp_path / "in" / "b.tar.gz")
    assert read(f"file://{tmp_path}/in") == read(tmp_path / "in")
    assert read(f"file://{tmp_path}/in/*") == read(tmp_path / "in")


def test_two_patterns_for_one_repository_are_a_mistake(tmp_path: Path) -> None:
    put(tmp_path, {"x/a/LICENSE": TEXTS["MIT"], "x/a/b.py": CODE})
    with pytest.raises(UserError, match="two patterns"):
        read(tmp_path / "*" / "a", tmp_path / "x")

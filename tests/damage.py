"""`python -m tests.damage RUN`: a copy of a finished run in, whether `verify` names every damage to its files out."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from pipeline.inspect.verify import verify


def flip(path: Path, offset: int) -> None:
    data = bytearray(path.read_bytes())
    data[offset] ^= 1
    path.write_bytes(bytes(data))


def other_file(path: Path, run: Path) -> Path:
    """A file of the same sort and other content, of another stage where there is one."""
    same = [p for p in sorted(run.rglob(f"*{path.suffix}")) if p.read_bytes() != path.read_bytes()]
    return next((p for p in same if p.parent.name == path.parent.name), same[0] if same else run / "run.json")


def remove(path: Path, run: Path) -> None:
    path.unlink()


def cut(path: Path, run: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip_middle(path: Path, run: Path) -> None:
    flip(path, path.stat().st_size // 2)


def swap(path: Path, run: Path) -> None:
    path.write_bytes(other_file(path, run).read_bytes())


DAMAGES: tuple[Callable[[Path, Path], None], ...] = (remove, cut, flip_middle, swap)


def files_of_every_kind(run: Path) -> list[Path]:
    """The first and the last file of every kind: of every name of a folder and suffix."""
    kinds: dict[tuple[str, str], list[Path]] = {}
    for path in sorted(run.rglob("*")):
        if path.is_file():
            kinds.setdefault(
                (path.parent.name if path.name != "manifest.json" else "", path.suffix), []
            ).append(path)
    return sorted({path for files in kinds.values() for path in (files[0], files[-1])})


def kind_of(path: Path, run: Path) -> str:
    """What sort of file it is, for a table."""
    if path.parent == run or path.name == "manifest.json":
        return path.name
    return f"{path.parent.name}/*{path.suffix}"


def check_all_damage(run: Path) -> Counter[str]:
    """Do every damage to the first and last file of every kind, and see it named by the file; damages by kind."""
    assert verify(str(run)).faults == ()
    done: Counter[str] = Counter()
    for path in files_of_every_kind(run):
        whole = path.read_bytes()
        for damage in DAMAGES:
            if path.name == "run.json" and damage is remove:
                continue  # a folder without it is no run, and is refused
            damage(path, run)
            assert str(path) in {fault.uri for fault in verify(str(run)).faults}, (path, damage.__name__)
            path.write_bytes(whole)
            done[kind_of(path, run)] += 1
    assert verify(str(run)).faults == ()
    return done


def main(run: str) -> None:
    """Print a line for each kind."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(shutil.copytree(run, Path(folder) / "run"))
        for kind, number in sorted(check_all_damage(copy).items()):
            sys.stdout.write(f"| {kind} | {number} | all |\n")


if __name__ == "__main__":
    main(sys.argv[1])

"""REUSE's files about licences (`REUSE.toml`, `.reuse/dep5`) in, which paths are under which SPDX expression out.

https://reuse.software/spec/: a repository's `LICENSES` folder holds the texts of all licences in it; which file is under
which is said by the file itself, or by these files for many at once. What is said last holds.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from stages.ingest.github.globs import Glob, glob_of

_DEP5 = ".reuse/dep5"
_TOML = "REUSE.toml"
_DEP5_FIELD = re.compile(r"^([A-Za-z-]+):[ \t]*(.*(?:\n[ \t]+.*)*)", re.MULTILINE)
_PARAGRAPH = re.compile(r"\n[ \t]*\n")
SIDE_FILE = ".license"
"""What the name of a file ends in that states the licence of the one beside it."""

MAX_ANNOTATIONS = 1_000
MAX_PATTERN_CHARS = 500


@dataclass(frozen=True)
class Annotation:
    """Paths, as a pattern of whole ones, and the SPDX expression that they are under."""

    paths: Glob
    expression: str


def is_reuse_file(path: str) -> bool:
    """Whether the file at `path` says which other files are under which licence."""
    return path == _DEP5 or path.rpartition("/")[2] == _TOML


def annotations_of(texts: Mapping[str, str]) -> list[Annotation]:
    """What REUSE's files among `texts`, path to text, say, the last word last; a broken file says nothing."""
    found: list[Annotation] = []
    for path in sorted(filter(is_reuse_file, texts), key=lambda path: (path != _DEP5, path.count("/"), path)):
        said = _of_dep5(texts[path]) if path == _DEP5 else _of_toml(texts[path], path.removesuffix(_TOML))
        found += [one for one in said if one is not None]
    return found[:MAX_ANNOTATIONS]


def _of_dep5(text: str) -> Iterator[Annotation | None]:
    for paragraph in _PARAGRAPH.split(text.replace("\r\n", "\n")):
        fields = {name.lower(): value for name, value in _DEP5_FIELD.findall(paragraph)}
        expression = fields.get("license", "").partition("\n")[0].strip()
        for glob in fields.get("files", "").split() if expression else ():
            yield _annotation("", glob, expression, crosses=True)


def _of_toml(text: str, folder: str) -> Iterator[Annotation | None]:
    try:
        listed = tomllib.loads(text).get("annotations", [])
    except (ValueError, RecursionError):  # numbers of thousands of digits, thousands of brackets
        return
    for entry in listed if isinstance(listed, list) else []:
        if not isinstance(entry, dict):
            continue
        said = entry.get("SPDX-License-Identifier", [])
        expressions = [said] if isinstance(said, str) else said
        paths = entry.get("path", [])
        if (
            not isinstance(expressions, list)
            or not expressions
            or not all(isinstance(one, str) for one in expressions)
        ):
            continue
        expression = (
            expressions[0] if len(expressions) == 1 else " AND ".join(f"({one})" for one in expressions)
        )
        for glob in [paths] if isinstance(paths, str) else paths if isinstance(paths, list) else []:
            if isinstance(glob, str):
                yield _annotation(folder, glob, expression, crosses=False)


def _annotation(folder: str, glob: str, expression: str, crosses: bool) -> Annotation | None:
    """`crosses` where a star stands for slashes, too."""
    if len(glob) > MAX_PATTERN_CHARS:
        return None
    return Annotation(glob_of(glob.removeprefix("./"), folder, crosses=crosses), expression)

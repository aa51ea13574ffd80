"""A name that data brought in, its place below a folder out: no name leaves the folder that it was meant for.

Sources of documents, languages, lists of remote files and manifests of others name files; all of them are joined here.
"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

from stages.core import storage
from stages.core.documents import LANGUAGE_MARK
from stages.core.errors import UserError

MAX_NAME_BYTES = 1024
MAX_PART_BYTES = 255
"""What Linux's file systems take of one part of a path; S3 takes 1,024 bytes of a whole key."""

MAX_SOURCE_CHARS = 100

NUMBER_DIGITS = 5
"""Of the numbers in files' names: tasks, shards, merges."""

_UNSAFE_CHARACTERS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\\\\]")
_NUMBER_AT_END = re.compile(r"(?:[a-z](?=[0-9]{6}))?[0-9]+\Z")
_SOURCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


def is_safe_name(name: str) -> bool:
    """Whether a name, perhaps with folders (`a/b`), stays below whatever folder it is joined with, and is a file's."""
    parts = name.split("/")
    return (
        _UNSAFE_CHARACTERS.search(name) is None
        and all(part not in ("", ".", "..") for part in parts)
        and len(name.encode()) <= MAX_NAME_BYTES
        and all(len(part.encode()) <= MAX_PART_BYTES for part in parts)
    )


def below(folder: str, name: str) -> str:
    """The place of `name` below `folder`, paths and URIs alike; a UserError when the name would leave it."""
    if not is_safe_name(name):
        raise UserError(f"{folder}: {name[:200]!r} is no name of a file below it; rename what is called so")
    return storage.join(folder, name)


def name_of_number(number: int) -> str:
    """A number from 0 on as a part of names that sort as the numbers do: 00007, 99999, a100000, b1000000.

    What has more than NUMBER_DIGITS digits begins with a letter, which sorts behind all digits.
    """
    digits = f"{number:0{NUMBER_DIGITS}d}"
    more = len(digits) - NUMBER_DIGITS
    return chr(ord("a") + more - 1) + digits if more else digits


def without_number(name: str) -> str:
    """What stands before the number at a name's end."""
    return _NUMBER_AT_END.sub("", name)


def _is_source(name: str) -> str:
    if (fault := source_fault(name)) is not None:
        raise ValueError(fault)
    return name


def source_fault(name: str) -> str | None:
    """What is wrong with a source's name, which becomes a part of files' names; None when nothing is."""
    return name_fault(name, "source")


def name_fault(name: str, what: str) -> str | None:
    """What is wrong with the name of a source, or of what else files are named after; None when nothing is."""
    if len(name) > MAX_SOURCE_CHARS:
        return (
            f"{name[:40]!r}... has {len(name):,} characters; a {what}'s name has {MAX_SOURCE_CHARS} at most"
        )
    if _SOURCE.fullmatch(name) is None:
        return f"{name!r} is no name of a {what}: letters of ASCII, digits, `_`, `-` and `.`, a letter or digit first"
    return None


def file_stem(name: str) -> str:
    """A source, or a source and its language (`wikipedia:de`), as the beginning of a file's name: `wikipedia.de`.

    A dot stands for the mark between them and `._` for a dot of their own, so no two names are written alike: after the
    mark comes a letter or a digit. Only characters of POSIX's portable file names are left, which every system takes.
    A UserError where a name is none of a source.
    """
    parts = name.split(LANGUAGE_MARK, 1)
    for part in parts:
        if fault := source_fault(part):
            raise UserError(fault)
    return ".".join(part.replace(".", "._") for part in parts)


SourceName = Annotated[str, AfterValidator(_is_source)]
"""A field that holds the name of a source."""

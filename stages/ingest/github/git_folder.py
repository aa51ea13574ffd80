"""A checkout's `.git` in, its commit and its place on GitHub out; nothing else in there is read."""

from __future__ import annotations

import re

from stages.core import storage
from stages.core.errors import ReadFaultError, UserError
from stages.core.reading import is_of_input

MAX_GIT_FILE_BYTES = 4 << 20

_SHA = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_ORIGIN = re.compile(r'^\[remote "origin"\][^\[]*?^\s*url\s*=\s*(\S+)', re.M | re.S)
_GITHUB = re.compile(
    r"(?:(?:https?|git|ssh|git\+ssh)://(?:[^/@\s]*@)?(?:www\.)?(?:ssh\.)?github\.com(?::\d+)?/|(?:[\w.-]+@)?github\.com:/?)"
    r"([A-Za-z0-9-]+)/([\w.-]+?)(?:\.git)?/?",
    re.IGNORECASE,
)


def commit_of(root: str) -> str | None:
    """The commit that is checked out in the repository at `root`; None when `.git` does not say."""
    folder = git_folder(root)
    if folder is None:
        return None
    head = _read(folder, "HEAD").strip()
    if _SHA.fullmatch(head):
        return head
    match = re.fullmatch(r"ref:\s*(refs/[\w./+@-]+)", head)
    if match is None or ".." in match[1]:
        return None
    common = _common_folder(folder)
    for place in dict.fromkeys((folder, common)):
        loose = _read(place, match[1]).strip()
        if _SHA.fullmatch(loose):
            return loose
    packed = re.search(rf"^([0-9a-f]{{40,64}}) {re.escape(match[1])}$", _read(common, "packed-refs"), re.M)
    return packed[1] if packed else None


def owner_and_name_of(root: str) -> tuple[str, str] | None:
    """Owner and name on GitHub by the URL of the remote `origin`; None when it is elsewhere."""
    folder = git_folder(root)
    if folder is None:
        return None
    origin = _ORIGIN.search(_read(_common_folder(folder), "config"))
    place = _GITHUB.fullmatch(origin[1].strip('"')) if origin else None
    return (place[1], place[2]) if place else None


def git_folder(root: str) -> str | None:
    """Where the repository's git data lies: `.git`, or where a file of that name points (submodules, worktrees)."""
    place = storage.join(root, ".git")
    if storage.is_folder(place):
        return place
    match = re.fullmatch(r"gitdir:\s*(\S[^\n]*?)\s*", _read(root, ".git"))
    if match is None or "://" in root:
        return None
    folder = storage.absolute(match[1] if match[1].startswith("/") else storage.join(root, match[1]))
    return folder if ".git" in folder.split("/") else None


def _common_folder(folder: str) -> str:
    """A worktree shares configuration and branches with its repository."""
    shared = _read(folder, "commondir").strip()
    if not shared or "://" in folder:
        return folder
    place = storage.absolute(shared if shared.startswith("/") else storage.join(folder, shared))
    return place if ".git" in place.split("/") else folder


def _read(folder: str, name: str) -> str:
    """A small text file; "" when it is not there or the input forbids to read it."""
    uri = storage.join(folder, name)
    try:
        size = storage.size_bytes(uri)
        if size > MAX_GIT_FILE_BYTES:
            return ""
        with storage.open_whole(uri, size) as stream:
            return stream.read().decode("utf-8", "replace")
    except UserError:
        return ""
    except (OSError, ReadFaultError) as error:
        if not is_of_input(error):
            raise
        return ""

"""An error in, what it says of the machine out: what is wrong there and how to mend it, in one line."""

from __future__ import annotations

import errno
from collections.abc import Iterator, Mapping
from types import MappingProxyType

TROUBLES: Mapping[int, str] = MappingProxyType(
    {
        errno.ENOSPC: "the disk is full; make room there",
        errno.EDQUOT: "the quota of this disk is used up; make room there",
        errno.EROFS: "the disk can only be read; mount it for writing, or give another folder",
        errno.EMFILE: "too many open files for one process; raise `ulimit -n` to 1024 or more",
        errno.ENFILE: "too many open files on this machine; end what opens them",
        errno.ENOMEM: "the machine is out of memory; give fewer --workers",
    }
)
"""What trying again at once does not mend, by the error's number."""


def machine_trouble(error: BaseException) -> str | None:
    """What is wrong with the machine, when that is what an error, or one behind it, is about; else None."""
    for one in _behind(error):
        if isinstance(one, MemoryError):
            return TROUBLES[errno.ENOMEM]
        if isinstance(one, OSError) and (found := TROUBLES.get(one.errno or 0)) is not None:
            return f"{one.filename}: {found}" if isinstance(one.filename, str) else found
    return None


def _behind(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        yield one
        one = one.__cause__ or one.__context__

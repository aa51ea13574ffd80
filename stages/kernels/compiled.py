"""A Python function in, a kernel compiled by numba out, whose cache on disk is no older than the sources of all kernels.

numba stamps a cached kernel with the file that it lies in, and does not see when a kernel that it calls changed in
another one. Here the stamp covers every file of `stages/kernels`, the function's own file and Unicode's version, so
nobody ever deletes a cache by hand. Where no cache can be written, or others may write it, kernels are compiled without one.
"""

from __future__ import annotations

import hashlib
import os
import stat
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

import numba
from numba.core import caching as numba_caching
from numba.core.compiler_lock import global_compiler_lock

KERNELS = Path(__file__).parent

_njit: Any = numba.njit
_caching: Any = numba_caching  # what numba keeps to itself has no types
_compiler_lock: Any = global_compiler_lock


def is_compiling() -> bool:
    """Whether this thread is compiling a kernel."""
    return bool(_compiler_lock.is_locked())


@lru_cache(maxsize=1)
def kernels_digest() -> str:
    """Hex SHA-256 of the sources of all kernels, in the order of their names, and of Unicode's version."""
    digest = hashlib.sha256(unicodedata.unidata_version.encode())
    for path in sorted(KERNELS.rglob("*.py")):
        digest.update(path.relative_to(KERNELS).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def check_writers(folder: Path, source: Path) -> None:
    """Raise where others may write a cache: a cached kernel is pickled, so whoever writes it runs code here.

    Those who may are this user, root and the owner of the source, who runs code here anyway. A folder above counts too,
    since who may write it may put another one in its place; but for those like /tmp, where each moves only what is his.
    """
    if not hasattr(os, "getuid"):
        return
    trusted = {os.getuid(), 0, source.stat().st_uid}
    chain = [folder.resolve(), *folder.resolve().parents]
    for path in chain:
        found = path.stat()
        is_open = found.st_mode & stat.S_IWOTH and (path == chain[0] or not found.st_mode & stat.S_ISVTX)
        if is_open or found.st_uid not in trusted:
            raise PermissionError(f"{path}: others may write kernels there, so none is taken from it")


class _Checked:
    """The parts of a locator that say how fresh a function's source is, and whether its folder is ours."""

    _py_file: str

    def ensure_cache_path(self) -> None:
        """numba takes an OSError for a folder that cannot be used, and goes on to the next."""
        super().ensure_cache_path()  # type: ignore[misc]
        check_writers(Path(self.get_cache_path()), Path(self._py_file))  # type: ignore[attr-defined]

    def get_source_stamp(self) -> tuple[str, str]:
        """Digests of all kernels and of the function's own file."""
        return kernels_digest(), hashlib.sha256(Path(self._py_file).read_bytes()).hexdigest()


class _UserProvided(_Checked, _caching.UserProvidedCacheLocator):
    """The folder that NUMBA_CACHE_DIR names."""


class _InTree(_Checked, _caching.InTreeCacheLocator):
    """`__pycache__` beside the source."""


class _UserWide(_Checked, _caching.UserWideCacheLocator):
    """The user's cache folder."""


class _KernelCacheImpl(_caching.CompileResultCacheImpl):
    _locator_classes: ClassVar[list[type]] = [_UserProvided, _InTree, _UserWide]


class _KernelCache(_caching.FunctionCache):
    _impl_class = _KernelCacheImpl

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The cached kernel; None when there is none, or when an older one's arguments are of classes that are gone.

        numba reads the classes before it looks at the stamp.
        """
        try:
            return super().load_overload(sig, target_context)
        except (AttributeError, ImportError):
            self.flush()
            return None


def kernel(function: Callable[..., Any] | None = None, *, inline: str = "never") -> Any:
    """Compile `function` on its first call, without the interpreter's lock; later processes load it from the cache.

    `inline="always"` puts it into the kernels that call it.
    """
    if function is None:
        return lambda given: kernel(given, inline=inline)
    dispatcher = _njit(nogil=True, inline=inline)(function)
    try:
        dispatcher._cache = _KernelCache(function)
    except RuntimeError:  # no folder can be written: numba's word for it
        return dispatcher
    return dispatcher

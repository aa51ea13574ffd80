"""Finished nodes of a run in, leave for others to follow out: what the runner asks, and what lets everything go on."""

from __future__ import annotations

from collections.abc import Mapping

from stages.core.manifest import Manifest


class Gate:
    """What is asked before work begins and after each finished node; a UserError stops the run. This one lets all go on."""

    def before_work(self, finished: Mapping[str, Manifest]) -> None:
        """Whether what is not finished may begin."""

    def after_node(self, node: str, finished: Mapping[str, Manifest]) -> None:
        """Whether others may follow a node."""

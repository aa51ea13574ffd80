"""Marks of wikitext that open and close in, what is open and the pieces of text within it out: the stack of the pass."""

from __future__ import annotations

from dataclasses import dataclass

from stages.ingest.wikipedia.links import unclosed_link
from stages.ingest.wikipedia.marks import shielded
from stages.ingest.wikipedia.names import Namespaces

MAX_DEPTH = 100
"""Open things inside each other; MediaWiki gives up at 40 templates. It bounds the time for hostile texts."""

LINK, TEMPLATE, TABLE, HTML_TABLE, VARIANT = range(5)


@dataclass(slots=True)
class OpenMark:
    kind: int
    start: int
    """Pieces of output when it was opened."""
    braces: int = 0
    in_sentence: bool = False
    """Of a template: words stand before it in its line."""
    is_lost: bool = False
    """Of a template: what it holds goes, whatever it is."""


class OpenMarks:
    """What is open, innermost last, and the pieces of text so far, which belong to it from its start on."""

    def __init__(self, namespaces: Namespaces) -> None:
        self._namespaces = namespaces
        self._out: list[str] = []
        self._stack: list[OpenMark] = []
        self._open = [0, 0, 0, 0, 0]
        self._lost = 0

    def _push(self, kind: int, braces: int = 0, in_sentence: bool = False, is_lost: bool = False) -> None:
        if len(self._stack) < MAX_DEPTH:
            self._stack.append(OpenMark(kind, len(self._out), braces, in_sentence, is_lost))
            self._open[kind] += 1
            self._lost += is_lost

    def _pop(self) -> OpenMark:
        frame = self._stack.pop()
        self._open[frame.kind] -= 1
        self._lost -= frame.is_lost
        return frame

    def _take(self, frame: OpenMark) -> str:
        inner = "".join(self._out[frame.start :])
        del self._out[frame.start :]
        return inner

    def _undo(self) -> None:
        """Give up on the innermost open thing: its words stay, its marks go."""
        frame = self._pop()
        if frame.kind == LINK:
            self._out.append(unclosed_link(self._take(frame), self._namespaces))

    def _unwind_to(self, kind: int, barrier: int | None = None) -> bool:
        """Undo what is open above the innermost `kind`; False when none is, or a `barrier` is above it."""
        if not self._open[kind]:
            return False
        while self._stack[-1].kind != kind:
            if self._stack[-1].kind == barrier:
                return False
            self._undo()
        return True

    def _shielded(self, text: str) -> str:
        """Text for where we are: among a template's values its signs are no syntax."""
        return shielded(text) if self._stack and self._stack[-1].kind == TEMPLATE else text

"""How far a run is in, lines of text out that fit a screen: the whole run, then each stage under way."""

from __future__ import annotations

import html
import sys
from collections.abc import Iterator
from typing import Any

from pipeline.tally import RunTally, StageTally
from stages.core.printing import printable

_SOURCE, _TASKS, _RATE, _COUNT, _TIME = 14, 9, 7, 10, 7
_NARROW = 72
"""Below so many columns the sources are left out."""

_LEAST_NAME = 12
NOTEBOOK_WIDTH = 100


def screen_lines(run: RunTally, width: int, height: int = 40) -> list[str]:
    """The screen of a run: never wider than `width`, and no longer than `height` lines."""
    lines = [*_whole(run, width), "", stage_heads(width)]
    left = max(1, height - len(lines) - 1)
    stages = list(run.under_way.values())
    shown: list[str] = []
    for number, stage in enumerate(stages):
        own = [stage_line(stage, width, seconds_text(stage.seconds_left)), *_word(stage, width)]
        if len(shown) + len(own) > left:
            shown.append(f" ... and {len(stages) - number:,} more")
            break
        shown += own
    return [line[:width] for line in (*lines, *shown)]


def _whole(run: RunTally, width: int) -> Iterator[str]:
    left = run.seconds_left
    tail = f" {run.share:4.0%}" + ("" if left is None else f", about {seconds_text(left)} left")
    name = clipped_name(f"{run.name}: {run.stages_done:,} of {run.stages:,} stages done", width - 20)
    room = max(5, min(30, width - len(name) - len(tail) - 2))
    filled = round(run.share * room)
    yield f"{name} {'#' * filled}{'.' * (room - filled)}{tail}"
    yield f"{seconds_text(run.seconds)} gone, {run.mb_per_second:.1f} MB/s read; {printable(run.limit)}"


def stage_heads(width: int) -> str:
    """The names of the columns of `stage_line`."""
    return _columns("stage", "source", ("shards", "MB/s", "kept", "dropped", "left"), width)


def stage_line(stage: StageTally, width: int, last: str) -> str:
    """A stage in one line of `width` columns; `last` is a time."""
    numbers = (
        f"{stage.done:,}/{stage.tasks:,}",
        f"{stage.mb_per_second:.1f}" if stage.bytes_in > stage.bytes_before else "",
        f"{stage.kept:,}" if stage.kept or stage.dropped else "",
        f"{stage.dropped:,}" if stage.kept or stage.dropped else "",
        last,
    )
    own = stage.name.removeprefix(f"{stage.source}.") if width >= _NARROW else stage.name
    return _columns(own, stage.source, numbers, width)


def _columns(name: str, source: str, numbers: tuple[str, ...], width: int) -> str:
    sizes = (_TASKS, _RATE, _COUNT, _COUNT, _TIME)
    source_size = _SOURCE if width >= _NARROW else 0
    room = max(_LEAST_NAME, width - sum(sizes) - source_size - 1)
    shown = clipped_name(name, room).ljust(room)
    if source_size:
        shown += " " + clipped_name(source, source_size - 1).ljust(source_size - 1)
    return shown + "".join(number.rjust(size) for number, size in zip(numbers, sizes, strict=True))


def clipped_name(name: str, room: int) -> str:
    """A name in `room` columns; of a long one both ends are shown, since what differs is at either."""
    text = printable(name)
    if len(text) <= room:
        return text
    ends = room - 2
    return f"{text[: ends - ends // 2]}..{text[len(text) - ends // 2 :]}"


def _word(stage: StageTally, width: int) -> Iterator[str]:
    if stage.word:
        yield f"    {printable(stage.word)}"[:width]


def seconds_text(seconds: float | None) -> str:
    """A time to read: `0m07s`, `2h05m`."""
    if seconds is None:
        return ""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes:02d}m" if hours else f"{minutes}m{rest:02d}s"


class NotebookScreen:
    """The same lines in the cell of a notebook, written anew in their place."""

    def __init__(self) -> None:
        from IPython.display import HTML, display  # there, or this is no notebook

        self._html, self._display = HTML, display
        self._handle: Any = None

    def show(self, run: RunTally) -> None:
        """Write the lines, in place of those before."""
        text = html.escape("\n".join(screen_lines(run, NOTEBOOK_WIDTH)))
        shown = self._html(f'<pre style="line-height:1.3">{text}</pre>')
        if self._handle is None:
            self._handle = self._display(shown, display_id=True)
        else:
            self._handle.update(shown)


def in_notebook() -> bool:
    """Whether this process is the kernel of a notebook."""
    module = sys.modules.get("IPython")
    shell = None if module is None else module.get_ipython()
    return type(shell).__name__ == "ZMQInteractiveShell"

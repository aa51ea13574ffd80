"""What a user wrote in, every mistake in it out, each with its place: they are gathered and told at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from stages.core.errors import UserError

KeyPath = tuple[str | int, ...]
"""Keys and numbers that lead to a value inside other values."""

MAX_TOLD = 20
"""Mistakes that are told one by one."""
MAX_SHOWN_NAMES = 24
"""Names that are listed where one is wrong: a recipe may have hundreds of sources."""


@dataclass(frozen=True)
class Mistake:
    """A mistake: its place, what is wrong and how to mend it, and the value as shown to the user, where that helps."""

    place: KeyPath
    message: str
    given: str | None = None

    def __str__(self) -> str:
        at = place_text(self.place) + ("" if self.given is None else f"={self.given}")
        return f"{at}: {self.message}" if at else self.message


class MistakesError(UserError):
    """Several mistakes: a line each."""

    def __init__(self, mistakes: Sequence[Mistake], lines: Sequence[str] | None = None) -> None:
        shown = list(map(str, mistakes)) if lines is None else list(lines)
        more = [f"and {len(shown) - MAX_TOLD:,} mistakes more"] if len(shown) > MAX_TOLD else []
        super().__init__("\n".join([*shown[:MAX_TOLD], *more]))
        self.mistakes = tuple(mistakes)


class Mistakes:
    """Mistakes as they are found; `end` raises what was."""

    def __init__(self) -> None:
        self._found: list[Mistake] = []
        self._below: KeyPath = ()

    def add(self, message: str, given: str | None = None) -> None:
        """Note a mistake at the place where one is; `given` as `shown_value` makes it."""
        self._found.append(Mistake(self._below, message, given))

    @contextmanager
    def below(self, *place: str | int) -> Iterator[None]:
        """What is done in this context is about the value at `place`: its UserErrors are noted, and end the context."""
        before, self._below = self._below, (*self._below, *place)
        try:
            yield
        except MistakesError as error:
            for mistake in error.mistakes:
                self._found.append(replace(mistake, place=self._below + mistake.place))
        except UserError as error:
            self.add(str(error))
        finally:
            self._below = before

    def end(self) -> None:
        """A MistakesError when there were any."""
        if self._found:
            raise MistakesError(tuple(dict.fromkeys(self._found)))


def place_text(place: KeyPath) -> str:
    """A place as it is written: `sources.c4.steps[0]`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    return text.removeprefix(".")


def suggest(name: str, known: Iterable[str]) -> str:
    """What the user may have meant, or what is known."""
    listed = list(known)
    close = nearest(name, listed)
    return f"did you mean {close!r}?" if close is not None else f"known: {shown_names(listed)}"


def shown_names(names: Sequence[str]) -> str:
    """Names in a row, MAX_SHOWN_NAMES at most and the number of the others."""
    more = len(names) - MAX_SHOWN_NAMES
    return ", ".join(names[:MAX_SHOWN_NAMES]) + (f" and {more:,} more" if more > 0 else "")


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is written most like this one; None when all are far from it."""
    import difflib

    return next(iter(difflib.get_close_matches(name, list(known), n=1)), None)


def shown_value(value: object) -> str:
    """A value as Python writes it, cut where it is long."""
    shown = repr(value)
    return shown if len(shown) < 80 else f"{shown[:77]}..."

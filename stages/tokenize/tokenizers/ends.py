"""The special tokens of a tokenizer in, the two that begin and end a document out: by option, or by their names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

from stages.core.errors import UserError

KNOWN_ENDS = (
    ("<|begin_of_text|>", "<|end_of_text|>"),
    ("<s>", "</s>"),
    ("<bos>", "<eos>"),
    ("<|endoftext|>", "<|endoftext|>"),
)
"""Names of the first and last token of a document, in the order in which they are looked for: the file does not name them."""

_BEGINS = frozenset(
    "s bos begin beginoftext beginofsentence beginofdocument startoftext startofsentence cls".split()
)
_ENDS = frozenset("/s eos endoftext endofsentence endofdocument sep".split())
_NO_LETTER = re.compile(r"[^a-z/]")

End = str | int | None
"""A token by its name or its id; None: looked for."""


class Ends(NamedTuple):
    """The tokens that begin and end a document, as far as they were asked for."""

    bos: End = None
    eos: End = None


NAMED = Ends()
"""None was asked for: they are looked for by their names."""


def find_ends(
    asked: Ends, specials: Iterable[str], id_of: Callable[[str], int | None], name: str
) -> tuple[int, int]:
    """The ids of the tokens that begin and end a document; where a tokenizer has one of the two, it is both.

    `specials` are the tokens that no text gives, by id; a UserError where none is found, or not what was asked for.
    """
    tokens = list(specials)
    bos, eos = (_asked_id(end, tokens, id_of, name) for end in asked)
    if bos is None or eos is None:
        found = _by_known_names(id_of) or _by_letters(tokens, id_of)
        bos = found[0] if bos is None else bos
        eos = found[1] if eos is None else eos
    both = bos if eos is None else eos
    if both is None:
        raise UserError(
            f"{name}: has no tokens that begin and end a document by any name that is known; name them by `bos` and `eos` "
            f"(--bos, --eos of `altiplano tokenize`){_listed(tokens)}"
        )
    return both if bos is None else bos, both if eos is None else eos


def _asked_id(end: End, specials: list[str], id_of: Callable[[str], int | None], name: str) -> int | None:
    if end is None or isinstance(end, int):
        return end
    if (token := id_of(end)) is None:
        raise UserError(f"{name}: has no token {end!r}{_listed(specials)}")
    return token


def _listed(specials: list[str]) -> str:
    return (
        f"; its special tokens are {', '.join(specials[:10])}" if specials else "; it has no special tokens"
    )


def _by_known_names(id_of: Callable[[str], int | None]) -> tuple[int | None, int | None] | None:
    for first, last in KNOWN_ENDS:
        bos, eos = id_of(first), id_of(last)
        if bos is not None and eos is not None:
            return bos, eos
    return None


def _by_letters(specials: list[str], id_of: Callable[[str], int | None]) -> tuple[int | None, int | None]:
    """The first special tokens whose letters say so, whatever else stands in them: `[CLS]`, `<|end_of_sentence|>`."""
    letters = {token: _NO_LETTER.sub("", token.lower()) for token in specials}
    bos, eos = (next((t for t in specials if letters[t] in names), None) for names in (_BEGINS, _ENDS))
    return None if bos is None else id_of(bos), None if eos is None else id_of(eos)

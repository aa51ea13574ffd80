"""An element's start tag in, what its attributes say out: contexts, words of its names, where a link leads.

The tag is as a parser writes it: each attribute ` name="value"`, and no `"` or `>` inside a value.
"""

from __future__ import annotations

import numpy as np

from stages.kernels.compiled import kernel
from stages.kernels.markup.element_kinds import element_flags, name_hash
from stages.kernels.markup.tags import EQUALS, GREATER, QUOTE, SPACE, find_byte
from stages.kernels.page.roles import IN

_NAMES = "class id role itemprop itemtype typeof property hidden aria-hidden style href start rel"
_N = {name: np.int64(name_hash(name)) for name in _NAMES.split()}
_CLASS, _ID, _ROLE, _ITEMPROP, _ITEMTYPE = (_N[n] for n in ("class", "id", "role", "itemprop", "itemtype"))
_TYPEOF, _PROPERTY, _HIDDEN, _ARIA_HIDDEN = (_N[n] for n in ("typeof", "property", "hidden", "aria-hidden"))
_STYLE, _HREF, _START, _REL = (_N[n] for n in ("style", "href", "start", "rel"))
_DATA_NAMES = tuple(
    np.int64(name_hash(f"data-{name}"))
    for name in ("testid", "component", "module", "block", "type", "qa", "role")
)
"""Where frameworks that make up their class names say what an element is."""

_IN_HIDDEN = IN["hidden"]
_FNV_START, _FNV_PRIME = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3)
_CLASS_SEED, _ROLE_SEED, _PROPERTY_SEED, _DATA_SEED = (
    _FNV_START ^ np.uint64(seed << 32) for seed in (1, 2, 3, 4)
)
NAME_SEED = np.int64(5 << 32)
"""What tells an element's name from the same word in a class."""

MAX_WORD_BYTES = 32
MAX_TOKENS = 32
"""Words of one element's names that are read: frameworks write some fifty classes at one, whose first tell."""

HREF_AT, HREF_END, START_NUMBER, IS_TAG_LINK, IS_BLOCK, FOUND = range(6)
"""Where a link's target lies; an ordered list's first number; whether `rel` says that a link is a tag; whether its style
makes a block of an element; how many these are."""

_NONE = np.frombuffer(b"none", np.uint8)
_UNSEEN = np.frombuffer(b"hidden", np.uint8)
_BLOCK, _FLEX, _GRID = (np.frombuffer(style, np.uint8) for style in (b"block", b"flex", b"grid"))
_TRUE, _TAG = np.frombuffer(b"true", np.uint8), np.frombuffer(b"tag", np.uint8)


def class_word_hash(word: str) -> int:
    """What a word of small letters in a class or an id is as a token of its element."""
    value = int(_CLASS_SEED)
    for byte in word.encode("ascii"):
        value = (value ^ byte) * int(_FNV_PRIME) & (1 << 64) - 1
    return value - (1 << 64) if value >> 63 else value


@kernel
def read_names(data, words, at, roles, tokens, num_tokens, found):  # type: ignore[no-untyped-def]
    """(end behind `>`, contexts, signature, number of tokens) of the tag whose name ends at `at`; `found` is filled.

    The words of its names are hashed into `tokens[num_tokens:]`; its signature is equal for elements of equal classes.
    """
    size, contexts, signature = len(data), np.int64(0), np.int64(0)
    tokens = tokens[: num_tokens + MAX_TOKENS]
    found[HREF_AT], found[HREF_END], found[START_NUMBER], found[IS_TAG_LINK] = 0, 0, 1, 0
    found[IS_BLOCK] = 0
    while at < size and data[at] != GREATER:
        if data[at] <= SPACE:
            at += 1
            continue
        name, at = _attribute_name(data, at)
        if at + 1 >= size or data[at] != EQUALS or data[at + 1] != QUOTE:
            contexts |= _IN_HIDDEN if name == _HIDDEN else 0
            continue
        start = at + 2
        stop = find_byte(data, words, start, QUOTE)
        at = stop + 1
        if name in (_CLASS, _ID):
            before = num_tokens
            num_tokens = _words(data, start, stop, _CLASS_SEED, tokens, num_tokens)
            if name == _CLASS:
                for place in range(before, num_tokens):
                    signature = signature * 31 + tokens[place]
        elif name == _HREF:
            found[HREF_AT], found[HREF_END] = start, stop
        elif name == _STYLE:
            contexts |= _IN_HIDDEN if _is_unseen(data, start, stop, found) else 0
        elif name == _ROLE:
            contexts |= element_flags(roles, _value_hash(data, start, stop))[0]
            num_tokens = _words(data, start, stop, _ROLE_SEED, tokens, num_tokens)
        else:
            contexts, num_tokens = _rare(data, start, stop, name, roles, contexts, tokens, num_tokens, found)
    return min(at + 1, size), contexts, signature, num_tokens


@kernel
def _rare(data, start, stop, name, roles, contexts, tokens, num_tokens, found):  # type: ignore[no-untyped-def]
    """Take up an attribute that few elements have."""
    if name in (_ITEMPROP, _ITEMTYPE, _TYPEOF, _PROPERTY):
        if name == _ITEMPROP:
            contexts |= element_flags(roles, _value_hash(data, start, stop))[0]
        num_tokens = _words(data, start, stop, _PROPERTY_SEED, tokens, num_tokens)
    elif name == _HIDDEN or (name == _ARIA_HIDDEN and _holds(data, start, stop, _TRUE)):
        contexts |= _IN_HIDDEN
    elif name == _START:
        found[START_NUMBER] = _number(data, start, stop)
    elif name == _REL:
        found[IS_TAG_LINK] = _holds(data, start, stop, _TAG)
    elif name in _DATA_NAMES:
        num_tokens = _words(data, start, stop, _DATA_SEED, tokens, num_tokens)
    return contexts, num_tokens


@kernel(inline="always")
def _attribute_name(data, at):  # type: ignore[no-untyped-def]
    """(hash, end) of an attribute's name."""
    value = _FNV_START
    while at < len(data) and data[at] > SPACE and data[at] != EQUALS and data[at] != GREATER:
        value = (value ^ np.uint64(data[at])) * _FNV_PRIME
        at += 1
    return np.int64(value), at


@kernel
def _value_hash(data, start, stop):  # type: ignore[no-untyped-def]
    """Of a value's first word, in lower case, as `name_hash` has it."""
    value = _FNV_START
    for at in range(start, stop):
        byte = data[at]
        if byte <= SPACE:
            break
        value = (value ^ np.uint64(byte | 32 if 65 <= byte <= 90 else byte)) * _FNV_PRIME
    return np.int64(value)


@kernel
def _words(data, start, stop, seed, tokens, num_tokens):  # type: ignore[no-untyped-def]
    """Hash the words of a value, and their parts: `postBody-main x1` gives post, body, main, postbody-main, x.

    Parts are runs of letters of one word, new at a capital behind a small letter. Digits are left out everywhere.
    """
    whole, part, parts, length, small = seed, seed, 0, 0, False
    for at in range(start, stop + 1):
        byte = data[at] if at < stop else SPACE
        letter = byte | 32
        is_letter = 97 <= letter <= 122
        if length > 0 and (not is_letter or (small and byte < 97)):
            if 1 < length <= MAX_WORD_BYTES and num_tokens < len(tokens):
                tokens[num_tokens] = np.int64(part)
                num_tokens += 1
            parts += 1
            part, length = seed, 0
        small = is_letter and byte >= 97
        if is_letter:
            part = (part ^ np.uint64(letter)) * _FNV_PRIME
            length += 1
        if byte > SPACE:
            if not 48 <= byte <= 57:
                whole = (whole ^ np.uint64(letter if is_letter else byte)) * _FNV_PRIME
            continue
        if parts > 1 and num_tokens < len(tokens):
            tokens[num_tokens] = np.int64(whole)
            num_tokens += 1
        whole, parts = seed, 0
    return num_tokens


@kernel
def _holds(data, start, stop, needle):  # type: ignore[no-untyped-def]
    """Whether a value holds the needle."""
    for at in range(start, stop - len(needle) + 1):
        same = 0
        while same < len(needle) and data[at + same] == needle[same]:
            same += 1
        if same == len(needle):
            return True
    return False


@kernel
def _is_unseen(data, start, stop, found):  # type: ignore[no-untyped-def]
    """Whether a style says `display: none` or `visibility: hidden`: what stands behind the colon of d...y and v...y.

    IS_BLOCK is noted where it says `block`, `flex` or `grid`.
    """
    for at in range(start + 1, stop):
        if data[at] != 58 or (data[at - 1] | 32) != 121:
            continue
        value = at + 1
        while value < stop and data[value] <= SPACE:
            value += 1
        if (
            _holds(data, value, min(stop, value + 5), _BLOCK)
            or _holds(data, value, min(stop, value + 4), _FLEX)
            or _holds(data, value, min(stop, value + 4), _GRID)
        ):
            found[IS_BLOCK] = 1
        if _holds(data, value, min(stop, value + 4), _NONE) or _holds(
            data, value, min(stop, value + 6), _UNSEEN
        ):
            return True
    return False


@kernel
def _number(data, start, stop):  # type: ignore[no-untyped-def]
    """A list's first number; 1 for one that is no number, negative or absurd."""
    value = 0
    for at in range(start, stop):
        if not 48 <= data[at] <= 57 or value > 99_999:
            return 1
        value = 10 * value + data[at] - 48
    return value if stop > start else 1

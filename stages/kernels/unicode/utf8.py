"""Valid UTF-8 bytes in, code points out and back: the scalar helpers that the text kernels inline."""

from __future__ import annotations

import numba

from stages.kernels.compiled import kernel


@kernel(inline="always")
def decode(data, at):  # type: ignore[no-untyped-def]
    """(code point, width in bytes) of the character that starts at `at`."""
    lead = data[at]
    if lead < 0x80:
        return numba.int64(lead), 1
    if lead < 0xE0:
        return (numba.int64(lead & 0x1F) << 6) | (data[at + 1] & 0x3F), 2
    if lead < 0xF0:
        return (numba.int64(lead & 0x0F) << 12) | ((data[at + 1] & 0x3F) << 6) | (data[at + 2] & 0x3F), 3
    high = (numba.int64(lead & 0x07) << 18) | ((data[at + 1] & 0x3F) << 12)
    return high | ((data[at + 2] & 0x3F) << 6) | (data[at + 3] & 0x3F), 4


@kernel(inline="always")
def previous(data, at):  # type: ignore[no-untyped-def]
    """Where the character that ends before `at` starts."""
    at -= 1
    while data[at] & 0xC0 == 0x80:
        at -= 1
    return at


@kernel(inline="always")
def encode(code, out, at):  # type: ignore[no-untyped-def]
    """Write a code point at `out[at]`; returns the place after it."""
    if code < 0x80:
        out[at] = code
        return at + 1
    if code < 0x800:
        out[at] = 0xC0 | (code >> 6)
        out[at + 1] = 0x80 | (code & 0x3F)
        return at + 2
    if code < 0x10000:
        out[at] = 0xE0 | (code >> 12)
        out[at + 1] = 0x80 | ((code >> 6) & 0x3F)
        out[at + 2] = 0x80 | (code & 0x3F)
        return at + 3
    out[at] = 0xF0 | (code >> 18)
    out[at + 1] = 0x80 | ((code >> 12) & 0x3F)
    out[at + 2] = 0x80 | ((code >> 6) & 0x3F)
    out[at + 3] = 0x80 | (code & 0x3F)
    return at + 4


@kernel
def end_of_chars(data, start, stop, max_chars):  # type: ignore[no-untyped-def]
    """Where the first `max_chars` characters of data[start:stop] end."""
    if stop - start <= max_chars:
        return stop
    at, left = start, max_chars
    while stop - at > 64 and left >= 64:  # blocks of which LLVM makes a few instructions
        leads = 0
        for i in range(at, at + 64):
            leads += (data[i] & 0xC0) != 0x80
        left -= leads
        at += 64
    while at < stop:
        if (data[at] & 0xC0) != 0x80:
            if left == 0:
                break
            left -= 1
        at += 1
    return at

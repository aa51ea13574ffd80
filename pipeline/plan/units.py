"""Numbers of a plan in, their texts out: bytes in powers of ten, tokens, hours."""

from __future__ import annotations


def shown_bytes(number: float) -> str:
    """Bytes as a person reads them, powers of ten."""
    for unit in ("B", "KB", "MB", "GB", "TB"):
        if number < 1000:
            return f"{number:,.1f} {unit}"
        number /= 1000
    return f"{number:,.1f} PB"


def shown_tokens(number: float) -> str:
    """Tokens in the units of mixtures: M, B or T."""
    for unit, size in (("T", 1e12), ("B", 1e9), ("M", 1e6), ("K", 1e3)):
        if number >= size:
            return f"{number / size:,.1f}{unit}"
    return f"{number:,.0f}"


def shown_hours(seconds: float) -> str:
    """Core-hours of so many core-seconds, with the digits that tell small ones apart."""
    hours = seconds / 3600
    return f"{hours:,.1f}" if hours >= 1 else f"{hours:.3g}"


def shown_seconds(seconds: float) -> str:
    """A span of time in the unit that it has a few of."""
    for unit, size in (("days", 172_800.0), ("h", 7200.0), ("min", 120.0)):
        if seconds >= size:
            return f"{seconds / {'days': 86_400.0, 'h': 3600.0, 'min': 60.0}[unit]:,.1f} {unit}"
    return f"{seconds:,.1f} s"

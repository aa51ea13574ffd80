"""Looked-at documents in, lines for a terminal out: heads, values, texts, what an edit took, a duplicate beside its partner.

A line that begins with `- ` is gone, with `+ ` came, with `~ ` stands in the partner alone, `  ` stayed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher

from pipeline.look.sample import Looked

MAX_LINES = 40
"""Lines of a text that are shown, unless all are asked for."""

MAX_LINE_CHARS = 2000
MAX_DIFF_LINES = 4000
"""Of longer texts the diff is of their beginnings: its time grows with the product."""

CONTEXT_LINES = 2
FULL_HINT = "; --full shows them"


def looked_lines(found: Sequence[Looked], full: bool) -> Iterator[str]:
    """Every document, a blank line between two."""
    for number, one in enumerate(found):
        if number:
            yield ""
        yield from document_head(one)
        yield from _body(one, full)


def document_head(one: Looked) -> Iterator[str]:
    """What is known of a document beside its text."""
    yield f"=== {one.id}"
    verb = {"drop": "dropped by rule", "edit": "edited by rule"}.get(one.action, one.action)
    parts = [f"{one.node}: {verb}{'' if one.rule is None or one.action == 'kept' else ' ' + one.rule}"]
    if one.value is not None:
        against = "" if one.threshold is None else f" against {one.threshold:g}"
        name = f"{one.rule} " if one.action == "kept" else "value "
        parts.append(f"{name}{one.value:g}{against}")
    if one.detail is not None:
        parts.append(one.detail)
    if one.language is not None:
        parts.append(f"language {one.language}")
    yield "; ".join(parts)
    if one.url is not None:
        yield one.url
    yield from value_lines(one.values)


def value_lines(values: Mapping[str, float]) -> Iterator[str]:
    """Each value beside its threshold, and whether it passes."""
    for name, value in values.items():
        if ":" in name:
            continue
        bounds = []
        for part, sign in (("at_least", ">="), ("at_most", "<=")):
            if (bound := values.get(f"{name}:{part}")) is not None:
                holds = value >= bound if part == "at_least" else value <= bound
                bounds.append(f"{sign} {bound:g}{'' if holds else ' FAILS'}")
        yield f"  {name} {value:g}{' (' + ', '.join(bounds) + ')' if bounds else ''}"


def _body(one: Looked, full: bool) -> Iterator[str]:
    if one.why is not None:
        yield f"({one.why})"
    if one.text is None:
        return
    if one.after is not None:
        yield "--- its text; `- ` was taken, `+ ` put in its place"
        yield from clipped(diff_lines(one.text, one.after, "+"), full)
    elif one.partner_text is not None:
        yield f"--- dropped for {one.partner}; `- ` stands here alone, `~ ` in the kept one alone"
        yield from clipped(diff_lines(one.text, one.partner_text, "~"), full)
    else:
        yield "---"
        yield from clipped([f"  {line}" for line in one.text.split("\n")], full)


def diff_lines(before: str, after: str, sign: str) -> list[str]:
    """Both texts line by line, each once: what only `before` has begins with `-`, what only `after` has with `sign`."""
    first, second = (text.split("\n")[:MAX_DIFF_LINES] for text in (before, after))
    shown: list[str] = []
    for what, i, j, k, m in SequenceMatcher(None, first, second, autojunk=False).get_opcodes():
        if what == "equal":
            shown += [f"  {line}" for line in first[i:j]]
        else:
            shown += [f"- {line}" for line in first[i:j]] + [f"{sign} {line}" for line in second[k:m]]
    return shown


def clipped(lines: Sequence[str], full: bool) -> Iterator[str]:
    """All lines, or as many as one reads; around what differs where anything does."""
    if full:
        yield from lines
        return
    chosen = list(range(min(len(lines), MAX_LINES)))
    if len(lines) > MAX_LINES and (
        changed := [n for n, line in enumerate(lines) if line[:1] not in (" ", "")]
    ):
        near = {n + step for n in changed for step in range(-CONTEXT_LINES, CONTEXT_LINES + 1)}
        chosen = sorted(n for n in near if 0 <= n < len(lines))[:MAX_LINES]
    last = -1
    for number in chosen:
        if number > last + 1:
            yield f"  ... {number - last - 1:,} lines as they were"
        line = lines[number]
        yield line if len(line) <= MAX_LINE_CHARS else f"{line[:MAX_LINE_CHARS]} ... {len(line):,} characters"
        last = number
    if (left := len(lines) - 1 - last) > 0:
        yield f"  ... {left:,} lines more{FULL_HINT}"

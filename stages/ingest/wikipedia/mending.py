"""A text with a mark wherever something was removed in, the text without marks and without what removal leaves out.

Removal leaves empty brackets, spaces before commas, commas in a row. Only places of removal are mended: `main()` and
other brackets that their author left empty stay.
"""

from __future__ import annotations

import re

from stages.ingest.wikipedia.marks import GONE, NO_NUMBER

_SPACE_AND_COMMAS = " ,;:、；"
_SEPARATORS = f"{_SPACE_AND_COMMAS}/–—-"
_REMOVED = re.compile(f"{GONE}[{GONE}{_SEPARATORS}]*+")
_OPENING, _CLOSING = frozenset("(（["), frozenset(")）]")
_PUNCTUATION = re.compile("[,;:、；]")
_NO_SPACE_BEFORE = re.compile(rf"{GONE}*+[ ,.;:)）、。!?\n]")
_LIST_MARKS = "*#:; "
_AS_IT_STANDS = frozenset(f"{_SEPARATORS}{_LIST_MARKS}(（[\n")
"""Behind any other character, with no more than spaces beside it, a mark of removal goes and nothing else."""

_FREE = rf"(?:[^()\n{NO_NUMBER}]|\([^()\n{NO_NUMBER}]*+\))*+"
_FALSE_BRACKETS = re.compile(rf"\({_FREE}(?:{NO_NUMBER}{_FREE})++\)")
_FALSE_SUM = re.compile(rf",[^,.;()\n$£€¥₹₩{NO_NUMBER}]*+[$£€¥₹₩]{NO_NUMBER}[^,.;()\n]*+(?=[,.;])")
_NO_SUM = re.compile(rf"(?:\b[A-Z]{{1,3}})?[$£€¥₹₩]?{NO_NUMBER}")


def drop_unknown_numbers(text: str) -> str:
    """The text with GONE for numbers that only the wiki knows, and for the brackets or the clause that they made.

    `$7 (${{Inflation|US|7|1950}} in {{CURRENTYEAR}} dollars)` is $7: half a sum would be a false one.
    """
    out: list[str] = []
    at = 0
    while (mark := text.find(NO_NUMBER, at)) >= 0:
        start = text.rfind("\n", at, mark) + 1 or at
        end = text.find("\n", mark)
        end = end if end >= 0 else len(text)
        line = _FALSE_SUM.sub(GONE, _FALSE_BRACKETS.sub(GONE, text[start:end]))
        out += [text[at:start], _NO_SUM.sub(GONE, line)]
        at = end
    return "".join([*out, text[at:]]) if out else text


def mend(text: str) -> str:
    """The text without marks of removal, mended where they stood. Its only white space is spaces and line ends."""
    if GONE not in text:
        return text
    out: list[str] = []
    at = 0
    at_line_start = True
    for found in _REMOVED.finditer(text):
        start, end = found.span()
        left = text[at:start]
        run = found[0]
        if left and left[-1] not in _AS_IT_STANDS and text[end : end + 1] not in ")）].":
            between = run.replace(GONE, "")
            if not between or between.isspace():
                out.append(left + between if between else left)
                at, at_line_start = end, False
                continue
        unmarked = left.rstrip(_LIST_MARKS)
        at_line_start = unmarked.endswith("\n") if unmarked else at_line_start
        if at_line_start:
            out.append(left)
            at = end
        else:
            kept, at = _mended(left, run, text, end)
            out.append(kept)
    out.append(text[at:])
    return "".join(out)


def _mended(left: str, run: str, text: str, end: int) -> tuple[str, int]:
    """What to keep of `left` and of the `run` of marks and separators behind it; where in `text` to go on."""
    body = left.rstrip(_SEPARATORS)
    before, after = body[-1:], text[end : end + 1]
    if after in _CLOSING:
        if before not in _OPENING:
            return left.rstrip(_SPACE_AND_COMMAS), end
        end += 1
        return body[:-1].rstrip(" ") if _NO_SPACE_BEFORE.match(text, end) else body[:-1], end
    between = run.replace(GONE, "")
    if before in _OPENING:
        return body + between.lstrip(_SPACE_AND_COMMAS), end
    if after == "." and not text.startswith("..", end):
        if body.endswith(".") and not (left[len(body) :] + between).strip(" "):
            return body, end + 1
        if not (left[len(body) :] + between).strip(_SPACE_AND_COMMAS):
            return body, end
    if not between.strip(" "):
        return left + between, end
    return body + _joined(left[len(body) :], between), end


def _joined(tail: str, between: str) -> str:
    """One mark of punctuation of those before and behind something removed, with its author's spaces."""
    marks = _PUNCTUATION.search(tail) or _PUNCTUATION.search(between)
    if marks is None or (tail + between).strip(_SPACE_AND_COMMAS):
        return tail + between
    space_before = marks[0] not in ",、" and marks.string.startswith(" ")
    return (" " if space_before else "") + marks[0] + (" " if between.endswith(" ") else "")

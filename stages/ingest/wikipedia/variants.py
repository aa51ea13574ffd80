"""The inside of `-{..}-` in, what a reader of the wiki's first variant sees out: MediaWiki's language converter.

Syntax: https://www.mediawiki.org/wiki/Writing_systems/Syntax. `-{flags|rules}-`, where rules are `variant:text;` and
`from=>variant:text;`. Flags are letters, or the variants whose readers see the text at all.
"""

from __future__ import annotations

import re

_VARIANTS = (
    r"zh(?:-(?:hans|hant|cn|tw|hk|sg|mo|my))?|sr(?:-(?:ec|el|cyrl|latn))?|sh(?:-(?:cyrl|latn))?"
    r"|kk(?:-(?:arab|cyrl|latn|cn|kz|tr))?|ku(?:-(?:arab|latn))?|uz(?:-(?:cyrl|latn))?|iu(?:-(?:cans|latn))?"
    r"|gan(?:-(?:hans|hant))?|crh(?:-(?:cyrl|latn|ro))?|shi(?:-(?:tfng|latn))?|tg(?:-latn)?|tly(?:-cyrl)?|ban(?:-bali)?"
    r"|zgh(?:-latn)?|wuu(?:-(?:hans|hant))?|mni(?:-beng)?|en(?:-x-piglatin)?"
)
_RULE_START = re.compile(rf"(?:^|;)\s*+(?:[^;]*?=>\s*+)?(?:{_VARIANTS})\s*+:")
"""A `;` parts rules only where another begins behind it, as in MediaWiki: that of `&amp;` does not."""

_HIDING = frozenset("HTN-")
"""Flags of rules for other places: nothing is seen here. (`H` adds a rule, `T` is the title's, `-` takes one back.)"""


def variant_text(inner: str) -> str:
    """What is seen of `-{inner}-`: the text, or that of the first variant named; nothing of rules for elsewhere."""
    before, bar, content = inner.partition("|")
    flags = {flag.strip() for flag in before.split(";")} if bar else set()
    if flags & _HIDING:
        return ""
    content = content if bar else inner
    return content if "R" in flags else _first_rule(content)


def _first_rule(content: str) -> str:
    found = _RULE_START.match(content)
    if found is None:
        return content
    following = _RULE_START.search(content, found.end())
    return content[found.end() : following.start() if following is not None else len(content)].strip("; \t\n")

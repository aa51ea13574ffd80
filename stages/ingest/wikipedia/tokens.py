"""Patterns of wikitext's marks that nest, as the pass over a text looks for them."""

from __future__ import annotations

import re

_MARKS = (
    r"\[\[(?:([^\[\]{}|<\n:]*+)(?:\|([^\[\]{}|<\n]*+))?\]\])?|\{\{+|\}\}+|\]\]|\{\||\|\}(?!\}(?!\}))"
    r"|<(?:!--|/?[a-zA-Z][\w-]*)"
)
TOKEN = re.compile(_MARKS)
"""Marks of all that nests; a link with nothing inside is one mark with its target and label."""

TOKEN_OR_VARIANT = re.compile(rf"{_MARKS}|-\{{(?!\{{)|\}}-")
"""The same in texts with `-{`: looking at every hyphen costs time."""

VARIANT_OPENING = re.compile(r"-\{")

FLAT_TEMPLATE = re.compile(
    r"\{\{([^\[\]{}|<\n]*+)\n*+(?:\|(?:[^{}]++|\{\{(?:[^{}]++|\{\{(?:[^{}]++|\{\{[^{}]*+\}\})*+\}\})*+\}\})*+)?\}\}(?!\})"
)
"""A whole template with others in it, three deep at most, and its name; no parameter, no table."""

TEMPLATE_NAME = re.compile(r"\{+([^\[\]{}|<\n]*+)")
NO_WIKITEXT = re.compile(r"<(?:!--|nowiki|pre|syntaxhighlight|source|math|chem|ce)", re.IGNORECASE)
NESTED = re.compile(r"[\[<{]")
"""What may begin something inside a template."""

TAG_END = re.compile(r"(?:\"[^\"<\n]*+\"|'[^'<\n]*+'|[^<>\"']++)*+>|[^<>]*+>")

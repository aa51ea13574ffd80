r"""One of the two macros of an author's environment in, the same as it is printed out, where that is text."""

from __future__ import annotations

import re
from dataclasses import replace

from stages.ingest.arxiv.macro import Macro

_STRUCTURE = frozenset(
    """abstract document thebibliography references appendix appendices frontmatter keyword keywords titlepage
    figure table figure* table* equation equation* align align* eqnarray eqnarray* gather gather* multline multline*
    array tabular tabular* itemize enumerate description list quote quotation verse center flushleft flushright
    minipage verbatim verbatim* lstlisting comment tikzpicture picture""".split()
)
"""Environments that have their meaning for a paper's parts, or for LaTeX, whatever a paper makes of their looks."""
_SILENT = re.compile(r"\\(?:ignorespaces(?:afterend)?|unskip|leavevmode|strut)(?![A-Za-z@])[ \t]*\n?")
_LAYOUT = re.compile(
    r"\\(?:par|(?:no)?indent|[hv]fill?|[hv]space\*?[ \t]*\{[^{}]*\}|(?:small|med|big)skip|centering|raggedright)(?![A-Za-z@])"
)
_NO_TEXT = re.compile(r"\\(?:end)?(?:verbatim|comment|lrbox|list|trivlist|minipage)(?![A-Za-z@])|#(?![1-9])")


def without_settings(macro: Macro) -> Macro | None:
    """The macro without what prints nothing; None where it does more to TeX than print, or where LaTeX knows the name."""
    name = macro.name.partition(" ")[2]
    body = _SILENT.sub("", macro.body)
    if name in _STRUCTURE or _NO_TEXT.search(body) or (name and "#" in body and not macro.parameters):
        return None
    plain = replace(macro, body=_LAYOUT.sub("", body))
    return None if plain.is_complex or plain.has_internals else replace(macro, body=body)

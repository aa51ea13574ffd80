r"""An expanded LaTeX body in, its running text out: first section to bibliography or appendix."""

from __future__ import annotations

import re

from stages.ingest.arxiv.scan import balanced

_SECTION = re.compile(
    r"\\(?:part|chapter|(?:sub){0,2}section|(?:sub)?paragraph)(?![A-Za-z])\s*\*?\s*(?=[\[{])"
)
_ABSTRACT = re.compile(r"\\begin\s*\{abstract\}(.*?)\\end\s*\{abstract\}", re.DOTALL)
_FRONT_END = re.compile(r"\\end\s*\{(?:abstract|frontmatter|keyword|titlepage)\}|\\maketitle(?![A-Za-z])")
_TAIL = re.compile(
    r"\\begin\s*\{(?:thebibliography|chapthebibliography|references|REFERENCES|mcitethebibliography)\}"
    r"|\\(?:bibliography\s*(?=\{)|printbibliography(?![A-Za-z]))"
    r"|\\(?:section|chapter)\s*\*?\s*\{\s*(?:references|bibliography)\s*\}",
    re.IGNORECASE,
)
_APPENDIX = re.compile(r"\\appendix(?![A-Za-z])|\\begin\s*\{appendi(?:x|ces)\}|\\appendices(?![A-Za-z])")
_BIBLIOGRAPHY = re.compile(
    r"\\begin\s*\{((?:chap|mcite)?thebibliography|references|REFERENCES)\}.*?\\end\s*\{\1\}"
    r"|\\(?:bibliography\s*\{[^{}]*\}|printbibliography(?![A-Za-z])(?:\s*\[[^\]]*\])?)",
    re.DOTALL,
)
_STYLE = re.compile(
    r"[ \t]*\\(?:bibliographystyle|nobibliography|bibliographyunit|nocite)\s*\{[^{}]*\}[ \t]*\n?"
)
_TITLE = re.compile(r"\\(?:icml)?[tT]itle\s*(?=[\[{])")
_WRAPPED = re.compile(
    r"\\hypertarget\s*\{[^{}]*\}\s*\{(?=\s*\\(?:part|chapter|(?:sub)*section|(?:sub)?paragraph)\b)"
)
_TRAILING = re.compile(r"[ \t]+$", re.MULTILINE)
_BLANK_LINES = re.compile(r"\n{3,}")


def running_text(body: str, keep_appendix: bool = False, keep_abstract: bool = False) -> str:
    """The body without what comes before its first section, and without its bibliography and what follows it.

    A body without sections begins where its front matter ends (the abstract, else `\\maketitle`). With
    `keep_appendix` only the bibliography itself goes. With `keep_abstract` the abstract's text leads.
    """
    body = _unwrap(body)
    first = _SECTION.search(body)
    start = first.start() if first else _front_end(body)
    text = body[start:]
    if keep_appendix:
        text = _BIBLIOGRAPHY.sub("", text)
    else:
        ends = [
            match.start() for pattern in (_TAIL, _APPENDIX) if (match := pattern.search(text)) is not None
        ]
        text = text[: min(ends)] if ends else text
    if keep_abstract and (abstract := _ABSTRACT.search(body, 0, start)):
        text = f"{abstract[1].strip()}\n\n{text}"
    text = _TRAILING.sub("", _STYLE.sub("", text))
    return _BLANK_LINES.sub("\n\n", text).strip() + "\n"


def _unwrap(body: str) -> str:
    r"""`body` with pandoc's `\\hypertarget{..}{\\section{..}}` reduced to the heading."""
    pieces: list[str] = []
    position = 0
    while match := _WRAPPED.search(body, position):
        end = balanced(body, match.end() - 1)
        if end < 0:
            break
        pieces += [body[position : match.start()], body[match.end() : end - 1].strip()]
        position = end
    return "".join([*pieces, body[position:]])


def _front_end(body: str) -> int:
    ends = [match.end() for match in _FRONT_END.finditer(body)]
    return max(ends) if ends else 0


def title_of(preamble: str, body: str) -> str | None:
    r"""The argument of the first `\title`, on one line."""
    for source in (preamble, body):
        if match := _TITLE.search(source):
            position = match.end()
            if source.startswith("[", position):
                end = balanced(source, position)
                position = end + len(source[end:]) - len(source[end:].lstrip()) if end > 0 else position
            end = balanced(source, position) if source.startswith("{", position) else -1
            if end > 0 and (title := " ".join(source[position + 1 : end - 1].replace("\\\\", " ").split())):
                return title
    return None

r"""An expanded LaTeX body in, its running text out: first section to bibliography or appendix."""

from __future__ import annotations

import re

from stages.ingest.arxiv.groups import Source, balanced

_SECTION = re.compile(
    r"\\(?:part|chapter|(?:sub){0,2}section|add(?:part|chap|sec))(?![A-Za-z])\s*+(?:\*\s*+)?(?=[\[{])"
)
_CHAPTER = re.compile(r"\\(?:part|chapter|add(?:part|chap))(?![A-Za-z])\s*+(?:\*\s*+)?(?=[\[{])")
_FRONT_CHAPTER = re.compile(
    r"\\(?:add(?:part|chap)|(?:part|chapter)\s*\*)[\s*]*[\[{]\s*(?!introdu|einleitung|einführung|pr[ée]face|pr[óo]l|foreword|vorwort"
    r"|avant-propos|pref[áa]cio|prefazione|premessa|введение|предисловие)",
    re.IGNORECASE,
)
"""An unnumbered chapter that is no introduction: before the table of contents a declaration, an abstract, thanks."""
_MAIN_MATTER = re.compile(r"\\mainmatter(?![A-Za-z])")
_CONTENTS = re.compile(r"\\tableofcontents(?![A-Za-z])")
_SECTION_LEVEL = 1
_NO_LEVEL = 10
_NO_FIRST_SECTION = re.compile(
    r"[\[{][\s{]*(?:\\[A-Za-z]+[\s{]*)*(?:acknowledge?ments?|references|bibliography|appendi(?:x|ces)|supplement\w*"
    r"|supporting information|author contributions?|(?:data|code) availability|additional information"
    r"|(?:competing|conflicts? of) interests?|funding)\b"
    r"|[\[{][\s{]*(?:\\[A-Za-z]+[\s{]*)*(?:abstract|declarations?|dedication|publications|(?:table of )?contents"
    r"|list of [a-z]+|abbreviations|acronyms|nomenclature|zusammenfassung|kurzfassung|danksagung|eidesstattliche"
    r"|selbstständigkeitserklärung|inhaltsverzeichnis|abkürzungsverzeichnis|r[ée]sum[ée]|remerciements"
    r"|table des mati[èe]res|resumen|agradecimientos|resumo|sommario|ringraziamenti|литература)(?=[\s.:]*[}\\])",
    re.IGNORECASE,
)
"""Headings of what stands before or behind a paper's text: the text of a letter, which has no sections, stands before."""
_PLAIN_SECTION = re.compile(
    r"\\(?:beginsection|(?:sub){0,2}head(?:ing)?|specialhead|newsec|subsec)(?![A-Za-z])|" + _SECTION.pattern
)
_ABSTRACT = re.compile(r"\\begin\s*\{abstract\}")
_ABSTRACT_END = re.compile(r"\\end\s*\{abstract\}")
_FRONT_END = re.compile(r"\\end\s*\{(?:abstract|frontmatter|keyword|titlepage)\}|\\maketitle(?![A-Za-z])")
_PLAIN_FRONT_END = re.compile(r"\\(?:endtopmatter|endabstract|maketitle|document)(?![A-Za-z])")
_SETUP_LINE = (  # possessive: a long line of commands is tried once
    r"\s*+(?:\\[A-Za-z@]++[ \t]*+=?[ \t]*+(?:-?[\d.]++[ \t]*+"
    r"(?:true)?+[ \t]*+(?:pt|pc|in|cm|mm|em|ex|sp)?+)?+[ \t]*+)++(?:\n|\Z)"
)
_SETUP_LINES = re.compile(f"(?:{_SETUP_LINE})+")
_TAIL = re.compile(
    r"\\begin\s*\{(?:thebibliography|chapthebibliography|references|REFERENCES|mcitethebibliography|bib(?:div|section|list))\}"
    r"|\\(?:bibliography\s*(?=\{)|(?:printbibliography|putbib)(?![A-Za-z]))"
    r"|\\(?:section|chapter|add(?:sec|chap))\s*+(?:\*\s*+)?\{\s*+(?:references|bibliography)\s*+\}",
    re.IGNORECASE,
)
_FOREIGN_TAIL = re.compile(
    r"\\(?:section|chapter|add(?:sec|chap))\s*+(?:\*\s*+)?\{\s*+(?:literatur(?:verzeichnis)?|bibliographie"
    r"|(?:bibliograf[ií]a|refer[eê]ncias)(?: bibliogr[áa]ficas)?|r[ée]f[ée]rences(?: bibliographiques)?"
    r"|riferimenti bibliografici|(?:список )?литератур[аы])\s*+\}",
    re.IGNORECASE,
)
"""Headings of bibliographies in other languages; one that other sections follow is a section about books."""
_PLAIN_TAIL = re.compile(r"\\(?:Refs|refs|listrefs|references)(?![A-Za-z])")
_REFERENCES_LINE = re.compile(
    r"^(?=[^\n]{0,80}$)(?=[ \t]*[\\{])(?:\\[A-Za-z]+|[{}\[\] \t\d.*=])*(?<![A-Za-z])"
    r"(?:references(?:[ \t]+and[ \t]+notes)?|bibliography|literature[ \t]+cited)(?:\\[A-Za-z]+|[{}\[\] \t.:])*$",
    re.IGNORECASE | re.MULTILINE,
)
_APPENDIX = re.compile(r"\\appendix(?![A-Za-z])|\\begin\s*\{appendi(?:x|ces)\}|\\appendices(?![A-Za-z])")
_BIBLIOGRAPHY = re.compile(
    r"\\(?:(?:section|chapter)\s*+(?:\*\s*+)?\{\s*+(?:[Rr]eferences|[Bb]ibliography|REFERENCES|BIBLIOGRAPHY)\s*+\}\s*+\\)?+"
    r"(?:begin\s*\{((?:chap|mcite)?thebibliography|references|REFERENCES|bib(?:div|section))\}"
    r"|bibliography\s*\{[^{}]*+\}|(?:printbibliography|putbib)(?![A-Za-z])(?:\s*+\[[^\]]{0,1000}+\])?)"
)
_STYLE_WORD = re.compile(r"\\(?:bibliographystyle|nobibliography|bibliographyunit|nocite)")
_STYLE = re.compile(
    r"(?:(?<![ \t])[ \t]++)?\\(?:bibliographystyle|nobibliography|bibliographyunit|nocite)\s*\{[^{}]*+\}[ \t]*+\n?"
)
_MAX_SETUP_LINES, _MAX_SETUP_CHARS = 50, 400
_SETUP_TAIL = re.compile(
    r"(?:\s*+(?:\\(?:newpage|clearpage|cleardoublepage|pagebreak|vfill|eject|onecolumn|twocolumn|balance|bigskip|medskip|smallskip"
    r"|small|footnotesize|scriptsize|tiny|normalsize|singlespacing|doublespacing|onehalfspacing|phantomsection|par|noindent"
    r"|centering|raggedright|sloppy|relax|backmatter|FloatBarrier|makeatletter|makeatother"
    r"|(?:set|addto|step|refstep)(?:counter|length)|[hv]space|vskip|hskip|addcontentsline|pagestyle|thispagestyle|pagenumbering"
    r"|renewcommand|setstretch|linespread|nocite|bibliographystyle|bstctlcite|def|enlargethispage|begingroup|bgroup"
    r"|begin\s*\{(?:small|footnotesize|scriptsize|multicols|singlespace|appendix|appendices)\})(?![A-Za-z])\*?"
    r"(?:[ \t]*+(?:\{(?:[^{}]|\{[^{}]*\})*+\}|\[[^\[\]{}]*+\]|\\[A-Za-z@]++(?=[ \t]*+\{)))*+"
    r"|\{(?=\s*+(?:\\[a-z]++\s*+)*+\Z)|-?[\d.]++[ \t]*+(?:pt|pc|in|cm|mm|em|ex|baselineskip)(?=\s*+\Z)))++\s*+\Z"
)
"""Settings for the bibliography or the appendix behind a text."""
_AMS_TITLE = re.compile(r"\\title(?![A-Za-z])\s*+(.{0,2000}?)\\endtitle(?![A-Za-z])", re.DOTALL)
_TITLE = re.compile(r"\\(?:icml)?[tT]itle\s*(?=[\[{])")
_WRAPPED = re.compile(
    r"\\hypertarget\s*\{[^{}]*\}\s*\{(?=\s*+\\(?:part|chapter|(?:sub){0,2}section|(?:sub)?paragraph)\b)"
)
_BLANK_LINES = re.compile(r"\n{3,}")


def running_text(
    body: str, keep_appendix: bool = False, keep_abstract: bool = False, is_plain: bool = False
) -> str:
    """The body without what comes before its first section, and without its bibliography and what follows it.

    A body without sections before its bibliography begins where its front matter ends (the abstract, else
    `\\maketitle`), and plain TeX without either behind its settings. A bibliography before another chapter goes alone.
    With `keep_appendix` only the bibliography itself goes. With `keep_abstract` the abstract's text leads.
    """
    body = _unwrap(body)
    start = _start(body, is_plain)
    text = body[start:]
    if keep_appendix:
        text = _without_bibliography(text, len(text))
    else:
        text = _without_bibliography(text, _last_chapter(text))
        text = text[: _tail(text, is_plain, _last_chapter(text))]
        text = text[: _setup_tail(text)]
    if keep_abstract and (abstract := _ABSTRACT.search(body, 0, start)):
        end = _ABSTRACT_END.search(body, abstract.end(), start)
        text = text if end is None else f"{body[abstract.end() : end.start()].strip()}\n\n{text}"
    if _STYLE_WORD.search(text):
        text = _STYLE.sub("", text)
    if " \n" in text or "\t\n" in text:
        text = "\n".join([line.rstrip(" \t") for line in text.split("\n")])
    return _BLANK_LINES.sub("\n\n", text).strip() + "\n"


def _start(body: str, is_plain: bool) -> int:
    """Where the running text begins."""
    front_end = _front_matter_end(body)
    bibliography = _TAIL.search(body, front_end)
    end = len(body) if bibliography is None else bibliography.start()
    skipped = _NO_LEVEL
    for first in (_PLAIN_SECTION if is_plain else _SECTION).finditer(body, 0, end):
        level = _level(first[0])
        if level > skipped:
            continue
        is_front = first.start() < front_end and _FRONT_CHAPTER.match(body, first.start()) is not None
        if not is_front and not _NO_FIRST_SECTION.match(body, first.end()):
            return first.start()
        skipped = level if level < _SECTION_LEVEL else _NO_LEVEL
    front = _front_end(body[:end], is_plain)
    return front if body[front:end].strip() else _front_end(body, is_plain)


def _front_matter_end(body: str) -> int:
    """Where a book's main matter or table of contents begins, if near its beginning; 0 else."""
    last = 0
    for pattern, share in ((_MAIN_MATTER, 2), (_CONTENTS, 4)):
        match = pattern.search(body)
        if match is not None and match.start() < len(body) // share:
            last = max(last, match.end())
    return last


def _level(heading: str) -> int:
    """0 for chapters and parts, 1 for sections, and so on."""
    return 0 if _CHAPTER.match(heading + "{") else _SECTION_LEVEL + heading.count("sub")


def _last_chapter(text: str) -> int:
    """Where the last chapter begins, if it is no appendix; else 0."""
    appendix = _APPENDIX.search(text)
    end = len(text) if appendix is None else appendix.start()
    chapters = [m for m in _CHAPTER.finditer(text, 0, end) if not _NO_FIRST_SECTION.match(text, m.end())]
    return chapters[-1].start() if chapters else 0


def _without_bibliography(text: str, end_of_search: int) -> str:
    """`text` without the bibliographies that begin before `end_of_search`; one that never ends stays."""
    pieces: list[str] = []
    position = 0
    unended: set[str] = set()
    for match in _BIBLIOGRAPHY.finditer(text, 0, end_of_search):
        if match.start() < position or match[1] in unended:
            continue
        end = match.end()
        if match[1] is not None:
            close = re.compile(rf"\\end\s*+\{{{match[1]}\}}").search(text, end)
            if close is None:
                unended.add(match[1])
                continue
            end = close.end()
        pieces.append(text[position : match.start()])
        position = end
    return "".join([*pieces, text[position:]])


def _setup_tail(text: str) -> int:
    """Where the settings begin that a text ends in, before its bibliography or appendix."""
    end = len(text)
    for _ in range(_MAX_SETUP_LINES):
        while end and text[end - 1].isspace():
            end -= 1
        start = max(text.rfind("\n", 0, end) + 1, end - _MAX_SETUP_CHARS)
        if found := _SETUP_TAIL.search(text, start, end):
            end = found.start()
        if found is None or end > start:
            break
    return end


def _tail(text: str, is_plain: bool, start: int) -> int:
    """Where from `start` on bibliography or appendix begin; one without a command of its own has a line as heading."""
    patterns = (_TAIL, _APPENDIX, _PLAIN_TAIL) if is_plain else (_TAIL, _APPENDIX)
    ends = [match.start() for pattern in patterns if (match := pattern.search(text, start)) is not None]
    if foreign := list(_FOREIGN_TAIL.finditer(text, start))[-1:]:
        later = _SECTION.finditer(text, foreign[0].end())
        if all(_NO_FIRST_SECTION.match(text, match.end()) for match in later):
            ends.append(foreign[0].start())
    if not ends:
        ends = [match.start() for match in _REFERENCES_LINE.finditer(text, start)][-1:]
    return min(ends, default=len(text))


def _unwrap(body: str) -> str:
    r"""`body` with pandoc's `\\hypertarget{..}{\\section{..}}` reduced to the heading."""
    body = Source(body)
    pieces: list[str] = []
    position = 0
    while match := _WRAPPED.search(body, position):
        end = balanced(body, match.end() - 1)
        if end < 0:
            break
        pieces += [body[position : match.start()], body[match.end() : end - 1].strip()]
        position = end
    return "".join([*pieces, body[position:]])


def _front_end(body: str, is_plain: bool) -> int:
    ends = [match.end() for match in _FRONT_END.finditer(body)]
    if is_plain:
        ends += [match.end() for match in _PLAIN_FRONT_END.finditer(body)]
        if not ends and (setup := _SETUP_LINES.match(body)):
            ends = [setup.end()]
    return max(ends) if ends else 0


def paper_title(preamble: str, body: str) -> str | None:
    r"""The argument of the first `\title`, on one line; in AMS-TeX what stands before `\endtitle`."""
    if match := _AMS_TITLE.search(body):
        return " ".join(match[1].split()) or None
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

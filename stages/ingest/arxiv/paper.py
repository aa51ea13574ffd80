"""The raw bytes of one paper's source in, its text as a document or the reason why there is none out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from stages.ingest.arxiv.body import paper_title, running_text
from stages.ingest.arxiv.encodings import declared_encoding
from stages.ingest.arxiv.macros import Expander
from stages.ingest.arxiv.project import Project
from stages.ingest.arxiv.readme import Readme, is_readme, parse_readme
from stages.ingest.arxiv.style_macros import collect_styles
from stages.ingest.decode import Decoded, bad_bytes, bad_bytes_change, decode_text, without_marks
from stages.ingest.raw import Change, Loss, RawDocument

KEPT_WORDS = "kept_words"
MIN_KEPT_WORDS = 0.3
"""Of real papers half to nine tenths stay."""
ANCILLARY = "anc/"
"""What belongs to no paper, though it comes with one (info.arxiv.org/help/ancillary_files.html)."""

_NEW_ID = re.compile(r"(?<![\d.])(\d{4}\.\d{4,5})(v\d+)?(?![\d])")
_OLD_ID = re.compile(
    r"(?<![a-z])(acc-phys|adap-org|alg-geom|ao-sci|astro-ph|atom-ph|bayes-an|chao-dyn|chem-ph|cmp-lg|comp-gas|cond-mat|cs"
    r"|dg-ga|funct-an|gr-qc|hep-(?:ex|lat|ph|th)|math(?:-ph)?|mtrl-th|nlin|nucl-(?:ex|th)|patt-sol|physics|plasm-ph"
    r"|q-alg|q-bio|quant-ph|solv-int|supr-con)[_/]?(\d{7})(v\d+)?(?!\d)"
)
_KINDS = (
    (re.compile(rb"\s*%PDF-"), "pdf"),
    (re.compile(rb"\s*(?:\x04)?%!PS|\x1b%-12345X"), "postscript"),
    (re.compile(rb"(?i)\s*(?:\xef\xbb\xbf)?\s*(?:<!doctype html|<html|<\?xml)"), "html"),
    (re.compile(rb"\xd0\xcf\x11\xe0"), "word"),
    (re.compile(rb"\xf7\x02"), "dvi"),
    (re.compile(rb"\x89PNG|\xff\xd8\xff|GIF8"), "image"),
)


def arxiv_id(name: str) -> str | None:
    """The arXiv identifier in a file name: `2302.13971v1`, `hep-th/9901001`; None when there is none."""
    stem = name.rsplit("/", 1)[-1]
    if match := _NEW_ID.search(stem):
        return match[0]
    if match := _OLD_ID.search(stem):
        return f"{match[1]}/{match[2]}{match[3] or ''}"
    return None


def abstract_url(name: str) -> str | None:
    """The address of the paper whose identifier a file name holds."""
    identifier = arxiv_id(name)
    return f"https://arxiv.org/abs/{identifier}" if identifier else None


def kind_of(data: bytes) -> str | None:
    """What a file that is no LaTeX is: pdf, postscript, html, word, dvi, image; None when it may be LaTeX."""
    return next((kind for pattern, kind in _KINDS if pattern.match(data[:1024])), None)


def paper_of(
    key: str, files: Mapping[str, bytes], identifier: str | None, keep_appendix: bool, keep_abstract: bool
) -> RawDocument | Loss:
    """The document of one paper, or why there is none: no_main_file, not_latex, encoding, empty_text."""
    size = sum(len(data) for data in files.values())
    url = f"https://arxiv.org/abs/{identifier}" if identifier else None
    read, readme, refused = _decode_all(files)
    project = Project({name: text for name, (text, _) in read.items()})
    main = project.main_file(readme.toplevel)
    if main is not None and (label := _declared(main, files, read)):
        for name in read:
            read[name] = _decoded(files[name], label) or read[name]
        project = Project({name: text for name, (text, _) in read.items()})
    if main is None:
        return _no_paper(key, files, refused, url, size)
    flat = project.flatten(main)
    expander = Expander()
    collect_styles(expander, project.style_sources(flat), flat.preamble + flat.body)
    expander.collect(flat.preamble)
    title = paper_title(flat.preamble, flat.body)
    body = expander.expand(flat.body)
    text = project.masks.restore(running_text(body, keep_appendix, keep_abstract, flat.is_plain))
    if not text.strip():
        return Loss(
            key, "empty_text", "nothing but front matter, bibliography and appendix", url=url, text_bytes=size
        )
    metadata: dict[str, Any] = {"main_file": main, "files": flat.files, "encoding": read[main].encoding}
    notes = {
        "title": project.masks.restore(expander.expand(title)) if title else None,
        "arxiv_id": identifier,
        "missing_inputs": flat.missing,
        "input_cycles": flat.cycles,
        "recursive_macros": sorted(expander.recursive),
        "complex_macros": sorted(expander.complex),
        "expansion_stopped": expander.stopped,
        "inputs_truncated": flat.truncated,
        "undecoded_files": sorted(refused),
    }
    metadata |= {name: value for name, value in notes.items() if value}
    bad = sum(bad_bytes(files[name], read[name]) for name in flat.files)
    changes = bad_bytes_change(bad, read[main].encoding)
    changes += _kept_words(project.masks.restore(body), text)
    return RawDocument(key, text, url, metadata=metadata, changes=changes)


def _kept_words(body: str, text: str) -> tuple[Change, ...]:
    """The ledger row (rule `kept_words`) of the share of a paper's words that is in its text."""
    words, kept = len(body.split()), len(text.split())
    if kept >= words:
        return ()
    lost = max(0, len(body.encode("utf-8", "replace")) - len(text.encode("utf-8", "replace")))
    return (Change(KEPT_WORDS, kept / words, MIN_KEPT_WORDS, f"{kept} of {words} words", lost),)


def _decode_all(files: Mapping[str, bytes]) -> tuple[dict[str, Decoded], Readme, list[str]]:
    """Sources by name, what arXiv's 00README says, the names of what cannot be decoded; `anc/` is not read."""
    top = _top_folder(files)
    sources: dict[str, Decoded] = {}
    refused: list[str] = []
    readme = Readme()
    for name, data in files.items():
        if name.startswith(f"{top}{ANCILLARY}"):
            continue
        read = None if kind_of(data) else _decoded(data, None)
        if is_readme(name.removeprefix(top)):
            found = parse_readme("" if read is None else read.text)
            readme = Readme(readme.toplevel + found.toplevel, readme.ignore | found.ignore)
        elif read is None:
            refused.append(name)
        else:
            sources[name] = read
    toplevel = tuple(top + name for name in readme.toplevel)
    for name in readme.ignore:
        sources.pop(top + name, None)
    return sources, Readme(toplevel, readme.ignore), refused


def _top_folder(files: Mapping[str, bytes]) -> str:
    """The folder that all files of a paper lie in, with a slash; "" where there is none."""
    tops = {name.partition("/")[0] if "/" in name else "" for name in files}
    top = next(iter(tops), "") if len(tops) == 1 else ""
    return f"{top}/" if top and f"{top}/" != ANCILLARY else ""


def _decoded(data: bytes, label: str | None) -> Decoded | None:
    """A source as text with line ends `\\n`; None when it holds NULs."""
    read = decode_text(data, [label])
    if "\0" in read.text:
        return None
    return Decoded(without_marks(read.text).replace("\r\n", "\n").replace("\r", "\n"), read.encoding)


def _declared(main: str, files: Mapping[str, bytes], read: Mapping[str, Decoded]) -> str | None:
    """The encoding that the main file declares, or another where it does not, if any file needs a declaration."""
    if all(read[name].encoding == "utf-8" and not bad_bytes(files[name], read[name]) for name in read):
        return None
    return next(filter(None, (declared_encoding(files[name]) for name in [main, *read])), None)


def _no_paper(key: str, files: Mapping[str, bytes], refused: list[str], url: str | None, size: int) -> Loss:
    marks = [name for name in refused if kind_of(files[name]) is None and _holds_class(files[name])]
    if marks:
        return Loss(
            key, "encoding", f"{marks[0]}: neither text nor UTF-16 with a mark", url=url, text_bytes=size
        )
    kinds = sorted({kind_of(data) or "binary" for name, data in files.items() if name in refused})
    if len(refused) == len(files) and kinds:
        return Loss(key, "not_latex", " ".join(kinds), url=url, text_bytes=size)
    detail = "no file has \\documentclass or \\begin{document}, or reads as plain TeX"
    return Loss(key, "no_main_file", detail, url=url, text_bytes=size)


def _holds_class(data: bytes) -> bool:
    return b"\\documentclass" in data.replace(b"\0", b"")

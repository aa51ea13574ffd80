r"""The files of one paper in, one source out: its main file with every file that it inputs in its place."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from stages.ingest.arxiv.conditions import decide_conditions
from stages.ingest.arxiv.inputs import InputMacros, names_inputs_by_macros, plain_inputs
from stages.ingest.arxiv.scan import Masks, remove_comments, without_excluded
from stages.ingest.arxiv.verbatim import verbatim_of
from stages.ingest.work import TooMuchWorkError

MAX_FLAT_CHARS = 50_000_000
MAX_DEPTH = 30
MAX_INPUTS = 100_000
READ_ALLOWANCE_CHARS = 1_000_000
MAX_READ_GROWTH = 100
"""Inputs looked for, and characters of theirs, of all files of a paper from which it might start."""

_OPTIONS = r"\s*+(?:\[[^\]]{0,5000}+\]\s*+)?"
_CLASS = re.compile(r"\\document(?:class|style)" + _OPTIONS + r"\{([^{}]*+)\}")
_BEGIN = re.compile(r"\\begin\s*\{document\}")
_END = re.compile(r"\\end\s*\{document\}")
_PLAIN_END = re.compile(r"(?<!\\def)(?<!\\let)\\(?:bye|enddocument|end(?![A-Za-z])(?!\s*\{))(?![A-Za-z])")
_PLAIN_MARKS = re.compile(
    r"\\(magnification|beginsection|topmatter|nopagenumbers|newsec|subsec|centerline|hsize|headline|footline"
    r"|baselineskip|vsize|input\s+\{?(?:amstex|amsppt|harvmac|jnl|phyzzx|epsf|mn|vanilla)|proclaim)"
    r"(?![A-Za-z])"
)
_NO_PAPER_FILE = re.compile(r"\.(?:sty|cls|clo|bbl|bst|def|cfg|tikz|pgf|pgf_tex|pdf_tex)$", re.I)
_STYLE = re.compile(r"\.(?:sty|cls|clo)$", re.I)
_INPUT = re.compile(
    r"\\(?:(?P<import>(?:sub)?(?:import|inputfrom|includefrom)\*?)\s*\{(?P<folder>[^{}#\\]*)\}\s*\{(?P<file>[^{}#\\]*)\}"
    r"|(?P<word>input|include|subfile|subfileinclude|subimportinput|@input|includestandalone(?=\s*+[\[{]))"
    r"\s*+(?:(?<=includestandalone)\[[^\[\]\n]{0,500}\]\s*+)?\{(?P<braced>[^{}#\\]++)\}"
    r"|input[ \t]+(?P<bare>[^\s{}\\#%$]+))"
)
_INCLUDE_ONLY = re.compile(r"\\includeonly[ \t]*\{([^{}\\#]+)\}")
_USEPACKAGE = re.compile(
    r"\\(?P<word>usepackage|RequirePackage|document(?:style|class)|LoadClass)\s*+(?:\[([^\]]{0,5000}+)\]\s*+)?\{([^{}]*+)\}"
)
_PART_CLASSES = frozenset({"subfiles", "standalone", "letter", "beamer", "moderncv", "ltxdoc"})
_SPARE_NAME = re.compile(
    r"backup|(?:^|[-_.])old|copy|before|draft|rebuttal|response|referee|cover|letter|suppl|(?:^|[-_])si$|diff",
    re.I,
)


@dataclass
class Flat:
    """A paper as one source: preamble, body, the files in reading order, what was not found or cut."""

    preamble: str
    body: str
    files: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    cycles: list[str] = field(default_factory=list)
    truncated: bool = False
    is_plain: bool = False
    num_chars: int = 0
    macros: InputMacros | None = None
    styles: list[str] | None = None
    only: frozenset[str] | None = None


class Project:
    """The source files of one paper by name, comments removed."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        self.masks = Masks()
        verbatim = verbatim_of(sources.values())
        self._sources = {
            name: text if _STYLE.search(name) else plain_inputs(remove_comments(text, self.masks, verbatim))
            for name, text in sources.items()
        }
        styles = [text for name, text in self._sources.items() if _STYLE.search(name)]
        texts = [text for name, text in self._sources.items() if not _STYLE.search(name)]
        self._by_macros = names_inputs_by_macros(texts, styles)
        self._text = "\n".join(texts) if self._by_macros else ""
        self._inputs = self._read_chars = 0
        total = sum(map(len, self._sources.values()))
        self._max_read_chars = READ_ALLOWANCE_CHARS + MAX_READ_GROWTH * total
        self._by_base: dict[str, list[str]] = {}
        for path in self._sources:
            self._by_base.setdefault(path.rsplit("/", 1)[-1], []).append(path)
        self._lower = {name.lower(): name for name in sorted(self._sources, reverse=True)}

    def main_file(self, toplevel: Sequence[str] = ()) -> str | None:
        r"""The file to start from, None when no file looks like the start of a paper.

        The first of `toplevel` (arXiv's 00README) that is there; else of several the one that no other inputs, that is
        no part of a paper (subfiles, standalone), no letter and no copy by its name, with a `.bbl` of its name, that
        inputs most files, then the longest, then the first by name.
        """
        if chosen := [name for name in toplevel if name in self._sources]:
            return chosen[0]
        candidates = self._candidates()
        if len(candidates) < 2:
            return candidates[0] if candidates else None
        flats = {name: self.flatten(name) for name in candidates}
        reached = {other for name, flat in flats.items() for other in flat.files if other != name}
        return min(candidates, key=lambda name: (self._rank(name, reached), -len(flats[name].body), name))

    def _candidates(self) -> list[str]:
        r"""Files with `\documentclass` and `\begin{document}`; else with one of them; else plain TeX that ends."""
        names = [name for name in sorted(self._sources) if not _NO_PAPER_FILE.search(name)]
        begin = [name for name in names if _BEGIN.search(self._sources[name])]
        classes = [name for name in names if _CLASS.search(self._sources[name])]
        both = sorted(set(begin) & set(classes))
        return both or begin or classes or [name for name in names if self._is_plain_tex(name)]

    def _is_plain_tex(self, name: str) -> bool:
        """Whether a source reads as plain TeX or AMS-TeX: it ends as such and has commands of it, or has several."""
        marks = {match[1] for match in _PLAIN_MARKS.finditer(self._sources[name])}
        return len(marks) >= (1 if _PLAIN_END.search(self._sources[name]) else 3)

    def _rank(self, name: str, reached: set[str]) -> tuple[bool, bool, bool, bool, int]:
        text = self._sources[name]
        match = _CLASS.search(text)
        stem = name.rsplit("/", 1)[-1].rsplit(".", 1)[0]
        is_part = match is not None and match[1].strip() in _PART_CLASSES
        no_bibliography = self._find(name.rsplit(".", 1)[0] + ".bbl", "") is None
        inputs = len(_INPUT.findall(text))
        return name in reached, is_part, _SPARE_NAME.search(stem) is not None, no_bibliography, -inputs

    def flatten(self, main: str) -> Flat:
        """The paper that starts at `main`, every input in its place; an input that has no end is left out."""
        flat = Flat("", "", files=[main])
        if only := _INCLUDE_ONLY.search(self._sources[main]):
            flat.only = frozenset(name.strip().removesuffix(".tex") for name in only[1].split(","))
        text = without_excluded(self._inline(self._sources[main], main, (main,), flat))
        begin = _BEGIN.search(text)
        flat.preamble = text[: begin.start()] if begin else ""
        decided = decide_conditions(text, self.style_sources(flat))
        if decided != text:  # which may load other styles
            text, flat.styles = decided, None
        begin = _BEGIN.search(text)
        start = begin.end() if begin else 0
        flat.is_plain = begin is None
        end = (_PLAIN_END if flat.is_plain else _END).search(text, start)
        flat.preamble = text[: begin.start()] if begin else ""
        flat.body = text[start : end.start() if end else len(text)]
        return flat

    def style_sources(self, flat: Flat) -> list[str]:
        """The paper's own class and style files that its preamble loads, and those that they load, comments and all."""
        if flat.styles is None:
            found: dict[str, None] = {}
            self._add_styles(flat.preamble, _folder(flat.files[0]), found, ())
            flat.styles = [self._sources[path] for path in found]
        return flat.styles

    def _add_styles(self, source: str, folder: str, found: dict[str, None], chain: tuple[str, ...]) -> None:
        for match in _USEPACKAGE.finditer(source):
            is_class = match["word"] in ("documentclass", "LoadClass")
            options = (match[2] or "") if match["word"] == "documentstyle" else ""
            for name in f"{options},{match[3]}".split(","):
                extension = ".cls" if is_class else ".sty"
                path = self._find(name.strip() + extension, folder) if name.strip() else None
                if path is None or path in chain or len(chain) >= MAX_DEPTH:
                    continue
                if path not in found:
                    self._add_styles(self._sources[path], folder, found, (*chain, path))
                found.pop(path, None)  # what is loaded last defines last
                found[path] = None

    def _inline(self, text: str, name: str, chain: tuple[str, ...], flat: Flat) -> str:
        cut = re.search(r"\\endinput(?![A-Za-z])", text)
        if cut:
            text = text[: cut.start()]
        if self._by_macros:
            return self._inline_by_macros(text, name, chain, flat)
        pieces: list[str] = []
        position = 0
        for match in _INPUT.finditer(text):
            pieces.append(text[position : match.start()])
            position = match.end()
            is_named = flat.only is None or (match["braced"] or "").strip().removesuffix(".tex") in flat.only
            if match["word"] == "include" and not is_named:
                continue
            wanted = match["braced"] or match["bare"] or match["file"] or ""
            pieces.append(self._included(match["folder"] or "", wanted, name, chain, flat) or "")
        pieces.append(text[position:])
        return "".join(pieces)

    def _inline_by_macros(self, text: str, name: str, chain: tuple[str, ...], flat: Flat) -> str:
        def include(folder: str, wanted: str) -> str | None:
            return self._included(folder, wanted, name, chain, flat)

        def exists(wanted: str) -> bool:
            self._count(0)
            return self._find(wanted.strip().strip('" '), _folder(name), _folder(chain[0])) is not None

        if flat.macros is None:

            def styles(source: str) -> list[str]:
                found: dict[str, None] = {}
                if match := _USEPACKAGE.match(source):
                    self._add_styles(match[0], _folder(chain[0]), found, ())
                return [self._sources[path] for path in found]

            flat.macros = InputMacros(chain[0], styles, self._text)
        return flat.macros.inline(text, include, exists)

    def _included(
        self, folder: str, wanted: str, name: str, chain: tuple[str, ...], flat: Flat
    ) -> str | None:
        """The file that is wanted with its own inputs in their places; None when it is not there."""
        wanted = wanted.strip().strip('" ')
        if folder.strip():
            wanted = f"{folder.strip().rstrip('/')}/{wanted}".removeprefix("/")
        self._count(0)
        path = self._find(wanted, _folder(name), _folder(chain[0]))
        if path is None:
            if not wanted.endswith((".bbl", ".aux", ".toc")):
                flat.missing.append(wanted)
            return None
        if path in chain or len(chain) >= MAX_DEPTH:
            flat.cycles.append(path)
            return ""
        self._count(len(self._sources[path]))
        flat.num_chars += len(self._sources[path])
        if flat.num_chars > MAX_FLAT_CHARS:
            flat.truncated = True
            return ""
        flat.files.append(path)
        inner = self._inline(self._sources[path], path, (*chain, path), flat)
        begin = _BEGIN.search(inner)
        if begin:  # a subfile that is a document of its own
            end = _END.search(inner, begin.end())
            inner = inner[begin.end() : end.start() if end else len(inner)]
        return inner

    def _count(self, chars: int) -> None:
        """Count an input, or the characters of one; a TooMuchWorkError when there are too many."""
        self._inputs += not chars
        self._read_chars += chars
        if self._inputs > MAX_INPUTS:
            raise TooMuchWorkError("inputs", self._inputs, MAX_INPUTS)
        if self._read_chars > self._max_read_chars:
            raise TooMuchWorkError("characters of inputs", self._read_chars, self._max_read_chars)

    def _find(self, wanted: str, *folders: str) -> str | None:
        wanted = wanted.removeprefix("./")
        for folder in dict.fromkeys((*folders, "")):
            for extension in (".tex", "", ".ltx"):
                path = _normalised(folder + wanted + extension)
                if path in self._sources:
                    return path
                if path.lower() in self._lower:
                    return self._lower[path.lower()]
        name = wanted.rsplit("/", 1)[
            -1
        ]  # TeX looks in more folders (input@path, TEXINPUTS) than the source tells
        found = self._by_base.get(name, []) + self._by_base.get(name + ".tex", [])
        return found[0] if len(found) == 1 and name else None


def _folder(name: str) -> str:
    folder, slash, _ = name.rpartition("/")
    return folder + slash


def _normalised(path: str) -> str:
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)

r"""A source whose inputs are named by macros in, the same with the files in their places out.

`\input{\secdir/two}`, `\chapterfile{one}` where that is `\input{parts/#1}`, `\InputIfFileExists`, `\let\inp\input`:
definitions are taken in reading order, and macros that lead to an input are expanded where they stand.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from stages.ingest.arxiv.definition_parts import skip_spaces
from stages.ingest.arxiv.groups import Source, append_piece, balanced
from stages.ingest.arxiv.macros import Expander
from stages.ingest.arxiv.style_macros import collect_styles

_WORDS = r"input|include|subfile|subfileinclude|subimportinput|@input|includestandalone"
_TESTS = r"InputIfFileExists|IfFileExists"
_FOLDERS = r"(?:sub)?(?:import|inputfrom|includefrom)\*?"
_ANY_INPUT = re.compile(rf"\\(?:{_WORDS}|{_TESTS}|{_FOLDERS})(?![A-Za-z@])")
_INPUT_WORDS = frozenset(_WORDS.split("|"))
_FOLDER_WORDS = frozenset(
    f"{sub}{word}" for sub in ("", "sub") for word in ("import", "inputfrom", "includefrom")
)
_TEST_WORDS = frozenset(_TESTS.split("|"))
_NAMED_BY_MACRO = re.compile(
    rf"\\(?:(?:{_WORDS}|{_FOLDERS})\s*+(?:\[[^\[\]\n]{{0,500}}\])?\{{[^{{}}]*?[\\#]"
    r"|input[ \t]*\\(?!fi(?![A-Za-z]))"
    rf"|(?:{_TESTS})\s*+\{{(?![^{{}}]*\.(?:sty|cls|clo|def|cfg|fd)\s*\}})"
    r"|(?:sub)?import\*?\s*+\{[^{}]*\}\s*+\{[^{}]*?[\\#]"
    rf"|let\s*+\\[A-Za-z@]+\s*+=?\s*+\\(?:{_WORDS})(?![A-Za-z@])"
    rf"|(?:def|(?:re|provide)?(?:new)?command\*?)\s*+\{{?\\[A-Za-z@]+\}}?(?:\s*+\[\d\])?\s*+\{{\s*+\\(?:{_WORDS})\s*+\}})"
)
_EXPANDED_FIRST = re.compile(
    rf"\\expandafter\s*+\\(?P<word>{_WORDS})(?![A-Za-z@])\s*+(?:\\expandafter(?![A-Za-z@])\s*+)?(?=[\\{{])"
    rf"|\\csname\s*+(?P<named>{_WORDS})\\endcsname(?![A-Za-z@])\s*+(?=[\\{{])"
)
_BY_ARGUMENT = re.compile(rf"\\(?:{_WORDS})\s*+\{{[^{{}}@]*?#")
_NAMED_BY_ARGUMENT = re.compile(
    r"\\(?:def|(?:re|provide)?(?:new)?command\*?)\s*+\{?\\([A-Za-z]+)\}?(?:\s*+\[\d\]|#\d)*+\s*+"
    rf"\{{[^{{}}@]{{0,200}}\\(?:{_WORDS})\s*+\{{[^{{}}@]*?#"
)
_CONTROL = re.compile(r"\\([A-Za-z@]+|[^A-Za-z@])", re.DOTALL)
_CONTROL_WORDS = re.compile(r"\\([A-Za-z@]+)")
_BARE_NAME = re.compile(r"[ \t]*((?:\\[A-Za-z@]+[ \t]*|[^\s{}\\#%$])++)")
_OPTIONS = re.compile(r"\s*+\[[^\[\]\n]{0,500}\]")
_SPACES_SKIPPED = re.compile(r"(\\[A-Za-z@]+)[ \t\n]+")
_STYLES = frozenset({"usepackage", "RequirePackage", "documentclass", "documentstyle"})

Include = Callable[[str, str], str | None]
"""A folder ("" for none) and a file's name in, the file with its inputs in their places out; None when it is not there."""


def plain_inputs(source: str) -> str:
    r"""`source` with `\\expandafter\\input\\expandafter{\\name}` and `\\csname input\\endcsname` as `\\input`."""
    if "\\expandafter" not in source and "\\csname" not in source:
        return source
    return _EXPANDED_FIRST.sub(lambda match: f"\\{match['word'] or match['named']}", source)


def names_inputs_by_macros(sources: Sequence[str], styles: Sequence[str]) -> bool:
    """Whether sources input files whose names macros make, their own or those of their styles."""
    if any(map(_NAMED_BY_MACRO.search, sources)):
        return True
    makers = [style for style in styles if _BY_ARGUMENT.search(style)]
    names = {name for style in makers for name in _NAMED_BY_ARGUMENT.findall(style)}
    return any(re.search(rf"\\{name}(?![A-Za-z@])", source) for name in names for source in sources)


class InputMacros:
    """The macros of one paper that have to do with its inputs.

    `main` is the name of its main file, `styles` gives the styles that a command loads, `text` is all that may use them.
    """

    def __init__(self, main: str, styles: Callable[[str], list[str]], text: str) -> None:
        self._expander = Expander()
        self._styles, self._text = styles, text
        self._leads: dict[str, bool] = {}
        stem = main.rsplit("/", 1)[-1].rsplit(".", 1)[0]
        self._expander.collect(f"\\def\\jobname{{{stem}}}")

    def inline(self, text: str, include: Include, exists: Callable[[str], bool], depth: int = 0) -> str:
        """`text` with what it inputs, as `include` gives it; what cannot be made out stays as written."""
        source = Source(text)
        pieces: list[str] = []
        position = 0
        while match := _CONTROL.search(source, position):
            append_piece(pieces, source[position : match.start()])
            piece, position = self._piece(source, match, include, exists, depth)
            append_piece(pieces, piece)
        append_piece(pieces, source[position:])
        return "".join(pieces)

    def _piece(
        self, source: str, match: re.Match[str], include: Include, exists: Callable[[str], bool], depth: int
    ) -> tuple[str, int]:
        """What one control word becomes, and where the source goes on."""
        expander, name = self._expander, match[1]
        if expander.is_definer(name):
            end = expander.define(source, match)
            self._leads.clear()
            return source[match.start() : end], end
        if name in _STYLES:
            collect_styles(expander, self._styles(source[match.start() : match.start() + 1_000]), self._text)
            return match[0], match.end()
        macro = expander.macros.get(name)
        if macro is not None and not macro.parameters and macro.body.strip()[1:] in _INPUT_WORDS:
            name = macro.body.strip()[1:]
        elif macro is not None and self._leads_to_input(name):
            text, end = expander.expand_use(source, match)
            if text != source[match.start() : end] and depth < len(expander.macros):
                return self.inline(text, include, exists, depth + 1), end
            return source[match.start() : end], end
        if name in _TEST_WORDS:
            return self._test(source, match, include, exists, depth)
        if name in _FOLDER_WORDS:
            start = match.end() + source.startswith("*", match.end())
            arguments, end = _groups(source, start, 2)
            names = [self._name(argument) for argument in arguments]
        elif name in _INPUT_WORDS:
            options = _OPTIONS.match(source, match.end()) if name == "includestandalone" else None
            arguments, end = _groups(source, match.end() if options is None else options.end(), 1)
            if not arguments and name == "input" and (bare := _BARE_NAME.match(source, match.end())):
                arguments, end = [bare[1]], bare.end()
            names = ["", *(self._name(argument) for argument in arguments)]
        else:
            return match[0], match.end()
        if len(names) < 2 or None in names:
            return match[0], match.end()
        return include(names[0] or "", names[1] or "") or "", end

    def _test(
        self, source: str, match: re.Match[str], include: Include, exists: Callable[[str], bool], depth: int
    ) -> tuple[str, int]:
        """The branch of a test for a file that is taken, and for `\\InputIfFileExists` the file behind it."""
        is_input = match[1] == "InputIfFileExists"
        arguments, end = _groups(source, match.end(), 3)
        name = self._name(arguments[0]) if len(arguments) == 3 else None
        if name is None:
            return match[0], match.end()
        is_there = exists(name)
        branch = self.inline(arguments[1 if is_there else 2], include, exists, depth + 1)
        return branch + ((include("", name) or "") if is_input and is_there else ""), end

    def _name(self, argument: str) -> str | None:
        """The name that an argument stands for; None when it holds what is no name."""
        if "\\" in argument:
            argument = self._expander.expand_argument(_SPACES_SKIPPED.sub(r"\1{}", argument))
        return None if "\\" in argument or "#" in argument else argument.replace("{}", "")

    def _leads_to_input(self, name: str) -> bool:
        """Whether what a macro stands for inputs a file, itself or by others."""
        known = self._leads.get(name)
        if known is not None:
            return known
        macros: Mapping[str, object] = self._expander.macros
        seen, waiting, found = {name}, [name], False
        while waiting and not found:
            body = self._expander.macros[waiting.pop()].body
            found = _ANY_INPUT.search(body) is not None
            more = {word for word in _CONTROL_WORDS.findall(body) if word in macros} - seen
            seen |= more
            waiting += more
        self._leads[name] = found
        return found


def _groups(source: str, position: int, count: int) -> tuple[list[str], int]:
    """Up to `count` arguments in braces from `position` on, and where the last ends."""
    arguments: list[str] = []
    while len(arguments) < count:
        start = skip_spaces(source, position)
        end = balanced(source, start) if source.startswith("{", start) else -1
        if end < 0:
            break
        arguments.append(source[start + 1 : end - 1])
        position = end
    return arguments, position

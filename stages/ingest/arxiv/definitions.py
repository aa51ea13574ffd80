r"""A macro definition of LaTeX source in, the macro's name, parameters and body out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from stages.ingest.arxiv.groups import balanced

_COMMANDS = frozenset({"newcommand", "renewcommand", "providecommand", "DeclareRobustCommand"})
_DOCUMENT_COMMANDS = frozenset(
    f"{word}{kind}DocumentCommand"
    for word in ("New", "Renew", "Provide", "Declare")
    for kind in ("", "Expandable")
)
_XARGS = frozenset({"newcommandx", "renewcommandx", "providecommandx"})
"""Of the package xargs: `\\newcommandx{\\x}[3][1=a, 3=b]` has two optional arguments."""
_DEFS = frozenset({"def", "gdef", "edef", "xdef"})
_PREFIXES = frozenset({"long", "global", "protected", "outer"})
_MAX_PREFIXES = 2 * len(_PREFIXES)
_MAX_PARAMETERS = 9
DEFINERS = _COMMANDS | _DOCUMENT_COMMANDS | _DEFS | _XARGS | _PREFIXES | {"DeclareMathOperator", "let"}
"""Control words that start a definition."""

PROTECTED = frozenset(
    r"\begin\end\section\subsection\subsubsection\paragraph\subparagraph\chapter\part\appendix\title\author"
    r"\date\maketitle\abstract\caption\label\bibliography\bibliographystyle\bibitem\item\input\include\par\relax"
    r"\includegraphics\document\documentclass\usepackage\footnote\quad\qquad\hspace\vspace"[1:].split("\\")
)
"""Commands that give a paper its structure or its spaces: redefined, they keep their meaning and are not expanded."""

_NAME = re.compile(r"\s*(?:\{\s*\\([A-Za-z@]+|[^A-Za-z@])\s*\}|\\([A-Za-z@]+|[^A-Za-z@]))")
_COUNT = re.compile(r"\s*\[\s*([0-9])\s*\]")
_PARAMETERS = re.compile(r"([^{}\\]*+)(?=\{)")
_SIGNATURE = re.compile(r"\s*(?:[+!>]\s*)?([mos]|O\s*\{([^{}]*)\})")
_SIMPLE_PARAMETERS = re.compile(r"\s*(?:#[1-9]\s*)*")
_COMPLEX = re.compile(
    r"\\(?:csname|expandafter|futurelet|catcode|@ifnextchar|@ifstar|@ifundefined|ifx|ifmmode|ifnum|ifdim|ifcat|ifcase"
    r"|newif|afterassignment|aftergroup|uppercase|lowercase|loop|advance"
    r"|begingroup|endgroup|makeatletter|string|meaning|the|number|romannumeral|noexpand|edef|xdef|let)(?![A-Za-z@])"
)
_DEFINES = re.compile(
    r"\\(?:(?:re|provide)?(?:new)?command|[gex]?def|let|(?:New|Renew|Provide|Declare)(?:Expandable)?DocumentCommand)(?![A-Za-z@])"
)
_TEX_INTERNALS = re.compile(
    r"@|\\(?:[hv]box|vtop|vcenter|[hv]skip|m?kern|raise|lower|move(?:left|right)|penalty|[hv]fil{1,2}|[hv]ss|[hv]rule|leavevmode"
    r"|setbox|un(?:box|hbox|vbox|skip|kern|hcopy|vcopy|penalty)|copy|box|wd|ht|dp|if[A-Za-z]*|else|or|fi|par|no?indent|hangindent|parskip"
    r"|parindent|baselineskip|lineskip|left(?:skip|margin)|rightskip|every(?:par|math|display)|global|long|relax|ignorespaces"
    r"|protect|b?egroup|egroup|vadjust|mark|insert|output|write|openout|closeout|immediate|special|char|mathchar|accent"
    r"|font|fontdimen|skewchar|textfont|scriptfont|hyphenchar|discretionary|spacefactor|multiply|divide|count|dimen|skip|toks"
    r"|show|halign|valign|noalign|omit|span|cr|crcr|tabskip|everycr|[hv]size|[hv]offset|shipout|eject|supereject|strut"
    r"|[hv]space|addvspace|makebox|framebox|fbox|parbox|mbox|raisebox|rule|fontsize|fontfamily|fontseries|fontshape|fontencoding"
    r"|selectfont|usefont|(?:set|addto|settowidth|settoheight|settodepth)length|setto(?:width|height|depth)|(?:set|addto|step|refstep|new)counter"
    r"|(?:new|clear|cleardouble)page|pagebreak|linebreak|thispagestyle|pagestyle|centering|raggedright|raggedleft"
    r"|addcontentsline|addtocontents|markboth|markright|AtBegin\w+|AtEnd\w+|Option\w*|Require\w*|DeclareOption|ProcessOptions"
    r"|newenvironment|renewenvironment|newsavebox|savebox|usebox|sbox|newlength|newdimen|newskip|newbox|newtheorem)(?![A-Za-z@])"
)
"""What a style's macro says to TeX about pages, boxes and lengths, in place of text."""
_FONT = re.compile(r"\\(?:text|math)[a-z]+|\\(?:emph|operatorname|boldsymbol|bm)")
"""Commands that a style may give other names, as its text; for another, `\\let` is its business with LaTeX."""
_SPACES = re.compile(r"[ \t]*\n?[ \t]*")
_BLANKS = re.compile(r"[ \t]*")


NO_VALUE = "-NoValue-"
"""What an optional argument without default is when it is not given, as in LaTeX itself."""


@dataclass(frozen=True)
class Parameter:
    """A parameter of a macro: mandatory, optional with its default, or a star."""

    kind: str = "m"
    default: str = NO_VALUE


@dataclass(frozen=True)
class Macro:
    """A macro: its name, parameters in order, and the text that it stands for.

    `is_complex`: its body is a program of TeX (conditions, catcodes), whose expansion would not be text.
    `defines`: its body defines others.
    """

    name: str
    parameters: tuple[Parameter, ...]
    body: str
    is_complex: bool = False

    @property
    def defines(self) -> bool:
        return _DEFINES.search(self.body) is not None

    @property
    def is_layout(self) -> bool:
        """Whether it stands for more than text: programs, boxes, lengths, pages, other commands."""
        if self.is_complex or "@" in self.name or _TEX_INTERNALS.search(self.body) is not None:
            return True
        return self.body.startswith("\\") and self.body[1:].isalpha() and _FONT.fullmatch(self.body) is None


@dataclass(frozen=True)
class Definition:
    """A parsed definition: where it ends in its source, and whether it only counts for a name that is new."""

    macro: Macro
    end: int
    only_when_new: bool = False


def skip_spaces(source: str, position: int, newlines: bool = True) -> int:
    """The position after blanks and at most one line end."""
    match = (_SPACES if newlines else _BLANKS).match(source, position)
    return match.end() if match else position


def parse_definition(
    source: str, match: re.Match[str], known: Mapping[str, Macro], word: str
) -> Definition | None:
    """The definition that the control word `match`, which stands for `word`, starts; None when it is malformed or none."""
    position = match.end()
    for _ in range(_MAX_PREFIXES):
        if word not in _PREFIXES:
            break
        following = re.compile(r"\s*\\([A-Za-z@]+)").match(source, position)
        if following is None or following[1] not in DEFINERS:
            return None
        word, position = following[1], following.end()
    if word in _PREFIXES:
        return None
    if word in _DEFS:
        return _parse_def(source, position)
    if word == "let":
        return _parse_let(source, position, known)
    if source.startswith("*", position):
        position, starred = position + 1, True
    else:
        starred = False
    named = _NAME.match(source, position)
    if named is None:
        return None
    name, position = named[1] or named[2], named.end()
    if word == "DeclareMathOperator":
        body, end = _group(source, position)
        operator = "\\operatorname*" if starred else "\\operatorname"
        return None if body is None else Definition(Macro(name, (), f"{operator}{{{body}}}"), end)
    if word in _DOCUMENT_COMMANDS:
        return _parse_document_command(source, position, name, word.startswith("Provide"))
    if word in _XARGS:
        return _parse_xargs(source, position, name, word.startswith("provide"))
    return _parse_command(source, position, name, word == "providecommand")


def _parse_command(source: str, position: int, name: str, only_when_new: bool) -> Definition | None:
    count = _COUNT.match(source, position)
    parameters: tuple[Parameter, ...] = ()
    if count:
        parameters, position = (Parameter(),) * int(count[1]), count.end()
        start = skip_spaces(source, position)
        if source.startswith("[", start):
            end = balanced(source, start)
            if end < 0:
                return None
            parameters = (Parameter("o", source[start + 1 : end - 1]), *parameters[1:])
            position = end
    body, end = _group(source, position)
    if body is None:
        one = re.compile(r"\s*(\\(?:[A-Za-z@]+|[^A-Za-z@]))").match(source, position)
        if one is None:
            return None
        body, end = one[1], one.end()
    return Definition(_macro(name, parameters, body), end, only_when_new)


def _parse_xargs(source: str, position: int, name: str, only_when_new: bool) -> Definition | None:
    count = _COUNT.match(source, position)
    kinds = [Parameter()] * (int(count[1]) if count else 0)
    position = count.end() if count else position
    start = skip_spaces(source, position)
    if count and source.startswith("[", start):
        position = balanced(source, start)
        if position < 0:
            return None
        for option in source[start + 1 : position - 1].split(","):
            number, sign, default = option.strip().partition("=")
            if sign and number.strip().isdecimal() and 0 < int(number) <= len(kinds):
                kinds[int(number) - 1] = Parameter("o", default.strip())
    body, end = _group(source, position)
    return None if body is None else Definition(_macro(name, tuple(kinds), body), end, only_when_new)


def _parse_def(source: str, position: int) -> Definition | None:
    named = _NAME.match(source, position)
    if named is None or named[2] is None:
        return None
    parameters = _PARAMETERS.match(source, named.end())
    if parameters is None:
        return None
    body, end = _group(source, parameters.end())
    if body is None:
        return None
    count = parameters[1].count("#")
    simple = count <= _MAX_PARAMETERS and _SIMPLE_PARAMETERS.fullmatch(parameters[1]) is not None
    macro = _macro(named[2], (Parameter(),) * min(count, _MAX_PARAMETERS), body)
    if not simple:  # text between parameters delimits them: left as the author wrote it
        macro = Macro(macro.name, macro.parameters, body, is_complex=True)
    return Definition(macro, end)


def _parse_let(source: str, position: int, known: Mapping[str, Macro]) -> Definition | None:
    both = re.compile(r"\s*\\([A-Za-z@]+|[^A-Za-z@])\s*=?\s*(\\(?:[A-Za-z@]+|[^A-Za-z@]))").match(
        source, position
    )
    if both is None:
        return None
    name, target = both[1], both[2][1:]
    if target in known:
        other = known[target]
        macro = Macro(name, other.parameters, other.body, other.is_complex)
    else:
        macro = Macro(name, (), "" if target == "relax" else both[2])
    return Definition(macro, both.end())


def _parse_document_command(source: str, position: int, name: str, only_when_new: bool) -> Definition | None:
    signature, position = _group(source, position)
    if signature is None:
        return None
    body, end = _group(source, position)
    if body is None:
        return None
    parameters: list[Parameter] = []
    place = 0
    while len(parameters) <= _MAX_PARAMETERS and (found := _SIGNATURE.match(signature, place)):
        kind, place = found[1][0], found.end()
        parameters.append(Parameter(kind.lower(), NO_VALUE if found[2] is None else found[2]))
    if signature[place:].strip() or len(parameters) > _MAX_PARAMETERS:
        return Definition(Macro(name, (), body, is_complex=True), end, only_when_new)
    return Definition(_macro(name, tuple(parameters), body), end, only_when_new)


def _macro(name: str, parameters: tuple[Parameter, ...], body: str) -> Macro:
    return Macro(name, parameters, body.strip("\n"), _COMPLEX.search(body) is not None)


def _group(source: str, position: int) -> tuple[str | None, int]:
    """Content of the `{}` group at `position` (blanks skipped) and its end; None when there is none."""
    start = skip_spaces(source, position)
    if not source.startswith("{", start):
        return None, position
    end = balanced(source, start)
    return (source[start + 1 : end - 1], end) if end > 0 else (None, position)

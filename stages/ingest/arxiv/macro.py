r"""The name, parameters and text of a macro of LaTeX in, what kind of text it stands for out: words, a program, layout."""

from __future__ import annotations

import re
from dataclasses import dataclass

from stages.ingest.arxiv.math_mode import FI

_COMPLEX = re.compile(
    r"\\(?:expandafter|futurelet|catcode|@ifnextchar|@ifstar|@ifundefined|ifx|ifnum|ifdim|ifcat|ifcase"
    r"|newif|afterassignment|aftergroup|uppercase|lowercase|loop|advance"
    r"|makeatletter|string|meaning|the|number|romannumeral|noexpand|edef|xdef|let)(?![A-Za-z@])"
    r"|\\_{0,2}[A-Za-z@]+(?:_[A-Za-z@]{2,})+:[A-Za-z]*|\\[lgc]_[A-Za-z_]+_(?:tl|int|bool|seq|prop|clist|dim|str|fp|box)(?![A-Za-z_])"
)
_DEFINES = re.compile(
    r"\\(?:(?:re|provide)?(?:new)?(?:command|environment|robustcmd)|[gex]?def|@namedef|let"
    r"|(?:New|Renew|Provide|Declare)(?:Expandable)?Document(?:Command|Environment)|LetLtxMacro|DeclarePairedDelimiter(?:X|XPP)?)(?![A-Za-z@])"
)
_TEX_INTERNALS = re.compile(
    r"@|\\(?:csname|[hv]box|vtop|vcenter|[hv]skip|m?kern|raise|lower|move(?:left|right)|penalty|[hv]fil{1,2}|[hv]ss|[hv]rule|leavevmode"
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

_GROUP = r"\{(?:[^{}]++|\{(?:[^{}]++|\{(?:[^{}]++|\{[^{}]*+\})*+\})*+\})*+\}"
_LOOK = re.compile(
    rf"\s*\\(?:@ifstar|(?:@|kernel@)ifnextchar\s*+(?P<character>[^\s\\{{}}#]))\s*+(?P<found>{_GROUP}|\\[A-Za-z@]+)\s*+"
    rf"(?P<other>{_GROUP}|\\[A-Za-z@]+)\s*"
)

NO_VALUE = "-NoValue-"
"""What an optional argument without default is when it is not given, as in LaTeX itself."""


@dataclass(frozen=True)
class Parameter:
    """A parameter of a macro: mandatory, optional with its default, a star, or (`u`) all until an `end`."""

    kind: str = "m"
    default: str = NO_VALUE
    end: str = ""


@dataclass(frozen=True)
class Look:
    """A choice by the character that follows a use: what a macro stands for where it does, and where it does not."""

    character: str
    found: str
    other: str
    is_taken: bool
    """Whether the character goes with the use: a star."""


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
    look: Look | None = None
    opening: str = ""
    """What must stand between the name and the first argument, as the `(` of `\\def\\pair(#1,#2){..}`."""

    @property
    def num_arguments(self) -> int:
        """How many arguments a use has; the character that is asked for counts."""
        return len(self.parameters) if self.look is None else 1

    @property
    def defines(self) -> bool:
        return _DEFINES.search(self.body) is not None

    @property
    def has_internals(self) -> bool:
        """Whether it tells TeX about pages, boxes and lengths."""
        return _TEX_INTERNALS.search(self.body) is not None

    @property
    def is_layout(self) -> bool:
        """Whether it stands for more than text: programs, boxes, lengths, pages, other commands."""
        if self.is_complex or "@" in self.name or self.has_internals:
            return True
        return self.body.startswith("\\") and self.body[1:].isalpha() and _FONT.fullmatch(self.body) is None


def macro_of(name: str, parameters: tuple[Parameter, ...], body: str) -> Macro:
    """A macro whose kind its body tells."""
    if not parameters and (look := _look(body)) is not None:
        return Macro(name, (), body, _is_complex(look.found) or _is_complex(look.other), look)
    is_complex = _is_complex(body)
    if "\\ifmmode" in body and body.rstrip().endswith("\\fi"):
        body = body.rstrip().removesuffix("\\fi") + FI
    return Macro(name, parameters, body.strip("\n"), is_complex)


def _is_complex(body: str) -> bool:
    return _COMPLEX.search(body) is not None or body.count("\\begingroup") != body.count("\\endgroup")


def _look(body: str) -> Look | None:
    r"""What a body asks that is nothing but `\@ifstar` or `\@ifnextchar`."""
    match = _LOOK.fullmatch(body)
    if match is None:
        return None
    found, other = (text[1:-1] if text.startswith("{") else text for text in (match["found"], match["other"]))
    return Look(match["character"] or "*", found, other, match["character"] is None)

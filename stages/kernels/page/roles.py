"""Names of HTML elements in, what each is to the text of a page out: flags by the hash of the name.

Whitespace and lines as browsers lay text out (HTML standard, 15.3 "Non-replaced elements"): blocks begin lines, blocks with
a margin are set off by a blank one, cells stand side by side.
"""

from __future__ import annotations

from functools import cache

from stages.kernels.markup.element_kinds import ElementKinds, kind_table

VOID, RAW, SKIPPED, BLOCK, MARGIN, CELL, ROW, LINK, BREAK, SPACED, BULLETS, NUMBERS, ITEM = (
    1 << bit for bit in range(13)
)
"""No content; content that is no markup; content that is no text of the page; begins a line; set off by blank lines;
stands beside its neighbours; holds such; <a>; <br>; words beside it are words apart; <ul>; <ol>; <li>."""

_INHERITED = 13
CONTEXTS = (
    "article",
    "main",
    "nav",
    "aside",
    "header",
    "footer",
    "form",
    "table",
    "listed",
    "figure",
    "caption",
    "quote",
    "button",
    "dialog",
    "definitions",
    "section",
    "address",
    "hidden",
    "noscript",
    "body_property",
    "paragraph_element",
    "preformatted_element",
)
"""What an element and all inside it stand in, by their flags: from IN_FIRST on, one bit each."""

IN_FIRST = _INHERITED
IN = {name: 1 << _INHERITED + number for number, name in enumerate(CONTEXTS)}
LEVEL_SHIFT = _INHERITED + len(CONTEXTS)
"""Where three bits for the level of a heading around begin."""

IN_MASK = sum(IN.values()) | 7 << LEVEL_SHIFT

_ROLES = {
    VOID: "area base basefont bgsound br col embed frame hr img input keygen link meta param source track wbr",
    RAW: "script style iframe noembed noframes xmp plaintext",
    SKIPPED: "head title script style iframe noembed noframes xmp plaintext template textarea select datalist svg object "
    "canvas audio video map optgroup option",
    BLOCK: "address article aside blockquote body button caption center dd details dialog dir div dl dt fieldset figcaption "
    "figure footer form frameset h1 h2 h3 h4 h5 h6 header hgroup hr html legend li listing main menu nav noscript ol p "
    "pre search section summary table tbody td tfoot th thead tr ul",
    MARGIN: "blockquote dl figure h1 h2 h3 h4 h5 h6 hr listing menu ol p pre table ul",
    CELL: "td th",
    ROW: "tr table",
    LINK: "a",
    BREAK: "br",
    SPACED: "input img label picture",
    BULLETS: "ul menu dir",
    NUMBERS: "ol",
    ITEM: "li",
}
_CONTEXT_OF = {
    "article": "article",
    "main": "main",
    "nav": "nav",
    "aside": "aside",
    "header": "header",
    "footer": "footer",
    "form": "form fieldset",
    "table": "table",
    "listed": "ul ol menu dir",
    "figure": "figure",
    "caption": "figcaption caption",
    "quote": "blockquote q",
    "button": "button label",
    "dialog": "dialog",
    "definitions": "dl",
    "section": "section",
    "address": "address",
    "noscript": "noscript",
    "paragraph_element": "p",
    "preformatted_element": "pre listing",
}
ROLE_CONTEXTS = {
    "main": "main",
    "article": "article",
    "navigation": "nav",
    "menu": "nav",
    "menubar": "nav",
    "complementary": "aside",
    "banner": "header",
    "contentinfo": "footer",
    "search": "form",
    "dialog": "dialog",
    "alertdialog": "dialog",
    "alert": "dialog",
    "button": "button",
    "figure": "figure",
}
"""What a `role` says of an element (WAI-ARIA 1.2, 5.3)."""

BODY_PROPERTIES = (
    "articlebody",
    "description",
    "text",
    "reviewbody",
    "recipeinstructions",
    "recipeingredient",
)
"""schema.org's properties of an element that hold text of the page, in lower case."""


@cache
def element_roles() -> ElementKinds:
    """The flags of all elements that lay text out, or that say what it is."""
    flags: dict[str, int] = {}
    for flag, words in _ROLES.items():
        for name in words.split():
            flags[name] = flags.get(name, 0) | flag
    for context, words in _CONTEXT_OF.items():
        for name in words.split():
            flags[name] = flags.get(name, 0) | IN[context]
    for level in range(1, 7):
        flags[f"h{level}"] |= level << LEVEL_SHIFT
    return kind_table(flags)


@cache
def role_contexts() -> ElementKinds:
    """The flags by the value of `role`, and by that of `itemprop`, in lower case."""
    flags = {role: IN[context] for role, context in ROLE_CONTEXTS.items()}
    return kind_table(flags | dict.fromkeys(BODY_PROPERTIES, IN["body_property"]))

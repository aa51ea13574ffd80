"""A template's inside in, the words that a reader sees in its place out, for those inside sentences.

What each leaves is in the table of templates, by the wiki's language. Of one that the table does not know, its
surroundings and its shape decide (`template_shape`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache, partial

from stages.ingest.wikipedia.marks import APOSTROPHE, GONE
from stages.ingest.wikipedia.template_countries import (
    country_word,
    flag_and_name,
    is_flag_template,
)
from stages.ingest.wikipedia.template_forms import FORMS
from stages.ingest.wikipedia.template_functions import PARSER_FUNCTION, parser_function_text
from stages.ingest.wikipedia.template_labels import GERMAN_TEMPLATES, words_of
from stages.ingest.wikipedia.template_patterns import Form, compile_pattern, no_text
from stages.ingest.wikipedia.template_people import COUNTRIES
from stages.ingest.wikipedia.template_table import pattern_of
from stages.ingest.wikipedia.template_times import TIME_FUNCTION, time_text
from stages.ingest.wikipedia.template_values import Values, formatted_number, parted


@dataclass(frozen=True)
class Vanished:
    """Who is told of templates that leave nothing inside a sentence: name, whether a rule knows it, the wikitext around.

    Those that have no text by a rule are told `with_known` alone: looking where they stand costs time.
    """

    note: Callable[[str, bool, str], None]
    with_known: bool = False


_LANGUAGE_TEMPLATE = re.compile(r"(?:lang|langue|язык|мова|јез|jez|jezik|ny)[ -]([\w-]{2,12})")
_ROMAN = r"M{0,3}(?:C[MD]|D?C{0,3})(?:X[CL]|L?X{0,3})(?:I[XV]|V?I{0,3})"
_FRENCH_CENTURY = re.compile(
    rf"([-–]?)({_ROMAN}|[ivx]+)(er|e) (siècle|millénaire)(?: (av(?:ant|\.)? J\.?-?C\.?))?", re.IGNORECASE
)
_FRENCH_DAY_OR_YEAR = re.compile(
    r"1er (?:janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre)(?: \d{1,4})?|-\d{1,4}"
)
"""`{{1er janvier}}`: the one day that French writes as an ordinal; and `{{-44}}`, a year."""

_FRENCH_ORDINAL = re.compile(
    rf"(?=[\dIVXLCDMi])(?:(\d{{1,4}})(er|re|ère|e|ème|d|de|nd|nde)|([Ii]|{_ROMAN})(er|re|e))"
)
"""`{{1er}}`, `{{XIXe}}`, `{{84e|Congrès}}`: numbers with their ending, as they are written; `{{VIE}}` is none."""

_BEGINS_NUMBER = frozenset("0123456789IVXLCDMivxl-–")

_FRENCH_NUMBERS = frozenset(["fr", None])
"""Wikis with those templates; where the wiki is unknown they are taken for what they look like."""

_FUNCTION = re.compile(
    r"(formatnum|zahlenformat|formatnombre|formatonumero|formatonúmero|форматчисла|lc|uc|ucfirst|lcfirst|padleft|padright|urlencode|plural|grammar):(.*)",
    re.DOTALL | re.IGNORECASE,
)
_COMPUTED = re.compile(r"#(?:invoke|statements|property):?.*", re.DOTALL | re.IGNORECASE)
_TEAM = re.compile(r"(?:Calcio|Basket|Pallavolo|Rugby|Hockey|Pallanuoto|Football americano) (.+)")
"""Italian templates of teams: `{{Calcio Juventus|N}}` shows the team's flag and name."""

_SIMPLE_FRACTION = re.compile(r"\d/\d")
"""`{{3/4}}` is a template of its own."""

_SLAVIC_PLURALS = frozenset("ru uk be sr hr bs sh pl".split())
_MAX_NAME_CHARS = 60
_MAX_PADDED = 500
_CACHED_NAMES = 8192


@dataclass(frozen=True)
class Templates:
    """The templates of a wiki in this language (None: unknown), on the page of this title."""

    language: str | None = None
    title: str = ""

    @classmethod
    def of(cls, language: str | None, title: str = "") -> Templates:
        """For a wiki's language."""
        return cls(language, title)

    def text(self, inner: str) -> str | None:
        """The text in place of `{{inner}}`, None where no rule knows it; what nested inside is replaced already."""
        name, values = parted(inner)
        form = _form(self.language, name, bool(values))
        if form is _page_name:
            return self.title
        try:
            return None if form is None else form(values)
        except (ArithmeticError, ValueError):
            return None  # values that no rule has an answer for, such as a year of five thousand digits

    def country(self, inner: str) -> str:
        """The country that a template without a rule is named after; nothing where it is named otherwise."""
        return country_word(self.language, inner)

    def has_rule(self, name: str) -> bool | None:
        """Whether a rule gives a template of this name text; None where no rule knows it."""
        return _has_rule(self.language, name)


def template_text(inner: str) -> str:
    """The text in place of `{{inner}}` in a wiki of unknown language, none where no rule knows it."""
    return (Templates().text(inner) or "").replace(APOSTROPHE, "'")


def is_textless(name: str) -> bool:
    """Whether no rule of any language gives a template of this name text."""
    return Templates().has_rule(name) is not True


@lru_cache(maxsize=_CACHED_NAMES)
def _has_rule(language: str | None, name: str) -> bool | None:
    """Whether a rule gives a template of this name text; None where no rule knows it."""
    forms = [_form(language, name.strip(), has_values) for has_values in (True, False)]
    known = [form for form in forms if form is not None]
    return any(form is not no_text for form in known) if known else None


def _page_name(values: Values) -> str:
    return ""


@cache
def _forms() -> dict[str, Callable[[str | None, Values], str]]:
    return {**FORMS, "page_name": lambda language, values: ""}


@lru_cache(maxsize=_CACHED_NAMES)
def _form(language: str | None, name: str, has_values: bool) -> Form | None:
    """What makes the text of the templates of this name, None for those that no rule knows."""
    function = _FUNCTION.fullmatch(name) if ":" in name else None
    if function is not None:
        return partial(_function_text, function[1].lower(), function[2].strip(), language)
    if name.startswith("#"):
        computed = PARSER_FUNCTION.fullmatch(name)
        timed = TIME_FUNCTION.fullmatch(name)
        if timed is not None:
            return partial(time_text, timed[1].lower(), timed[2], language)
        if computed is not None:
            return partial(parser_function_text, computed[1].lower(), computed[2])
        if _COMPUTED.fullmatch(name) is not None:
            return partial(_constant, "")
    if not name or len(name) > _MAX_NAME_CHARS:
        return None
    if language in _FRENCH_NUMBERS and name[0] in _BEGINS_NUMBER:
        number = _french_number(name)
        if number is not None:
            return number
    pattern = pattern_of(language, name)
    if pattern == "@page_name":
        return _page_name
    form = None if pattern is None else _compiled(pattern, name, language, has_values)
    if form is not None:
        return form
    foreign = _LANGUAGE_TEMPLATE.fullmatch(name.replace("_", " ").lower())
    if foreign is not None:
        return partial(words_of, foreign[1], language)
    if language in ("de", None) and (label := GERMAN_TEMPLATES.get(name.lower())) is not None:
        return partial(_labelled, label if language else "")
    if len(name) == 3 and _SIMPLE_FRACTION.fullmatch(name) is not None:
        return partial(_constant, name)
    if is_flag_template(language, name):
        return partial(_flag_and_name, language, name)
    return _italian_team(name, language) if language in ("it", None) else None


def _flag_and_name(language: str | None, name: str, values: Values) -> str:
    return flag_and_name(language, {**values, "@": name})


def _compiled(pattern: str, name: str, language: str | None, has_values: bool) -> Form | None:
    if (
        not has_values
        and "@" not in pattern
        and pattern.startswith(("{1", "{2", "{3", "{texte"))
        and "=" not in pattern
    ):
        return None  # without values there is nothing to show, and `{{de}}` or `{{it}}` mean something else
    return compile_pattern(pattern, name, language, _forms())


def _italian_team(name: str, language: str | None) -> Form | None:
    """`{{Calcio Juventus|N}}`, `{{ITA}}`: a team's or a country's flag and name."""
    team = _TEAM.fullmatch(name) if " " in name else None
    if team is not None:
        return partial(_constant, team[1])
    if language is None or name not in COUNTRIES:
        return None  # `{{VIE}}` shows a country in most wikis, each in its own language
    return partial(_constant, COUNTRIES[name].replace("'", APOSTROPHE))


def _french_number(name: str) -> Form | None:
    century = _FRENCH_CENTURY.fullmatch(name)
    if century is not None and century[2]:
        before = " av. J.-C." if century[1] or century[5] else ""
        return partial(_constant, f"{century[2].upper()}{century[3].lower()} {century[4].lower()}{before}")
    if _FRENCH_DAY_OR_YEAR.fullmatch(name) is not None:
        return partial(_constant, name)
    ordinal = _FRENCH_ORDINAL.fullmatch(name)
    if ordinal is None:
        return None
    digits, digit_ending, roman, roman_ending = ordinal.groups()
    if roman is not None and (roman.upper() == "I") != (roman_ending in ("er", "re")):
        return None
    return partial(_ordinal_text, digits + digit_ending if digits else roman.upper() + roman_ending)


def _function_text(function: str, argument: str, language: str | None, values: Values) -> str:
    argument = argument.replace(GONE, "")
    if function.startswith("format") or function in ("zahlenformat", "форматчисла"):
        return formatted_number(argument, language, values.get("1", ""))
    if function == "uc":
        return argument.upper()
    if function == "lc":
        return argument.lower()
    if function == "ucfirst":
        return argument[:1].upper() + argument[1:]
    if function == "lcfirst":
        return argument[:1].lower() + argument[1:]
    if function in ("padleft", "padright"):
        return _padded(argument, values, is_left=function == "padleft")
    if function == "plural":
        if (
            argument.isdecimal()
            and argument in values
            and (argument == "0" or str(int(argument) - 1) not in values)
        ):
            return values[argument]
        form = _plural_form(argument, language)
        forms = (str(at) for at in range(int(form), 0, -1))
        return next((values[key] for key in forms if values.get(key)), "")
    return values.get("1", "") if function == "grammar" else argument


def _padded(text: str, values: Values, *, is_left: bool) -> str:
    """`{{padleft:7|3|0}}` is 007."""
    width = min(int(values["1"]), _MAX_PADDED) if values.get("1", "").isdecimal() else 0
    fill = (values.get("2") or "0") * max(width - len(text), 0)
    fill = fill[: max(width - len(text), 0)]
    return fill + text if is_left else text + fill


def _plural_form(number: str, language: str | None) -> str:
    """Which of the forms behind `{{plural:5|` a number takes, as MediaWiki's rules (CLDR's) have it."""
    if not number.isdecimal():
        return "1" if number in ("", "1") else "2"
    ending, tens = int(number) % 10, int(number) % 100
    if language in _SLAVIC_PLURALS:
        few = 2 <= ending <= 4 and not 12 <= tens <= 14
        one = number == "1" if language == "pl" else ending == 1 and tens != 11
        return "1" if one else "2" if few else "3"
    if language in ("cs", "sk"):
        return "1" if number == "1" else "2" if number in ("2", "3", "4") else "4"
    if language == "sl":
        return {1: "1", 2: "2", 3: "3", 4: "3"}.get(tens, "4")
    if language == "ro":
        return "1" if number == "1" else "2" if int(number) == 0 or 1 <= tens <= 19 else "3"
    return "1" if number == "1" or (number == "0" and language in ("fr", "pt")) else "2"


def _constant(text: str, values: Values) -> str:
    return text


def _labelled(label: str, values: Values) -> str:
    """German `{{ruS|Москва|Moskwa}}`: russisch Москва, Moskwa."""
    text = ", ".join(values[key] for key in ("1", "2") if values.get(key))
    return f"{label} {text}".strip()


def _ordinal_text(number: str, values: Values) -> str:
    """French `{{84e|Congrès}}` and `{{1re}}`."""
    return f"{number} {values.get('1', '')}".strip()

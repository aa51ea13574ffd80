"""The inside of `[[..]]` in, its text out: a page's label, nothing for files, categories, other languages."""

from __future__ import annotations

import re

from stages.ingest.wikipedia.names import Namespaces

PAGE, DROPPED, LANGUAGE = "page", "dropped", "language"
_LANGUAGE_CODE = re.compile(r"[a-z]{2,3}(?:-[a-z]{2,10}){0,2}|simple")
_PREFIX_WORDS = """
    wikt wiktionary s wikisource b wikibooks q wikiquote n wikinews v wikiversity voy wikivoyage commons c
    species wikispecies meta metawikipedia mw d wikidata w wikipedia project special user talk help portal
    template doi rfc pmid bugzilla phab foundation m
"""
_PROJECT_PREFIXES = frozenset(_PREFIX_WORDS.split())
_MAX_PREFIX_CHARS = 40
_MEDIA_NAME = re.compile(
    r"\.(?:jpe?g|png|svg|gif|webp|tiff?|xcf|djvu|og[agv]|webm|wav|mp3|midi?)\s*", re.IGNORECASE
)


def target_kind(target: str, namespaces: Namespaces) -> str:
    """What a link to `target` is: a PAGE's text, DROPPED (file, category), or a LANGUAGE in the margin."""
    prefix, colon, rest = target.partition(":")
    if not colon or len(prefix) > _MAX_PREFIX_CHARS:
        return PAGE
    name = prefix.replace("_", " ").strip().lower()
    if name in namespaces.files or name in namespaces.categories:
        return DROPPED
    if _MEDIA_NAME.fullmatch(rest[rest.rfind(".") :]) is not None:
        return DROPPED  # a namespace in a language that neither the header nor our list names
    # A title such as `Re: Zero` has a space; prefixes of languages are written in lower case.
    if (
        prefix.strip() not in _PROJECT_PREFIXES
        and _LANGUAGE_CODE.fullmatch(prefix.strip())
        and rest[:1] != " "
    ):
        return LANGUAGE
    return PAGE


def link_text(inner: str, namespaces: Namespaces) -> str:
    """What a reader sees of `[[inner]]`; what nested inside is replaced already."""
    target, bar, label = inner.partition("|")
    if ":" in target:
        kind = target_kind(target, namespaces)
        if kind == DROPPED or (kind == LANGUAGE and not bar):
            return ""
    if "\n" in target.strip():
        return inner  # no link: a title has no line end
    if bar:
        return label if label.strip() else target.strip().lstrip(":")
    if ":" not in target:
        return target.lstrip("#")
    leading_colon = target.lstrip().startswith(":")
    bare = target.lstrip(": ")
    prefix, _, rest = bare.partition(":")
    name = prefix.replace("_", " ").strip().lower()
    if rest.strip() and (leading_colon or name in namespaces.ids or name in _PROJECT_PREFIXES):
        return rest.strip()
    return bare


def simple_link_text(target: str, label: str | None) -> str:
    """As `link_text`, of a link without a colon in its target and with nothing nested inside."""
    if label is None:
        return target.lstrip("#")
    return label if label.strip() else target.strip()


def unclosed_link(inner: str, namespaces: Namespaces) -> str:
    """What stays of `[[inner` that is never closed: all but a file's name and options on its first line."""
    target, bar, label = inner.partition("|")
    if "\n" in target:
        return inner
    if target_kind(target, namespaces) == DROPPED:
        return "\n" + inner.partition("\n")[2]
    return label if bar else inner

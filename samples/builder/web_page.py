"""A page of prose in, its plain text (WET) or HTML (WARC) out, amid the lines that every page of a site carries."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from html import escape

from builder.dumps import Page


@dataclass(frozen=True)
class Theme:
    """The boilerplate of the sites that one web agency built: lines above and below a page's text."""

    above: tuple[str, ...]
    below: tuple[str, ...]


THEMES = (
    Theme(
        (
            "Home | About | Archive | Contact",
            "We use cookies to give you the best experience. Accept all | Settings",
        ),
        ("Subscribe to our newsletter and never miss a post!", "Copyright © {year} All rights reserved."),
    ),
    Theme(
        ("Skip to content", "Menu Search Log in"),
        (
            "Share this page on Facebook, Twitter or Pinterest",
            "Join our mailing list for a letter every second month.",
            "© {year} Built with care by Harbour Lane Web. Privacy policy | Terms of use",
        ),
    ),
    Theme(
        (
            "This site uses cookies. By browsing on you agree to our use of them. Got it!",
            "News Shop Community Help",
        ),
        (
            "You may also like",
            "Get the weekly digest in your inbox",
            "(c) 2004-{year} Linden Pages. All rights reserved.",
        ),
    ),
    Theme(
        ("Toggle navigation", "Home > Browse > This page"),
        (
            "Was this page helpful? Yes | No",
            "Back to top",
            "Last updated {year}. Powered by Papercrane CMS 4.{digit}",
        ),
    ),
    Theme(
        (
            "Your privacy matters to us. Manage your cookie choices here.",
            "Start | Latest | Topics | Support us",
        ),
        (
            "Sign up for updates. No spam, ever.",
            "{digit} comments",
            "Copyright {year} by the authors. Impressum.",
        ),
    ),
)

HTML = """<!DOCTYPE html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<title>{title} - {host}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>body {{ margin: 0; font: 16px/1.5 serif }} nav a {{ padding: 1em }} aside {{ float: right }}</style>
<script>window.dataLayer = window.dataLayer || []; dataLayer.push({{"page": "article"}});</script>
</head>
<body>
<header class="site-header"><a href="/" class="logo">{host}</a>
<nav class="menu"><ul><li><a href="/">Home</a></li><li><a href="/about">About</a></li>
<li><a href="/archive">Archive</a></li><li><a href="/contact">Contact</a></li></ul></nav></header>
<div class="cookie-banner" role="dialog"><p>We use cookies. <button>Accept</button></p></div>
<main>
<article>
<h1>{title}</h1>
{paragraphs}
</article>
<aside class="sidebar"><h3>Popular posts</h3><ul><li><a href="/1">The first one</a></li>
<li><a href="/2">Another one</a></li></ul></aside>
</main>
<footer class="site-footer"><p>Copyright &copy; {year} {host}</p><p><a href="/privacy">Privacy policy</a></p></footer>
</body>
</html>
"""


def plain_text(page: Page) -> str:
    """The text of a WET record: title, the site's lines above, paragraphs, the site's lines below."""
    theme, words = theme_of(page.host), _words(page.url)
    lines = [page.title, *theme.above, *page.paragraphs, *theme.below]
    return "".join(line.format(**words) + "\n" if line in theme.below else line + "\n" for line in lines)


def bare_text(page: Page) -> str:
    """The text of a WET record of a site without boilerplate."""
    return "".join(line + "\n" for line in (page.title, *page.paragraphs))


def html(page: Page, language: str) -> bytes:
    """The page as HTML."""
    paragraphs = "\n".join(f"<p>{escape(paragraph, quote=False)}</p>" for paragraph in page.paragraphs)
    title = escape(page.title, quote=False)
    text = HTML.format(
        language=language, title=title, host=page.host, paragraphs=paragraphs, **_words(page.url)
    )
    return text.encode()


def theme_of(host: str) -> Theme:
    """The boilerplate of a host, the same for all its pages."""
    return THEMES[hashlib.sha1(host.encode()).digest()[0] % len(THEMES)]


def _words(url: str) -> dict[str, int]:
    """What differs between pages in a line that is otherwise the same: digits, which line dedup normalises."""
    number = hashlib.sha1(url.encode()).digest()[1]
    return {"year": 2012 + number % 8, "digit": number % 10}

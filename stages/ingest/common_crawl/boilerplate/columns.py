"""The names of the features by which a line of a page is judged, in the order of their columns.

Shallow text features of blocks and their neighbours, after Kohlschuetter et al. 2010 ("Boilerplate detection using
shallow text features"); none knows a word of any language.
"""

from __future__ import annotations

OWN_FEATURES = (
    "paragraph",
    "item",
    "preformatted",
    "bare",
    "heading_level",
    "list_depth",
    "blank_lines_before",
    "chars",
    "words",
    "link_share",
    "links",
    "plain_chars",
    "ends_sentence",
    "ends_colon",
    "punctuation_per_word",
    "commas",
    "letter_share",
    "digit_share",
    "upper_share",
    "symbol_share",
    "capital_word_share",
    "starts_lower",
    "chars_per_word",
    "share_links",
    "section_links",
    "page_links",
    "copyright",
    "year",
    "time",
    "in_title",
    "holds_title",
    "starts_symbol",
    "repeated",
    "prose",
)
"""Of the line alone; `prose` is 1 for at least 80 characters outside links that end a sentence."""

PAGE_FEATURES = (
    "index",
    "lines_after",
    "lines",
    "page_prose_chars",
    "prose_share_before",
    "lines_since_prose",
    "lines_to_prose",
    "lines_since_heading",
    "page_link_share",
    "page_prose_line_share",
    "page_paragraph_share",
    "heading_above_level",
    "heading_above_link_share",
    "heading_above_chars",
    "near_chars",
    "near_link_share",
    "near_prose_lines",
)
"""Of the line's place in the page; `near` is NEAR_LINES before and after it."""

NEAR_LINES = 5

NEIGHBOUR_FEATURES = (
    "paragraph",
    "item",
    "bare",
    "heading_level",
    "chars",
    "link_share",
    "plain_chars",
    "ends_sentence",
    "punctuation_per_word",
    "digit_share",
)
NEIGHBOURS = (-3, -2, -1, 1, 2, 3)
"""Lines away; beyond the page's ends a neighbour's features are -1."""

FEATURES = (
    *OWN_FEATURES,
    *PAGE_FEATURES,
    *(f"{name}{distance:+d}" for distance in NEIGHBOURS for name in NEIGHBOUR_FEATURES),
)

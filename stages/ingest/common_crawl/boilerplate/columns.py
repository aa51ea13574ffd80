"""The names of the features by which a line of a page is judged, in the order of their columns.

Shallow text features of blocks and their neighbours, after Kohlschuetter et al. 2010 ("Boilerplate detection using
shallow text features"), and features of the tree around them; none knows a word of the text's language.
"""

from __future__ import annotations

from stages.kernels.page.roles import CONTEXTS

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

SCORE_FEATURES = (
    "node_depth",
    "path_score",
    "node_score",
    "highest_score",
    "lowest_score",
    "near_score",
    "head_score",
    "path_score_to_page",
    "parent_score",
    "sum_score",
)
"""What the names of the elements around a line say: summed over all, of the innermost, the greatest and the least of one,
of the innermost three, by the weights of innermost elements, against the page's mean, of the parent, both sums."""

CONTEXT_FEATURES = tuple(f"in_{name}" for name in CONTEXTS)

BLOCK_SIZES = ("150_chars", "600_chars", "3_tenths", "6_tenths", "parent", "2_lines")
BLOCK_FEATURES = tuple(
    f"{name}_of_{size}"
    for size in BLOCK_SIZES
    for name in ("chars", "link_share", "prose_share", "lines", "levels_up", "page_share")
)
"""Of the innermost element around a line that holds so many characters, such a share of the page's, two lines; and of
the parent."""

REPEAT_FEATURES = (
    "repeats",
    "repeat_chars",
    "repeat_link_share",
    "repeat_prose_share",
    "repeat_place",
    "repeat_levels_up",
    "repeat_page_share",
    "most_repeats",
    "outer_repeats",
    "outer_repeat_chars",
    "outer_repeat_link_share",
    "outer_repeat_levels_up",
)
"""Of the innermost element around a line that has two siblings or more of its own name and classes: a card, a post, a
comment, a row; and of the next such element around it."""

TREE_FEATURES = (
    "page_chars",
    "page_nodes",
    "group_page_share",
    "group_repeats",
    "group_chars",
    "group_prose_share",
    "page_highest_score",
    "page_mean_score",
    "share_before",
    "chars_after",
    "page_p_share",
    "page_list_share",
    "page_table_share",
    "page_has_article",
    "page_has_main",
    "page_articles",
)
"""Of the page's tree: the largest group of repeated elements, what its text stands in; and where the line stands."""

COMMENT_FEATURES = (
    "comment_levels",
    "comment_page_share",
    "comment_prose_chars",
    "other_prose_chars",
    "prose_chars_before",
    "prose_chars_before_comments",
)
"""Of readers' comments: in how many of their elements the line stands; their share of the page, prose in them and outside;
prose outside before the line (-1 for one that stands in none) and before the first of them."""

PAGE_KINDS = ("article", "collection", "documentation", "forum", "listing", "product", "service")
KIND_FEATURES = tuple(f"is_{kind}" for kind in PAGE_KINDS)
"""How likely the page is of each kind."""

FEATURES = (
    *OWN_FEATURES,
    *PAGE_FEATURES,
    *(f"{name}{distance:+d}" for distance in NEIGHBOURS for name in NEIGHBOUR_FEATURES),
    *SCORE_FEATURES,
    *CONTEXT_FEATURES,
    *BLOCK_FEATURES,
    *REPEAT_FEATURES,
    *TREE_FEATURES,
    *COMMENT_FEATURES,
    *KIND_FEATURES,
)

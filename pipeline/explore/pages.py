"""A page of documents, or the story of one, in, HTML out; a form for what to show and for marks works without any script."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from urllib.parse import urlencode

from pipeline.explore.asked import ACTIONS, KEPT_VIEW, MEASURED_VIEW, Asked
from pipeline.explore.browse import FoundPage, Spot
from pipeline.explore.marks import BAD, GOOD, Marks
from pipeline.explore.run_view import Choices, Story
from pipeline.look.lines import FULL_HINT
from pipeline.report.markup import escaped, escaped_text, field_value, html_table, marked_lines

SNIPPET_CHARS = 600
CONTEXT_CHARS = 200
"""What is shown of a text before the first of the words that were asked for."""

_KEYS = (
    "Keys: j and k go to the next and last document, Enter opens it, g and b mark it good and bad, u takes the mark away,"
    " n shows the next page, / goes to the words."
)

_TITLES: Mapping[str, str] = {
    KEPT_VIEW: "Kept",
    "dropped": "Dropped",
    "edited": "Edited",
    "merged": "Merged",
    MEASURED_VIEW: "Measured",
}


def page_around(title: str, body: str, nonce: str) -> str:
    """A whole page; its style and script are ours, and carry the nonce that its policy lets through."""
    here, report = files("pipeline.explore"), files("pipeline.report")
    style = report.joinpath("page.css").read_text(encoding="utf-8")
    style += here.joinpath("explore.css").read_text(encoding="utf-8")
    script = here.joinpath("explore.js").read_text(encoding="utf-8")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">'
        f'<title>{escaped(title)}</title><style nonce="{nonce}">{style}</style></head><body>'
        f'<a class="skip" href="#content">To the content</a>{body}<script nonce="{nonce}">{script}</script></body></html>\n'
    )


def fault_page(message: str, nonce: str) -> str:
    """A page that says what was wrong with what was asked."""
    body = f'<main id="content"><h1>That did not work</h1><p>{escaped(message)}</p>'
    body += '<p><a href="./">All documents</a></p></main>'
    return page_around("Not found", body, nonce)


def list_page(run: str, asked: Asked, choices: Choices, found: FoundPage, marks: Marks, nonce: str) -> str:
    """Documents that fit, the form that asks for others, and where the next page begins."""
    parts = [f'<header><h1>{escaped(run)}</h1><p class="soft">{escaped(_marked(marks))}</p></header>']
    parts.append(f'{_views(asked, choices)}<main id="content">{_form(asked, choices)}')
    parts.append(f'<p class="soft" role="status">{escaped(_looked(found))}</p>')
    back = asked.query()
    parts += [_item(one, asked, marks, back) for one in found.spots]
    parts.append(f'<nav class="pages" aria-label="Pages">{"".join(_ways(asked, found))}</nav></main>')
    parts.append(f'<footer><p class="soft">{escaped(_KEYS)}</p></footer>')
    return page_around(f"{run}: documents", "".join(parts), nonce)


def _marked(marks: Marks) -> str:
    return f"{len(marks):,} documents marked, in {marks.place}"


def _views(asked: Asked, choices: Choices) -> str:
    links = []
    for view in choices.views:
        here = ' aria-current="page"' if view == asked.view else ""
        changes: dict[str, object] = {"view": view, "file": 0, "row": 0, "at": None, "node": "", "rule": ""}
        changes |= {"value": "", "low": None, "high": None}
        links.append(f'<a href="./?{escaped(asked.query(**changes))}"{here}>{_TITLES[view]}</a>')
    return f'<nav aria-label="Views">{"".join(links)}</nav>'


def _form(asked: Asked, choices: Choices) -> str:
    fields = [f'<input type="hidden" name="view" value="{escaped(asked.view)}">']
    fields.append(_select("source", "source", choices.sources, asked.source))
    fields.append(_select("node", "stage", choices.nodes[asked.view], asked.node))
    if rules := choices.rules.get(asked.view):
        fields.append(_select("rule", "rule", rules, asked.rule))
    if asked.view in ACTIONS:
        fields += [_input("low", "value from", asked.low), _input("high", "value to", asked.high)]
    elif values := choices.values.get(asked.view):
        fields.append(_select("value", "value", values, asked.value))
        fields += [_input("low", "from", asked.low), _input("high", "to", asked.high)]
    options = "".join(f'<option value="{field_value(one)}">' for one in choices.languages)
    fields.append(_input("language", "language", asked.language, ' list="languages"'))
    fields.append(f'<datalist id="languages">{options}</datalist>')
    fields.append(_input("words", 'words, or "a phrase"', asked.words, " data-words"))
    fields.append(_input("url", "URL holds", asked.url))
    fields.append(_input("at", "begin at % of the run", asked.at))
    given = [f"{name} {value}" for name, value in _given(asked)]
    summary = f"Filters: {', '.join(given)}" if given else "Filters"
    clear = f'<a href="./?{escaped(urlencode({"view": asked.view}))}">clear</a>'
    return (
        f'<details class="filters"><summary>{escaped(summary)}</summary><form method="get" action="./">{"".join(fields)}'
        f'<p class="do"><button>Show</button> {clear}</p></form></details>'
    )


def _given(asked: Asked) -> Iterator[tuple[str, object]]:
    for name in ("source", "node", "rule", "value", "low", "high", "language", "words", "url"):
        if (value := getattr(asked, name)) not in ("", None):
            yield name, value


def _select(name: str, label: str, choices: Sequence[str], chosen: str) -> str:
    options = ['<option value="">any</option>']
    for one in choices if not chosen or chosen in choices else [*choices, chosen]:
        here = " selected" if one == chosen else ""
        options.append(f'<option value="{field_value(one)}"{here}>{escaped(one)}</option>')
    return f'<label>{escaped(label)}<select name="{name}">{"".join(options)}</select></label>'


def _input(name: str, label: str, value: object, more: str = "") -> str:
    shown = "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
    return f'<label>{escaped(label)}<input name="{name}" value="{field_value(shown)}"{more} autocomplete="off"></label>'


def _looked(found: FoundPage) -> str:
    share = f"{found.rows_before / found.rows:.1%}" if found.rows else "100%"
    there = (
        f"{len(found.spots):,} documents; looked at {found.rows_before:,} of {found.rows:,} rows ({share})"
    )
    if found.is_over:
        return f"{there}: that is all"
    return there if found.is_full else f"{there}: the time of a page is up, `go on` looks further"


def _ways(asked: Asked, found: FoundPage) -> Iterator[str]:
    if asked.file or asked.row or asked.at is not None:
        yield f'<a href="./?{escaped(asked.query(file=0, row=0, at=None))}">from the start</a>'
    if not found.is_over:
        word = "next page" if found.is_full else "go on"
        yield f'<a href="./?{escaped(asked.query(file=found.file, row=found.row, at=None))}" data-next>{word}</a>'


def _item(one: Spot, asked: Asked, marks: Marks, back: str) -> str:
    row, node = one.row, one.shelf.node
    name = str(row["id"])
    there = urlencode({"id": name, "node": node, "back": back})
    said = [str(row.get("source", "")), node]
    if row.get("rule"):
        said.append(str(row["rule"]))
    value = row.get("value") if asked.view in ACTIONS else row.get(asked.value)
    if isinstance(value, float):
        against = row.get("threshold")
        said.append(f"value {value:g}" + ("" if against is None else f" against {against:g}"))
    said += [str(row[key]) for key in ("detail", "language") if row.get(key)]
    parts = [f'<h3><a href="document?{escaped(there)}">{escaped(name)}</a></h3>']
    parts.append(f'<p class="soft">{escaped("; ".join(said))}</p>')
    if row.get("url"):
        parts.append(f"<p>{escaped(row['url'])}</p>")
    if row.get("partner"):
        parts.append(f'<p class="soft">kept in its place: {escaped(row["partner"])}</p>')
    text = row.get("text")
    if text is None:
        parts.append('<p class="soft">no text of it is here: it was lost on reading</p>')
    else:
        parts.append(f"<pre>{_snippet(text, asked.wanted_words)}</pre>{_mark_form(name, node, back, marks)}")
    return f'<article class="document" data-document>{"".join(parts)}</article>'


def _snippet(text: str, words: Sequence[str]) -> str:
    """The beginning of a text, or what stands around the first of the words, with all of them marked."""
    pattern = re.compile("|".join(re.escape(word) for word in words), re.IGNORECASE) if words else None
    first = pattern.search(text) if pattern else None
    start = max(0, first.start() - CONTEXT_CHARS) if first else 0
    shown = text[start : start + SNIPPET_CHARS]
    parts, at = ["... " if start else ""], 0
    for match in pattern.finditer(shown) if pattern else ():
        parts += [escaped_text(shown[at : match.start()]), f"<mark>{escaped_text(match[0])}</mark>"]
        at = match.end()
    parts.append(escaped_text(shown[at:]))
    return "".join(parts) + (" ..." if start + SNIPPET_CHARS < len(text) else "")


def _mark_form(name: str, node: str, back: str, marks: Marks, page: str = "") -> str:
    label = marks.label_of(name)
    where = urlencode({"id": name, "node": node, "back": back, "page": page})  # a field would lose line ends
    buttons = "".join(
        f'<button name="label" value="{one}" class="{one}" aria-pressed="{str(one == label).lower()}">{one}</button>'
        for one in (GOOD, BAD)
    )
    none = '<button name="label" value="">no mark</button>'
    return f'<form class="mark" method="post" action="mark?{escaped(where)}">{buttons}{none}</form>'


def story_page(run: str, story: Story, back: str, full: bool, marks: Marks, nonce: str) -> str:
    """A document: what happened to it with its texts, what the rules measured, and its mark."""
    query = urlencode({"id": story.id, "node": story.node, "back": back})
    parts = [f'<header><p><a href="./?{escaped(back)}" data-back>Back to the documents</a></p>']
    parts.append(
        f'<h1>{escaped(story.id)}</h1><p class="soft">{escaped(run)}; {escaped(_marked(marks))}</p></header>'
    )
    parts.append('<main id="content" data-document>')
    if story.row is not None:
        if story.row.get("url"):
            parts.append(f"<p>{escaped(story.row['url'])}</p>")
        parts.append(_mark_form(story.id, story.node, back, marks, "document"))
    parts.append("<h2>What happened to it</h2>")
    for event in story.events:
        parts.append(f"<section><h3>{escaped(event.node)}</h3><p>{escaped(event.text)}</p>")
        if event.partner:
            other = urlencode({"id": event.partner, "back": back})
            parts.append(f'<p><a href="document?{escaped(other)}">{escaped(event.partner)}</a></p>')
        if event.lines:
            parts.append(
                f'<pre tabindex="0">{marked_lines(line.removesuffix(FULL_HINT) for line in event.lines)}</pre>'
            )
        parts.append("</section>")
    if not full:
        parts.append(f'<p><a href="document?{escaped(query)}&amp;full=1">All lines of its texts</a></p>')
    if rows := list(_measured(story.values)):
        heads = ("value", "is", "at least", "at most", "passes")
        parts.append(
            f"<h2>Values</h2>{html_table(heads, rows, 'What rules measured, beside what they ask', 4)}"
        )
    parts.append(f'</main><footer><p class="soft">{escaped(_KEYS)}</p></footer>')
    return page_around(f"{story.id} in {run}", "".join(parts), nonce)


def _measured(values: Mapping[str, float]) -> Iterator[Sequence[str]]:
    for name, value in values.items():
        if ":" in name:
            continue
        low, high = values.get(f"{name}:at_least"), values.get(f"{name}:at_most")
        bounds = [low is None or value >= low, high is None or value <= high]
        passes = "" if low is None and high is None else "yes" if all(bounds) else "no"
        yield (name, f"{value:g}", *("" if one is None else f"{one:g}" for one in (low, high)), passes)

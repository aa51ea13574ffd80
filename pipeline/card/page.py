"""What a card says in, the card out: Markdown with the YAML head that the Hugging Face Hub reads."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

import yaml

from pipeline.card.facts import CardFacts, CardStage
from stages.core.printing import printable

MAX_LANGUAGES = 40
"""Languages of the table; the head names all."""

MAX_VALUE_CHARS = 300
"""Of an option that the card quotes."""

_SIZES = (
    (10**3, "n<1K"),
    (10**4, "1K<n<10K"),
    (10**5, "10K<n<100K"),
    (10**6, "100K<n<1M"),
    (10**7, "1M<n<10M"),
    (10**8, "10M<n<100M"),
    (10**9, "100M<n<1B"),
    (10**10, "1B<n<10B"),
    (10**11, "10B<n<100B"),
    (10**12, "100B<n<1T"),
)
"""The Hub's names of sizes, by the number of rows that each ends before."""

_LANGUAGE = re.compile(r"[a-z]{2,3}")
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#|!~$&])")


def card_page(facts: CardFacts, files: Mapping[str, Sequence[str]]) -> str:
    """The card; `files` are, by name of a configuration, patterns of the Parquet files beside it (none: it stands alone)."""
    parts = [f"---\n{_head(facts, files)}---\n", f"# {_text(facts.name)}\n", _summary(facts), _use(files)]
    parts += [_sources(facts), _languages(facts), _stages(facts), _takedowns(facts), _limits(facts)]
    return "\n".join(part for part in parts if part)


def _head(facts: CardFacts, files: Mapping[str, Sequence[str]]) -> str:
    licences = sorted({name for source in facts.sources for name in source.licence.names})
    languages = sorted(name for name in facts.languages if _LANGUAGE.fullmatch(name))
    head: dict[str, object] = {
        "pretty_name": facts.name,
        "license": licences or ["unknown"],
        "task_categories": ["text-generation"],
        "size_categories": [_size(facts.documents)],
        "tags": ["altiplano", "pretraining"],
    }
    if languages:
        head["language"] = languages
    if files:
        head["configs"] = [
            {"config_name": name, "data_files": [{"split": "train", "path": list(paths)}]}
            for name, paths in files.items()
        ]
    # every string in quotes where YAML could take it for something else: `no` is Norwegian
    return str(yaml.safe_dump(head, sort_keys=False, allow_unicode=True))


def _size(documents: int) -> str:
    return next((name for end, name in _SIZES if documents < end), "n>1T")


def _summary(facts: CardFacts) -> str:
    text_bytes = sum(source.row.text_bytes for source in facts.sources)
    tokens = [source.row.tokens for source in facts.sources if source.row.tokens is not None]
    of_tokens = (
        f", {sum(tokens):,} tokens of tokenizer `{(facts.tokenizer_sha256 or '')[:12]}`" if tokens else ""
    )
    prints = ", ".join(f"`{one}`" for one in facts.fingerprints)
    return (
        f"{facts.documents:,} documents, {text_bytes:,} bytes of text{of_tokens}. Made by Altiplano; the same raw files and"
        f" the same recipe give the same bytes. Fingerprints: {prints}.\n"
    )


def _use(files: Mapping[str, Sequence[str]]) -> str:
    if not files:
        return ""
    names = ", ".join(f"`{name}`" for name in files)
    return (
        "## Use\n\n```python\nfrom datasets import load_dataset\n\n"
        'documents = load_dataset("FOLDER or USER/NAME", "default", split="train", streaming=True)\n```\n\n'
        f"Configurations: {names}. Columns: `id`, `source`, `text`, `url`, `language`, `language_score`, `perplexity`,"
        " `quality`, `metadata` (JSON: title, licence, date and what else the source knows).\n"
    )


def _sources(facts: CardFacts) -> str:
    rows = [
        (
            _text(one.name),
            one.kind or "-",
            f"{one.row.documents:,}",
            f"{one.row.text_bytes:,}",
            "-" if one.row.tokens is None else f"{one.row.tokens:,}",
            "-" if one.row.share is None else f"{one.row.share:.1%}",
            "-" if one.row.epochs is None else f"{one.row.epochs:.2f}",
            one.licence.text,
        )
        for one in facts.sources
    ]
    columns = ("source", "kind", "documents", "bytes", "tokens", "share of the mixture", "epochs", "licence")
    return "## Sources and licences\n\n" + _table(columns, rows)


def _languages(facts: CardFacts) -> str:
    shown = list(facts.languages.items())[:MAX_LANGUAGES]
    rows = [(_text(name) if name else "not told", f"{count:,}") for name, count in shown]
    more = len(facts.languages) - len(shown)
    return (
        "## Languages\n\n" + _table(("language", "documents"), rows) + (f"\n{more} more.\n" if more else "")
    )


def _stages(facts: CardFacts) -> str:
    rows = [
        (
            _text(one.node),
            f"{one.stage} {one.version}",
            f"{one.documents_in:,}",
            f"{one.documents_out:,}",
            _counts(one),
        )
        for one in facts.stages
    ]
    head = "## What was dropped, and why\n\nEach stage that read raw records, or dropped or changed documents, in its order;"
    head += " the rest of what it read was kept.\n\n"
    options = [f"- {_text(one.node)}: {found}" for one in facts.stages if (found := _options(one.config))]
    listed = "\nOptions:\n\n" + "\n".join(options) + "\n" if options else ""
    return head + _table(("stage", "made by", "in", "out", "documents by rule"), rows) + listed


def _counts(stage: CardStage) -> str:
    by_count = sorted(stage.dropped.items(), key=lambda one: (-one[1], one[0]))
    parts = [f"{_text(rule)} {count:,}" for rule, count in by_count]
    parts += [f"changed by {_text(rule)} {count:,}" for rule, count in stage.edited.items()]
    parts += [f"joined with others {stage.merged:,}"] if stage.merged else []
    return ", ".join(parts) or "-"


def _options(config: Mapping[str, object]) -> str:
    """Options that say something, as `name value`."""
    said = {name: value for name, value in config.items() if value not in (None, [], {}, False)}
    parts = [f"{name} {_clipped(value)}" for name, value in said.items()]
    return _text("; ".join(parts))


def _clipped(value: object) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= MAX_VALUE_CHARS else text[: MAX_VALUE_CHARS - 3] + "..."


def _takedowns(facts: CardFacts) -> str:
    text = (
        f"{facts.removed:,} documents were taken out on request, and their tokens with them; models that were trained before"
        " (tokenizer, quality, language) saw them."
        if facts.removed
        else "No document was taken out on request."
    )
    return f"## Takedowns\n\n{text} Whoever wants a document removed can name it by its `id` or `url`.\n"


def _limits(facts: CardFacts) -> str:
    lines = [*map(_text, facts.limits), *(f"Warning of the run: {_text(one)}" for one in facts.warnings)]
    return "## Known limits\n\n" + "".join(f"- {line}\n" for line in lines) if lines else ""


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "".join(_lines(columns, rows))


def _lines(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    for cells in (columns, ["---"] * len(columns), *rows):
        yield "| " + " | ".join(cells) + " |\n"


def _text(value: str) -> str:
    """Data as text in Markdown: no mark-up, no line of its own, nothing that acts on a terminal."""
    return _SPECIAL.sub(r"\\\1", printable(value))

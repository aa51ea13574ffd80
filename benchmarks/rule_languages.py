"""`python -m benchmarks.rule_languages ratios|words|shares --data DIR`: what fits, and what judges, `rule_languages.toml`.

DIR is a folder of real dumps with `language_id/{sentences,common_voice,udhr2.zip}`, `text/wiki-sentences` and `wikipedia`.
"""

from __future__ import annotations

import tempfile
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from cyclopts import App

from benchmarks import work
from benchmarks.languages import FILE_CODES, UDHR_CODES
from stages.core.manifest import DOCUMENTS
from stages.core.parquet import read_documents
from stages.filter.language_text_rule import LanguageTextRule
from stages.filter.rule_languages import ENGLISH, RuleLanguage, rule_languages
from stages.filter.rules.c4 import C4Rule
from stages.filter.rules.fineweb import FineWebRule
from stages.filter.rules.gopher_quality import GopherQualityRule
from stages.filter.rules.gopher_repetition import GopherRepetitionRule
from stages.ingest.wikipedia.stage import WikipediaIngest
from stages.kernels.words.gopher import quality_counts

RULES: tuple[LanguageTextRule, ...] = (GopherQualityRule(), GopherRepetitionRule(), C4Rule(), FineWebRule())
DECLARATIONS = {code: name for name, code in UDHR_CODES.items()} | {
    "pt": "por_PT",
    "sr": "srp_cyrl",
    "ro": "ron_1993",
    "zh": "cmn_hans",
    "ja": "jpn",
    "ko": "kor",
    "th": "tha",
    "hi": "hin",
    "ar": "arb",
    "fa": "pes_1",
    "he": "heb",
    "tr": "tur",
    "vi": "vie",
    "id": "ind",
    "el": "ell_monotonic",
    "fi": "fin",
    "et": "est",
    "lv": "lav",
    "lt": "lit",
    "bn": "ben",
    "ur": "urd",
    "sq": "als",
    "af": "afr",
}
ARTICLE_PIECE_CHARS = 2_000
"""The dumps hold few and long articles; times a language's `chars`."""

SENTENCES_IN_DOCUMENT = 20
SENTENCES_IN_LINE = 4
SHOWN_WORDS = 60

app = App(name="rule_languages", help="Fit and judge what the heuristic rules know of each language.")


def languages() -> list[RuleLanguage]:
    """The languages of the table, each once, in its order."""
    return list({own.code: own for own in rule_languages().values()}.values())


def declaration(data: Path, language: str) -> str:
    """The Universal Declaration of Human Rights, without blank lines and margins."""
    with zipfile.ZipFile(data / "language_id" / "udhr2.zip") as archive:
        text = archive.read(f"udhr2/{DECLARATIONS[language]}.txt").decode("utf-8-sig")
    return "\n".join(line.strip() for line in text.split("\n") if line.strip())


def articles(data: Path, folder: Path) -> dict[str, list[str]]:
    """The texts of the Wikipedia articles below `data`, after ingest, by language."""
    stage = WikipediaIngest(input=(str(data / "wikipedia" / "*.xml.bz2"),))
    found: dict[str, list[str]] = {}
    for batch in read_documents(work.finish_stage(stage, str(folder)).uris(DOCUMENTS), ["language", "text"]):
        for row in batch.to_pylist():
            found.setdefault(row["language"], []).append(row["text"])
    return found


def sentences(data: Path, language: str) -> list[str]:
    """1,000 sentences of the language, of web pages, news or Wikipedia; none where there are none."""
    files = (data / "language_id" / "sentences").glob("*.txt")
    path = next((path for path in files if FILE_CODES.get(path.stem, path.stem) == language), None)
    return [] if path is None else [line for line in path.read_text("utf-8").split("\n") if line.strip()]


@app.command
def ratios(*, data: Path) -> None:
    """Words, their mean length and characters of the Declaration, for one of the English text, by language."""
    measured = {}
    for own in languages():
        text = declaration(data, own.code)
        n = {k: int(v[0]) for k, v in quality_counts(pa.array([text], pa.large_string()), (), "").items()}
        measured[own.code] = np.array([n["cores"], n["core_chars"] / n["cores"], len(text)])
    for code, values in measured.items():
        words, word_length, chars = (values / measured[ENGLISH]).round(2).tolist()
        print(f"[{code}]\nwords = {words}\nword_length = {word_length}\nchars = {chars}")


@app.command
def words(*, data: Path) -> None:
    """The words that most lines hold, by language, the commonest first, and the share of all words that they are."""
    with tempfile.TemporaryDirectory() as folder:
        read = articles(data, Path(folder))
    for own in languages():
        lines = [*sentences(data, own.code), *_wiki_sentences(data, own.code)]
        lines += [line for text in read.get(own.code, []) for line in text.split("\n")]
        by_line: Counter[str] = Counter()
        count: Counter[str] = Counter()
        for line in lines:
            found = list(_line_words(line, own.spaced))
            count.update(found)
            by_line.update(set(found))
        top = [word for word, _ in by_line.most_common(SHOWN_WORDS)]
        share = sum(count[word] for word in own.stop_words) / max(1, count.total())
        print(f"{own.code}: {len(own.stop_words)} stop words are {share:.1%} of its words; {' '.join(top)}")


def _wiki_sentences(data: Path, language: str) -> list[str]:
    path = data / "text" / "wiki-sentences" / f"{language}.txt"
    return path.read_text("utf-8").split("\n")[:4_000] if path.is_file() else []


def _line_words(line: str, spaced: bool) -> Iterator[str]:
    """Words without what is no letter or mark around them, in lower case; single letters where they are not written apart."""
    for run in line.split() if spaced else line:
        inside = [i for i, c in enumerate(run) if unicodedata.category(c)[0] in "LM"]
        if inside and (word := run[inside[0] : inside[-1] + 1]).isdigit() is False:
            yield word.lower()


@app.command
def shares(*, data: Path) -> None:
    """Markdown tables of the share of good texts that each rule keeps, by its language's numbers, and by English ones."""
    with tempfile.TemporaryDirectory() as folder:
        read = articles(data, Path(folder))
    print("Wikipedia's articles, in pieces:\n")
    pieces = {
        own.code: [
            piece
            for text in read.get(own.code, [])
            for piece in _pieces(text, round(ARTICLE_PIECE_CHARS * own.chars))
        ]
        for own in languages()
    }
    _print_shares(pieces)
    print(
        "\nNo stop word was counted on these: the Declaration, and 20 of Common Voice's ended sentences as 5 lines:\n"
    )
    _print_shares({own.code: list(_others(data, own)) for own in languages()})


def _others(data: Path, own: RuleLanguage) -> Iterator[str]:
    yield from _pieces(declaration(data, own.code), round(ARTICLE_PIECE_CHARS * own.chars))
    spoken = data / "language_id" / "common_voice"
    for path in spoken.glob("*.txt"):
        if FILE_CODES.get(path.stem, path.stem.partition("-")[0]) == own.code:
            lines = (line.strip() for line in path.read_text("utf-8").split("\n"))
            yield from _joined([line for line in lines if _is_ended(line)], own.spaced)


def _is_ended(line: str) -> bool:
    """Whether a sentence ends in some punctuation: in some languages most of these were written down without any."""
    return bool(line) and unicodedata.category(line[-1])[0] == "P"


def _pieces(text: str, num_chars: int) -> Iterator[str]:
    """Runs of whole lines of at least `num_chars` characters."""
    taken: list[str] = []
    for line in text.split("\n"):
        taken.append(line)
        if sum(map(len, taken)) >= num_chars:
            yield "\n".join(taken)
            taken = []


def _joined(lines: Sequence[str], spaced: bool) -> list[str]:
    step = SENTENCES_IN_LINE
    rows = [(" " if spaced else "").join(lines[i : i + step]) for i in range(0, len(lines), step)]
    per = SENTENCES_IN_DOCUMENT // step
    return ["\n".join(rows[i : i + per]) for i in range(0, len(rows) - per + 1, per)]


def _print_shares(texts: dict[str, list[str]]) -> None:
    header = ["language", "texts", *(rule.rule for rule in RULES), "all four"]
    print("| " + " | ".join(header) + " |\n" + "|---" * len(header) + "|")
    for own in languages():
        if not texts[own.code]:
            continue
        column = pa.array(texts[own.code], pa.large_string())
        after, before = ([_kept(rule, column, by) for rule in RULES] for by in (own, None))
        pairs = [*zip(after, before, strict=True), (np.all(after, axis=0), np.all(before, axis=0))]
        cells = [f"{100 * new.mean():.0f} ({100 * old.mean():.0f})" for new, old in pairs]
        print(f"| {own.code} | {len(column):,} | " + " | ".join(cells) + " |")


def _kept(rule: LanguageTextRule, texts: pa.Array, own: RuleLanguage | None) -> np.ndarray:
    """Whether each text passes every verdict of a rule by a language's numbers (None: the English ones)."""
    return np.all([verdict.passed for verdict in rule.verdicts(texts, own)], axis=0)


if __name__ == "__main__":
    app()

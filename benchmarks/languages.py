"""`python -m benchmarks.languages --data DIR`: a Markdown table of how the language rule does on labelled texts, by length.

DIR is a folder of real dumps with `language_id/{sentences,common_voice,udhr2.zip}` and `text/wiki-sentences`. `beside` puts
heliport, where it is installed, beside the rule's model.
"""

from __future__ import annotations

import time
import timeit
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

import numpy as np
import pyarrow as pa
from cyclopts import App

from stages.core.documents import document_batch
from stages.filter.rules.language import LLAMA_LANGUAGES, LanguageRule
from stages.filter.verdict import Judge
from stages.models.fasttext.model import load_fasttext
from stages.models.find import find_language_model
from stages.models.language_id import identify, one_name

LENGTHS = (20, 50, 100, 200, 300, 500)
SHOWN_LENGTH = 100
"""At this length the table says what is mistaken for what."""

MAX_TEXTS = 1_000
"""Texts of a language from one corpus, so that none outweighs the others."""

BESIDE_LENGTHS = (20, 50, 100, 300)
SPEED_CHARS = 4_000

CONFUSABLE = ("bs", "sk", "no", "nn", "gl", "mk", "be")
SERBIAN_LATIN = "sr (Latin)"
LANGUAGES = (*LLAMA_LANGUAGES, SERBIAN_LATIN, *CONFUSABLE)

FILE_CODES = {"nb": "no", "sv-SE": "sv"}
UDHR_CODES = {
    "bul": "bg",
    "cat": "ca",
    "ces": "cs",
    "dan": "da",
    "deu_1901": "de",
    "eng": "en",
    "spa": "es",
    "fra": "fr",
    "hrv": "hr",
    "hun": "hu",
    "ita": "it",
    "nld": "nl",
    "pol": "pl",
    "por_PT": "pt",
    "por_BR": "pt",
    "ron": "ro",
    "rus": "ru",
    "slv": "sl",
    "srp_cyrl": "sr",
    "srp_latn": SERBIAN_LATIN,
    "swe": "sv",
    "ukr": "uk",
    "bos_latn": "bs",
    "slk": "sk",
    "nob": "no",
    "nno": "nn",
    "glg": "gl",
    "mkd": "mk",
    "bel": "be",
}

HELIPORT_CODES = {code[:3]: meant.split(" ")[0] for code, meant in UDHR_CODES.items()} | {"hbs": "sh"}
"""ISO 639-3, as heliport names languages."""

app = App(name="languages", help="Accuracy of the language rule by language and length.")


@dataclass
class Tally:
    """What became of the texts of one language and length."""

    texts: int = 0
    right: int = 0
    exact: int = 0
    kept: int = 0
    wrong_and_sure: int = 0
    mistaken: Counter[str] = field(default_factory=Counter)

    def add(self, expected: str, found: str | None, sure: bool) -> None:
        """Count one text."""
        right = found is not None and one_name(found) == meant_by(expected)
        self.texts += 1
        self.exact += found == expected.split(" ")[0]
        self.right += right
        self.kept += right and sure
        self.wrong_and_sure += not right and sure
        if not right:
            self.mistaken[found or "nothing"] += 1

    def exact_cell(self) -> str:
        """Share that has the very name, where several names are one language."""
        if not self.texts or self.exact == self.right:
            return ""
        return f"{100 * self.exact / self.texts:.1f}"

    def cell(self) -> str:
        """Share that is right, and in brackets that is kept, in percent."""
        if not self.texts:
            return ""
        return f"{100 * self.right / self.texts:.1f} ({100 * self.kept / self.texts:.1f})"


def meant_by(language: str) -> str:
    """The language of a line of the table, and of those that are one the name that stands for all."""
    return one_name(language.split(" ")[0])


def corpora(data: Path, language: str) -> Iterator[list[str]]:
    """The lines of each corpus that has the language."""
    folders = (
        data / "language_id" / "sentences",
        data / "language_id" / "common_voice",
        data / "text" / "wiki-sentences",
    )
    for folder in folders:
        for path in sorted(folder.glob("*.txt")):
            if FILE_CODES.get(path.stem, path.stem) == language:
                yield _lines(path.read_text(encoding="utf-8"))
    declarations = data / "language_id" / "udhr2.zip"
    if declarations.is_file():
        with zipfile.ZipFile(declarations) as archive:
            names = set(archive.namelist())
            for code, meant in UDHR_CODES.items():
                if meant == language and f"udhr2/{code}.txt" in names:
                    yield _lines(archive.read(f"udhr2/{code}.txt").decode())


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def passages(lines: Sequence[str], num_chars: int) -> Iterator[str]:
    """Texts of exactly `num_chars` characters: from the start of a line on, over as many lines as it takes."""
    taken: list[str] = []
    length = 0
    for line in lines:
        taken.append(line)
        length += len(line) + 1
        if length > num_chars:
            yield "\n".join(taken)[:num_chars]
            taken, length = [], 0


def tally(judge: Judge, language: str, texts: Sequence[str]) -> Tally:
    """The rule's labels of texts of one language."""
    found = Tally()
    if texts:
        ids = [f"c4/{number}" for number in range(len(texts))]
        columns = {"id": ids, "source": ["c4"] * len(ids), "text": texts, "metadata": ["{}"] * len(ids)}
        sure = judge(document_batch(columns))[0]
        for label, is_sure in zip(sure.columns["language"].to_pylist(), sure.passed.tolist(), strict=True):
            found.add(language, label, is_sure)
    return found


def rows(data: Path) -> Iterator[list[str]]:
    """The lines of the table."""
    judge = LanguageRule(keep=(*LLAMA_LANGUAGES, "bs")).judge(None)
    for language in LANGUAGES:
        read = list(corpora(data, language))
        cells = [language]
        for length in LENGTHS:
            texts = [text for lines in read for text in list(passages(lines, length))[:MAX_TEXTS]]
            found = tally(judge, language, texts)
            cells.append(found.cell())
            if length == SHOWN_LENGTH:
                shown = found
        whole = [line for lines in read for line in lines[:MAX_TEXTS]]
        cells.append(tally(judge, language, whole).cell())
        worst = (f"{label} {100 * n / shown.texts:.1f}" for label, n in shown.mistaken.most_common(3))
        sure = f"{100 * shown.wrong_and_sure / max(1, shown.texts):.1f}"
        yield [*cells, shown.exact_cell(), f"{shown.texts:,}", ", ".join(worst) if shown.texts else "", sure]


@app.default
def main(*, data: Path) -> None:
    """Measure and print a Markdown table.

    Parameters
    ----------
    data
        folder of real dumps with language_id and text
    """
    header = [
        "language",
        *map(str, LENGTHS),
        "line",
        f"exact at {SHOWN_LENGTH}",
        f"texts at {SHOWN_LENGTH}",
        "mistaken for",
        "wrong, kept",
    ]
    print("| " + " | ".join(header) + " |")
    print("|" + "---|" * len(header))
    for cells in rows(data):
        print("| " + " | ".join(cells) + " |", flush=True)


@app.command
def beside(*, data: Path) -> None:
    """The rule's model and heliport on the same texts: shares that are right, and speeds; a Markdown table.

    Parameters
    ----------
    data
        folder of real dumps with language_id and text
    """
    heliport = import_module("heliport").Identifier()
    model = load_fasttext(find_language_model(None))

    def ours(texts: list[str]) -> list[str]:
        return [str(name) for name in identify(model, pa.array(texts, pa.large_string()), SPEED_CHARS).name]

    def theirs(texts: list[str]) -> list[str]:
        found = [heliport.identify(text.replace("\n", " ")) for text in texts]
        return [HELIPORT_CODES.get(str(code)[:3], str(code)) for code in found]

    print("| language | " + " | ".join(f"{n}, ours | heliport" for n in BESIDE_LENGTHS) + " |")
    print("|---|" + "---|" * 2 * len(BESIDE_LENGTHS))
    shares: dict[tuple[str, int], list[float]] = {}
    whole: list[str] = []
    for language in LANGUAGES:
        read = list(corpora(data, language))
        whole += [text for lines in read for text in passages(lines, SPEED_CHARS)]
        cells = [language]
        for length in BESIDE_LENGTHS:
            texts = [text for lines in read for text in list(passages(lines, length))[:MAX_TEXTS]]
            for name, judge in (("ours", ours), ("heliport", theirs)):
                right = np.array([one_name(found) == meant_by(language) for found in judge(texts)])
                shares.setdefault((name, length), []).append(100 * float(right.mean()))
                cells.append(f"{shares[name, length][-1]:.1f}")
        print("| " + " | ".join(cells) + " |", flush=True)
    means = [f"{np.mean(shares[name, n]):.1f}" for n in BESIDE_LENGTHS for name in ("ours", "heliport")]
    print("| mean | " + " | ".join(means) + " |")
    for name, judge in (("ours", ours), ("heliport", theirs)):
        seconds = min(timeit.repeat(lambda: judge(whole), number=1, repeat=3, timer=time.process_time))  # noqa: B023
        size = sum(len(text.encode()) for text in whole) / 1e6
        print(f"\n{name}: {size / seconds:.1f} MB/s of {len(whole):,} texts of {SPEED_CHARS:,} characters")


if __name__ == "__main__":
    app()

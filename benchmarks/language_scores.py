"""`python -m benchmarks.language_scores --data DIR`: the score that keeps each language, fitted on half of labelled texts.

What comes out is `MIN_SCORES` of `stages/models/language_id.py`, and how it does on the other half: documents (runs of lines
of a corpus) of the first half of each corpus fit, those of the second half judge. DIR is as for `benchmarks.languages`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from cyclopts import App

from benchmarks.languages import FILE_CODES, LANGUAGES, corpora, meant_by, passages
from stages.filter.rules.language import LLAMA_LANGUAGES
from stages.models.fasttext.model import load_fasttext
from stages.models.find import find_language_model
from stages.models.language_id import MIN_SCORE, ONE_LANGUAGE, identify

PIECE_CHARS = 300
MAX_PIECES = 1_000
"""Of a language in one half of one corpus."""

KEPT = 0.985
"""What each language must keep where it is fitted: 97% with something to spare."""

WRONG = 0.014
"""Of other languages, on average, at most, where it is fitted."""

STEP = 0.01
LOWEST, HIGHEST = 0.1, 0.9

app = App(name="language_scores", help="Fit the score that keeps each language.")


@dataclass(frozen=True)
class Found:
    """Languages that pieces of one language are taken for, a row for each, and their scores."""

    name: npt.NDArray[np.str_]
    score: npt.NDArray[np.float32]

    def kept(self, scores: Mapping[str, float], wanted: Sequence[str]) -> float:
        """The share that is kept as one of the wanted languages."""
        thresholds = np.array([scores.get(name, MIN_SCORE) for name in self.name])
        return float((np.isin(self.name, wanted) & (self.score >= thresholds)).mean())


def other_languages(data: Path) -> list[str]:
    """Languages of the corpora that are none of LLaMA's."""
    stems = {path.stem for path in (data / "language_id").glob("*/*.txt")}
    known = {FILE_CODES.get(stem, stem).split("-")[0] for stem in stems} | set(LANGUAGES)
    return sorted(code for code in known if meant_by(code) not in {*LLAMA_LANGUAGES, *ONE_LANGUAGE})


def halves(data: Path, language: str) -> tuple[list[str], list[str]]:
    """Pieces of PIECE_CHARS characters of a language: of the first half of each corpus, and of the second."""
    fit: list[str] = []
    judge: list[str] = []
    for lines in corpora(data, language):
        middle = len(lines) // 2
        fit += list(passages(lines[:middle], PIECE_CHARS))[:MAX_PIECES]
        judge += list(passages(lines[middle:], PIECE_CHARS))[:MAX_PIECES]
    return fit, judge


def found_in(texts: Sequence[str]) -> Found:
    """What the model says of texts."""
    languages = identify(load_fasttext(find_language_model(None)), pa.array(texts, pa.large_string()), 10_000)
    names = languages.name.astype(str)
    names[languages.is_member] = ONE_LANGUAGE[0]
    return Found(names, languages.score)


def fit_scores(own: Mapping[str, Found], others: Mapping[str, Found]) -> dict[str, float]:
    """The score of each language: MIN_SCORE, lower where too little is kept, higher where too much else is, if it can be."""
    wanted = tuple({meant_by(name) for name in own})
    scores = dict.fromkeys(sorted(wanted), MIN_SCORE)

    def least_kept(language: str, trial: Mapping[str, float]) -> float:
        return min(
            found.kept(trial, (language,)) for name, found in own.items() if meant_by(name) == language
        )

    for language in scores:
        while least_kept(language, scores) < KEPT and scores[language] > LOWEST:
            scores[language] = round(scores[language] - STEP, 2)
    while _wrong(others, scores, wanted) > WRONG:
        trials = [
            scores | {name: round(score + STEP, 2)} for name, score in scores.items() if score < HIGHEST
        ]
        possible = [
            (_wrong(others, trial, wanted), trial)
            for trial, name in zip(
                trials, (name for name, score in scores.items() if score < HIGHEST), strict=True
            )
            if least_kept(name, trial) >= KEPT
        ]
        if not possible:
            break
        scores = min(possible, key=lambda pair: pair[0])[1]
    return scores


def _wrong(others: Mapping[str, Found], scores: Mapping[str, float], wanted: Sequence[str]) -> float:
    return float(np.mean([found.kept(scores, wanted) for found in others.values()]))


def rows(
    own: Mapping[str, Found], others: Mapping[str, Found], scores: Mapping[str, float]
) -> Iterator[list[str]]:
    """A line for each language: kept at MIN_SCORE, and at its own score."""
    wanted = tuple({meant_by(name) for name in own})
    for name, found in own.items():
        language = meant_by(name)
        before, after = (100 * found.kept(of, (language,)) for of in ({}, scores))
        yield [name, f"{len(found.name):,}", f"{scores[language]:.2f}", f"{before:.1f}", f"{after:.1f}"]
    before, after = (100 * _wrong(others, of, wanted) for of in ({}, scores))
    size = sum(len(found.name) for found in others.values())
    yield [f"{len(others)} others, wrongly", f"{size:,}", "", f"{before:.2f}", f"{after:.2f}"]


@app.default
def main(*, data: Path) -> None:
    """Fit and print.

    Parameters
    ----------
    data
        folder of real dumps with language_id and text
    """
    own_names = [*LLAMA_LANGUAGES, *(name for name in LANGUAGES if name.startswith("sr ("))]
    pieces = {name: halves(data, name) for name in [*own_names, *other_languages(data)]}
    parts = []
    for half in range(2):
        found = {name: found_in(both[half]) for name, both in pieces.items() if both[half]}
        own = {name: value for name, value in found.items() if name in own_names}
        parts.append((own, {name: value for name, value in found.items() if name not in own_names}))
    scores = fit_scores(*parts[0])
    changed = {name: score for name, score in scores.items() if score != MIN_SCORE}
    print(f"MIN_SCORES = {changed}\n")
    for title, (own, others) in zip(("fitted on", "held out"), parts, strict=True):
        print(f"| {title} | pieces | score | kept at {MIN_SCORE} | kept |\n|---|---|---|---|---|")
        for cells in rows(own, others, scores):
            print("| " + " | ".join(cells) + " |")
        worst = sorted(others, key=lambda name: -others[name].kept(scores, tuple(scores)))[:8]
        shares = (f"{name} {100 * others[name].kept(scores, tuple(scores)):.1f}" for name in worst)
        print(f"\nMost wrongly kept: {', '.join(shares)}.\n")


if __name__ == "__main__":
    app()

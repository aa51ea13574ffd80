"""What the tokenizer report counts, against counts by hand, and the text that it takes."""

from __future__ import annotations

import pyarrow as pa
import pytest

from stages.tokenize.report import Fit, FitMeter, fits_by_language
from stages.tokenize.tokenizers.load import Tokenizer


class LetterTokenizer(Tokenizer):
    """`<s>`, `</s>`, letters a to c, the byte FF for x, unknown for all else; a token for each character."""

    PIECES = ("<unk>", "<s>", "</s>", "a", "b", "c", "<0xFF>", "▁")

    def __init__(self) -> None:
        self.vocab_size = len(self.PIECES)

    def piece(self, token: int) -> str:
        return self.PIECES[token]

    def decode(self, ids):  # type: ignore[no-untyped-def]
        return "".join(map(self.piece, ids))

    def encode(self, texts):  # type: ignore[no-untyped-def]
        import numpy as np

        ids = {"a": 3, "b": 4, "c": 5, "x": 6, " ": 7}
        rows = [[1, *(ids.get(c, 0) for c in text), 2] for text in texts.to_pylist()]
        offsets = np.cumsum([0, *map(len, rows)])
        return np.array([token for row in rows for token in row], np.uint16), offsets


def batch(rows: list[tuple[str, str | None, str]]) -> pa.RecordBatch:
    sources, languages, texts = zip(*rows, strict=True)
    arrays = [pa.array(sources), pa.array(languages, pa.string()), pa.array(texts, pa.large_string())]
    return pa.RecordBatch.from_arrays(arrays, ["source", "language", "text"])


def test_counts_of_a_text() -> None:
    fit = FitMeter(LetterTokenizer()).fit(pa.array(["ab xc", "é"], pa.large_string()))
    assert fit == Fit(documents=2, text_bytes=7, words=3, tokens=6, unknown_tokens=1, byte_tokens=1)
    assert (fit.bytes_per_token, fit.fertility) == (pytest.approx(7 / 6), 2.0)


def test_no_documents_divide_nothing() -> None:
    assert (Fit().bytes_per_token, Fit().fertility) == (0, 0)


def test_every_source_and_language_has_its_own_counts() -> None:
    rows = [("c4", "en", "ab"), ("c4", None, "c"), ("wikipedia", "de", "a"), ("c4", "en", "abc")]
    found = fits_by_language([batch(rows[:2]), batch(rows[2:])], {"m": LetterTokenizer()}, 100)
    assert {key: (fits["m"].documents, fits["m"].tokens) for key, fits in found.items()} == {
        ("c4", "en"): (2, 5),
        ("c4", "-"): (1, 1),
        ("wikipedia", "de"): (1, 1),
    }


@pytest.mark.parametrize(("max_text_bytes", "documents"), [(1, 1), (2, 1), (3, 2), (4, 2), (5, 3), (99, 3)])
def test_the_first_documents_up_to_the_limit_are_taken(max_text_bytes: int, documents: int) -> None:
    rows = [("c4", "en", "ab"), ("c4", "en", "ab"), ("c4", "en", "ab")]
    for batches in ([batch(rows)], [batch([row]) for row in rows]):
        found = fits_by_language(batches, {"m": LetterTokenizer()}, max_text_bytes)
        assert found["c4", "en"]["m"].documents == documents

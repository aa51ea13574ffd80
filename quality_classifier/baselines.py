"""Texts in, numbers that cost nothing out: what a classifier of quality must beat to be worth its training.

Length, the share of stop words, the values of Gopher's rules (Rae et al. 2021, A1.1), and, where there is a language model,
perplexity (CCNet, 3.3).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stages.core.errors import UserError
from stages.filter.rule import share
from stages.filter.rule_languages import english
from stages.filter.rules.gopher_quality import GopherQualityRule
from stages.kernels.words.gopher import quality_counts
from stages.models.perplexity import load_language_model
from stages.models.perplexity_files import find_models, languages_in

STOP_WORDS = {
    "en": "the of and to in a is that for it as was with be by on not he his but at are this have from or had an they which",
    "de": "der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es an werden aus er hat",
    "fr": "de la le et les des en un une du que est pour dans qui par sur au il pas plus ne ce se avec son sont aux cette",
    "es": "de la que el en y los del se las por un para con no una su al lo como más pero sus le ya o este sí porque",
    "it": "di e il la che in un a per è una del non con le si da dei i al sono nel della come più ma lo anche gli alla",
    "nl": "de van het een en in is dat op te zijn met voor niet aan er om ook als door naar bij ze maar dan worden uit",
    "pt": "de a o que e do da em um para com não uma os no se na por mais as dos como mas ao ele das à seu sua ou",
}
"""The commonest function words of a language; texts of another are held against all of these."""


def baseline_values(texts: pa.Array, languages: pa.Array) -> dict[str, npt.NDArray[np.float64]]:
    """The values of each baseline by its name, shape (rows,) each."""
    rule = GopherQualityRule()
    counts = quality_counts(texts, english().stop_words, rule.bullets)
    return {
        "length_chars": pc.utf8_length(texts).to_numpy(zero_copy_only=False).astype(np.float64),
        "stop_word_share": stop_word_shares(texts, languages),
        "gopher.words": counts["cores"].astype(np.float64),
        "gopher.mean_word_length": share(counts["core_chars"], counts["cores"]),
        "gopher.hashes": share(counts["hashes"], counts["words"]),
        "gopher.ellipses": share(counts["ellipses"], counts["words"]),
        "gopher.bullet_lines": share(counts["bullet_lines"], counts["lines"]),
        "gopher.ellipsis_lines": share(counts["ellipsis_lines"], counts["lines"]),
        "gopher.alphabetic_words": share(counts["letter_words"], counts["words"]),
        "gopher.stop_words": counts["stop_words"].astype(np.float64),
    }


def perplexity_values(
    texts: pa.Array, languages: pa.Array, folder: str, language: str
) -> npt.NDArray[np.float64]:
    """Perplexity of each text under the model of its language in `folder`, shape (rows,); inf where it has none.

    Texts that say no language are of `language`. A UserError where the folder has no model.
    """
    known = languages_in(folder)
    if not known:
        raise UserError(f"{folder}: no perplexity model there; `altiplano lm train LANGUAGE` trains one")
    said = pc.fill_null(languages, language)
    found = np.full(len(texts), np.inf)
    for one in pc.unique(said).to_pylist():
        if one in known:
            rows = pc.equal(said, one)
            values = load_language_model(find_models(folder, one)).perplexities(texts.filter(rows))
            found[rows.to_numpy(zero_copy_only=False)] = np.nan_to_num(values, nan=np.inf)
    return found


def stop_word_shares(texts: pa.Array, languages: pa.Array) -> npt.NDArray[np.float64]:
    """The share of each text's words that are among the commonest of its language, 0 where there are none."""
    words = pc.utf8_split_whitespace(pc.utf8_trim_whitespace(pc.utf8_lower(texts)))
    flat = pc.utf8_trim(pc.list_flatten(words), characters=".,;:!?\"'()[]«»„“”‘’")
    rows = pc.list_parent_indices(words).to_numpy()
    of_text = pc.fill_null(languages, "").take(pa.array(rows))
    every = sorted({word for line in STOP_WORDS.values() for word in line.split()})
    hits = pc.is_in(flat, value_set=pa.array(every, flat.type)).to_numpy(zero_copy_only=False).copy()
    for language, line in STOP_WORDS.items():
        own = pc.equal(of_text, language).to_numpy(zero_copy_only=False)
        listed = pc.is_in(flat, value_set=pa.array(line.split(), flat.type)).to_numpy(zero_copy_only=False)
        hits[own] = listed[own]
    return share(
        np.bincount(rows, hits, len(texts)).astype(np.int64), np.bincount(rows, minlength=len(texts))
    )

"""A `tokenizer.json` in, the ids of texts out through gigatoken, where it is installed and gives the ids of `tokenizers`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from stages.core.errors import UserError
from stages.kernels.arrow import Offsets

RENEW_BYTES = 256 << 20
"""Characters of text after which the encoder is made anew: it keeps every word that it met, for good."""

_CODE_POINT_STEP = 13
_LAST_CODE_POINT = 0x3_2000
PROBED_PIECES = 4_000
"""Tokens of the vocabulary whose texts are in the probe, at most."""

_PIECES_IN_TEXT = 200
_PROBES = (
    "",
    "The ferry leaves at six; it's late, isn't it? I'LL see you'd've WE'RE 'S 's x's\n\n  Indented\t\ttabs  \r\n\r\nend ",
    "0 12 123 1234 12345678 3.14 1,000,000 ١٢٣ ४५६ x1y22z333 2023-01-02T03:04",
    'def f(x):\n    return {\'a\': [1, 2], "b": x**2}  # {{}} <div class="a">&amp;</div>\n\n\n\tif a!=b: pass;;;',
    "Größe façade naïve Ελληνικά Русский עברית العربية हिन्दी ไทย 漢字かな交じり 한국어 e\u0301 \u1e9b\u0323 \ufb01 \u212b",
    "\U0001f600\U0001f468\u200d\U0001f469\u200d\U0001f467 \ufeff\u200b\u00a0\u2028\u2029\u0085\u3000\x00\x01\x7f \ufffd",
    " leading, trailing  ",
    "a" * 3_000 + " " * 300 + "\n" * 50 + "-" * 200 + "ab" * 500 + "漢" * 300,
)

Ids = npt.NDArray[np.uint32]
PlainEncode = Callable[[str], Sequence[int]]


class GigatokenEncoder:
    """gigatoken on one core; no text gives a special token."""

    def __init__(self, model: bytes) -> None:
        self._model = _without_specials(model)
        self._made = _load(self._model)
        self._chars = 0

    def encode(self, texts: list[str]) -> tuple[Ids, Offsets]:
        """The ids of all texts end to end, and the offsets (rows + 1,) of each text in them."""
        if self._chars > RENEW_BYTES:
            self._made, self._chars = _load(self._model), 0
        self._chars += sum(map(len, texts))
        if not texts:
            return np.zeros(0, np.uint32), np.zeros(1, np.int64)
        layout = self._made.encode_batch(texts, parallel=False).layout
        offsets = np.asarray(layout.offsets.data, np.int64)
        return np.asarray(layout.content.data)[offsets[0] : offsets[-1]], offsets - offsets[0]


def fast_encoder(
    model: bytes, plain: PlainEncode, specials: Sequence[str], pieces: Callable[[], Sequence[str]]
) -> tuple[GigatokenEncoder | None, str]:
    """The encoder, and what encodes for the record: where it gives other ids than `plain` on the probe there is none.

    `specials` are tokens that a text may spell, `pieces` gives texts of tokens of the vocabulary: the probe holds both.
    """
    try:
        encoder = GigatokenEncoder(model)
    except ImportError:
        return None, "tokenizers (gigatoken, which is faster, is not installed: the extra `gigatoken`)"
    except BaseException as error:
        if not _is_refusal(error):
            raise
        return None, "tokenizers (gigatoken does not read this tokenizer.json)"
    try:
        texts = probe_texts(specials, pieces())
        flat, offsets = encoder.encode(texts)
        found = [flat[a:b].tolist() for a, b in pairwise(offsets)]
    except BaseException as error:
        if not _is_refusal(error):
            raise
        return None, "tokenizers (gigatoken cannot encode the probe)"
    try:
        expected = [list(plain(text)) for text in texts]
    except UserError:
        return None, "tokenizers (cannot encode the probe)"
    if found != expected:
        return None, "tokenizers (gigatoken gives other ids on the probe)"
    return encoder, "gigatoken (ids of tokenizers on the probe)"


def probe_texts(specials: Sequence[str], pieces: Sequence[str]) -> list[str]:
    """Texts of many scripts, runs and spaces, every thirteenth code point, special tokens as text, and some of its pieces."""
    codes = [c for c in range(1, _LAST_CODE_POINT, _CODE_POINT_STEP) if not 0xD800 <= c < 0xE000]
    lines = ["".join(map(chr, codes[i : i + 40])) for i in range(0, len(codes), 40)]
    texts = ["".join(pieces[i : i + _PIECES_IN_TEXT]) for i in range(0, len(pieces), _PIECES_IN_TEXT)]
    return [
        *_PROBES,
        *(f"x {token}{token} y" for token in specials),
        "\n".join(lines),
        " ".join(lines),
        *texts,
    ]


def _load(model: bytes) -> Any:
    from gigatoken import Tokenizer  # an extra

    return Tokenizer.from_json(model)


def _without_specials(model: bytes) -> bytes:
    """The file without its special tokens: a text that spells one is text."""
    described = orjson.loads(model)
    added = described.get("added_tokens") or []
    return orjson.dumps(described | {"added_tokens": [token for token in added if not token.get("special")]})


def _is_refusal(error: BaseException) -> bool:
    """Rust's panics are none that `except Exception` would hold; trouble of the machine is no refusal."""
    if type(error).__name__ == "PanicException":
        return True
    return isinstance(error, Exception) and not isinstance(error, MemoryError | OSError)

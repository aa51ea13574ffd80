"""Real sentences in the encodings that their languages were written in: declared rightly, and under a wrong header."""

from __future__ import annotations

from pathlib import Path

import pytest

from stages.ingest.charsets import codec_of
from stages.ingest.decode import decode_text
from stages.ingest.markup_charset import markup_charset

SENTENCES_A_PAGE, PAGES = 4, 50
SURE = {
    "de": "windows-1252 iso-8859-15",
    "fr": "windows-1252",
    "pl": "windows-1250 iso-8859-2",
    "cs": "windows-1250 iso-8859-2",
    "hu": "windows-1250 iso-8859-2",
    "ru": "windows-1251 koi8-r iso-8859-5 ibm866 x-mac-cyrillic",
    "uk": "windows-1251 koi8-u",
    "bg": "windows-1251",
    "el": "windows-1253 iso-8859-7",
    "tr": "windows-1254",
    "he": "windows-1255",
    "ar": "windows-1256",
    "th": "windows-874",
    "ja": "shift_jis euc-jp iso-2022-jp",
    "zh": "gb2312 gb18030 big5",
    "ko": "euc-kr",
}
"""What is told without a declaration, nearly always."""
UNSURE = {"lt": "windows-1257", "lv": "windows-1257", "vi": "windows-1258", "sv": "macintosh"}
MIN_FOUND = 0.9


def _pages(folder: Path, language: str, codec: str) -> list[bytes]:
    """Pages of a few sentences each that are not valid UTF-8 by chance, or have nothing beyond ASCII."""
    lines = (folder / f"{language}.txt").read_text("utf-8").splitlines()
    texts = ["<p>" + " ".join(lines[at::PAGES][:SENTENCES_A_PAGE]) for at in range(PAGES)]
    data = [text.replace("\ufffd", "").encode(codec, "ignore") for text in texts]
    return [page for page in data if page.decode("utf-8", "replace") != page.decode(codec)]


@pytest.mark.real
@pytest.mark.parametrize(
    ("language", "label"),
    [(name, label) for name, labels in (SURE | UNSURE).items() for label in labels.split()],
)
def test_sentences_of_a_language_come_back(shared_data: Path, language: str, label: str) -> None:
    codec = codec_of(label) or ""
    pages = [
        page for page in _pages(shared_data / "language_id/sentences", language, codec) if not _is_utf_8(page)
    ]
    assert len(pages) > PAGES // 2
    for page in pages:
        assert decode_text(page, [label], markup_charset).text == page.decode(codec)
    found = [decode_text(page, ["utf-8"], markup_charset).text == page.decode(codec) for page in pages]
    assert language in UNSURE or sum(found) >= MIN_FOUND * len(pages), f"{sum(found)} of {len(pages)}"


def _is_utf_8(page: bytes) -> bool:
    try:
        return bool(page.decode()) and not page.isascii()
    except UnicodeDecodeError:
        return False

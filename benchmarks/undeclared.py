"""`python -m benchmarks.undeclared --data FOLDER`: texts whose encoding nothing tells, read back, by language and encoding.

Lines of `text/wiki-sentences` and `language_id/common_voice`, none of which any threshold was chosen on, cut to 60 or 200
characters by seed; a text is right when every character is. The second figure is what the same texts give with the
detector alone that browsers have (`resiliparse`).
"""

from __future__ import annotations

import random
from pathlib import Path

from cyclopts import App
from resiliparse.parse.encoding import detect_encoding

from stages.ingest.charsets import codec_of, read_with_replacement
from stages.ingest.decode import decode_text

SEED, TEXTS = 11, 500
LENGTHS = (60, 200)
WIKI, VOICE = "text/wiki-sentences", "language_id/common_voice"
FOLDERS = {
    WIKI: "bg hr hu it mk pl pt sq sr tr",
    VOICE: "ca cs da de es fr nl ro ru sl sv-SE uk",
}
CODECS = {
    "bg": "cp1251", "hr": "cp1250 iso8859-2", "hu": "cp1250 iso8859-2", "mk": "cp1251", "pl": "cp1250 iso8859-2",
    "sr": "cp1251", "tr": "cp1254", "cs": "cp1250 iso8859-2", "ro": "cp1250 iso8859-2", "ru": "cp1251 koi8-u",
    "sl": "cp1250 iso8859-2", "uk": "cp1251",
}  # fmt: skip
"""Of the others it is Windows-1252."""

_CEDILLAS = str.maketrans("șțȘȚ", "şţŞŢ")
"""How Romanian was written before there were letters of its own."""

app = App(name="undeclared", help="Texts that say no encoding, read back.")


def texts_of(folder: Path, language: str, codec: str) -> list[str]:
    """Texts of a language that an encoding has, and that are not ASCII alone."""
    draw = random.Random(SEED)
    lines = (folder / f"{language}.txt").read_text("utf-8").splitlines()
    draw.shuffle(lines)
    cut = [line.strip().translate(_CEDILLAS)[: draw.choice(LENGTHS)] for line in lines]
    return [text for text in cut if not text.isascii() and _has(codec, text)][:TEXTS]


def _has(codec: str, text: str) -> bool:
    try:
        text.encode(codec)
    except UnicodeEncodeError:
        return False
    return True


def browsers_reading(data: bytes) -> str:
    """The text as browsers' detector alone would have it read."""
    return read_with_replacement(data, codec_of(detect_encoding(data)) or "cp1252")


@app.default
def main(data: Path) -> None:
    """A line for each language and encoding."""
    print("| language | encoding | texts | right | by browsers' detector |\n|---|---|---|---|---|")
    for folder, languages in FOLDERS.items():
        for language in languages.split():
            for codec in CODECS.get(language, "cp1252").split():
                texts = texts_of(data / folder, language, codec)
                ours = sum(decode_text(text.encode(codec)).text == text for text in texts)
                theirs = sum(browsers_reading(text.encode(codec)) == text for text in texts)
                shares = f"{ours / len(texts):.3f} | {theirs / len(texts):.3f}"
                print(f"| {language} | {codec} | {len(texts)} | {shares} |")


if __name__ == "__main__":
    app()

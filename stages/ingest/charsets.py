"""The name of an encoding as pages and headers spell it in, Python's codec that reads it as browsers do out."""

from __future__ import annotations

import codecs
import re

from resiliparse.parse.encoding import map_encoding_to_html5

from stages.ingest.utf8_forms import regular_utf8

_REPLACE = "altiplano.replace"
"""Python's `replace`, but NEC's and IBM's additions to Japan's characters are read in EUC-JP."""

_NOT_SHIFT_JIS = re.compile("[\uf8f0-\uf8f3]")
"""What Python makes of bytes that Shift_JIS does not have."""

_MORE_LABELS = {
    "cp932": "cp932",
    "cp949": "cp949",
    "utf_8": "utf-8",
    "mac-cyrillic": "mac-cyrillic",
    "x-mac-cyrillic": "mac-cyrillic",
    "x-mac-ukrainian": "mac-cyrillic",
    "iso-2022-kr": "iso2022_kr",
    "csiso2022kr": "iso2022_kr",
    "iso-8859-16": "iso8859-16",
    "maccyrillic": "mac-cyrillic",
    "macroman": "mac-roman",
    "mac-centraleurope": "mac-latin2",
    "mac-greek": "mac-greek",
    "mac-iceland": "mac-iceland",
    "mac-turkish": "mac-turkish",
}
_MORE_LABELS |= {
    f"{prefix}{page}": f"cp{page}"
    for page in (437, 720, 737, 775, 850, 852, 855, 857, 858, 860, 861, 862, 863, 864, 865, 869)
    for prefix in ("cp", "ibm")
}
"""Names that resiliparse knows no codec for: browsers refuse them, ISO-2022-KR as attacks hide in it, DOS' as rare."""

_WEB_CODECS = {
    "big5": "big5hkscs",
    "euc_kr": "cp949",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "iso2022_jp": "iso2022_jp_ext",
    "iso8859-1": "cp1252",
    "iso8859-11": "cp874",
    "shift_jis": "cp932",
    "tis-620": "cp874",
}
"""What browsers read under these names, by Python's names (https://encoding.spec.whatwg.org/#names-and-labels)."""


def codec_of(label: str | None) -> str | None:
    """The codec for a name of the web's encodings; None for other names: Python has codecs that are no text's."""
    if label is None:
        return None
    label = label.strip().lower()
    name = _MORE_LABELS.get(label) or map_encoding_to_html5(label, fallback_utf8=False)
    try:
        codec = None if name is None else codecs.lookup(name).name
    except LookupError:
        return None
    return None if codec is None else _WEB_CODECS.get(codec, codec)


def read_with_replacement(data: bytes, codec: str) -> str:
    """The text, with U+FFFD for what is wrong in it."""
    if codec == "utf-8":
        data = regular_utf8(data)
    text = data.decode(codec, _REPLACE if codec == "euc_jp" else "replace")
    return _NOT_SHIFT_JIS.sub("\ufffd", text) if codec == "cp932" else text


def _replace(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    pair = error.object[error.start : error.start + 2]
    if len(pair) == 2 and min(pair) > 0xA0 and (char := _jis_addition(pair[0] - 0xA0, pair[1] - 0xA0)):
        return char, error.start + 2
    return "\ufffd", error.end


def _jis_addition(row: int, cell: int) -> str:
    """The character of a row and cell (1 to 94) that Windows has and Python's EUC lacks, as the circled 1 of row 13."""
    lead = (row + 1) // 2 + (0x80 if row < 63 else 0xC0)
    trail = cell + 0x9E if row % 2 == 0 else cell + (0x3F if cell < 64 else 0x40)
    return bytes([lead, trail]).decode("cp932", "ignore")


codecs.register_error(_REPLACE, _replace)

"""UTF-16 without a mark, of any script; and what must not be taken for it."""

from __future__ import annotations

import random

import pytest

from stages.ingest.decode import Decoded, decode_text
from stages.ingest.wide import wide_codec

TEXTS = {
    "Chinese": "这是一个中文句子，用来测试编码检测。\n第二行在这里。",
    "Taiwan's": "這是一個中文句子，用來測試編碼檢測。",
    "Japanese": "これは日本語の文章です。短い例を示します。",
    "kana": "それからどうしたんですか",
    "Korean": "이것은 한국어 문장입니다. 인코딩을 시험합니다.",
    "Russian": "Съешь ещё этих мягких булок,\nда выпей чаю.",
    "one Russian word": "Привет",
    "Greek": "Ξεσκεπάζω την ψυχοφθόρα βδελυγμία.",
    "Hebrew": "דג סקרן שט בים מאוכזב",
    "Arabic": "صف خلق خود كن كمثل الشمس",
    "Hindi": "यह एक हिंदी वाक्य है।",
    "Thai": "เป็นมนุษย์สุดประเสริฐเลิศคุณค่า กว่าบรรดาฝูงสัตว์เดรัจฉาน",
    "Georgian": "ვეპხის ტყაოსანი შოთა რუსთაველი",
    "with markup": "имя,значение\nдлина,5\nширина,«7»\n",
    "with emoji": "Да 😀 и нет, спасибо вам!",
}


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_utf_16_of_any_script(name: str, codec: str) -> None:
    text = TEXTS[name]
    for labels in ([], ["utf-8"], ["windows-1251"]):
        assert decode_text(text.encode(codec), labels) == Decoded(text, codec)
    assert decode_text(text.encode(codec) + b"\x41") == Decoded(text + "\ufffd", codec)


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        ("Bush hid the facts", "utf-8"),
        ("bold by backspaces: N\bNA\bAM\bME\bE and so on", "utf-8"),
        ("\x01p_bottom.o/     0           0 ", "utf-8"),
        ("\x02" + TEXTS["Russian"], "cp1251"),
        ("\x02" + TEXTS["Japanese"], "cp932"),
        ("\x02" + TEXTS["Chinese"], "gb18030"),
        ("\x02" + TEXTS["Korean"], "cp949"),
    ],
)
def test_text_with_a_control_is_no_utf_16(text: str, codec: str) -> None:
    assert decode_text(text.encode(codec)) == Decoded(text, codec)


@pytest.mark.parametrize(
    "data",
    [
        bytes(range(256)) * 4,
        b"\x00\x01" * 200,
        b"\x17\xab\x7a\x00" * 50,
        b"\x04\x00\x00.\x04\x00\x00/\x04\x00\x001\x04\x00\x002\x04\x00\x003" * 9,
        b"".join(value.to_bytes(2, "little") for value in range(0x410, 0x450)) * 3,
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x10\0\0\0\x10\x08\x06\0\0\0\x1f\xf3\xffa",
    ],
)
def test_binary_is_no_utf_16(data: bytes) -> None:
    assert wide_codec(data) is None


def test_random_bytes_are_no_utf_16() -> None:
    draw = random.Random(7)
    assert [wide_codec(draw.randbytes(32)) for _ in range(2000)] == [None] * 2000

"""Decoding: every fault that was seen is a test; and what any encoding of the web writes comes back."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from stages.ingest.charsets import codec_of
from stages.ingest.decode import Decoded, bad_bytes, decode_text, without_marks
from stages.ingest.markup_charset import markup_charset
from tests.linear import assert_linear

RUSSIAN = "Съешь ещё этих мягких французских булок, да выпей чаю."
JAPANESE = "これは日本語の文章です。短い例を示します。"
CHINESE = "这是一个中文句子，用来测试编码检测。"
CANTONESE = "佢哋喺度做嘢，冇人知㗎。香港嘅粵語文字係咁寫嘅，啲人話唔識睇。"
KOREAN = "이것은 한국어 문장입니다. 인코딩을 시험합니다."
WESTERN = "Für Sie: crème brûlée, naïve «façade» – 20 €, ¿qué? CAFÉ ŒUVRE Ångström"
GREEK = "Ξεσκεπάζω την ψυχοφθόρα βδελυγμία. Αυτό είναι ένα κείμενο."
THAI = "เป็นมนุษย์สุดประเสริฐเลิศคุณค่า กว่าบรรดาฝูงสัตว์เดรัจฉาน"
POLISH = "Zażółć gęślą jaźń, święta się zbliżają. Příliš žluťoučký kůň úpěl"
TURKISH = "Pijamalı hasta yağız şoföre çabucak güvendi"


def page(text: str, head: str = "") -> str:
    return f"<html><head>{head}<title>x</title></head><body><p>{text}</p></body></html>"


def decode_page(data: bytes, *declared: str | None) -> Decoded:
    return decode_text(data, declared, markup_charset)


def test_a_small_latin_1_page_keeps_its_letters() -> None:
    text = page("Für Sie" + " and a long text in English" * 40)
    assert decode_page(text.encode("latin-1"), "utf-8") == Decoded(text, "cp1252")


def test_a_wrong_header_does_not_keep_the_meta_tag_from_being_asked() -> None:
    text = page(RUSSIAN, '<meta charset="koi8-r">')
    for header in ("utf-8", "x-unknown", "iso-8859-1", "gb2312", "shift_jis"):
        assert decode_page(text.encode("koi8-r"), header) == Decoded(text, "koi8-r")


def test_a_header_is_believed_before_the_meta_tag() -> None:
    text = page(RUSSIAN, '<meta charset="koi8-r">')
    assert decode_page(text.encode("cp1251"), "windows-1251") == Decoded(text, "cp1251")


@pytest.mark.parametrize(
    "head",
    [
        "<!-- <meta charset=big5> -->",
        '<meta name="description" content="about charset=big5">',
        "<meta data-charset=big5>",
        "<script>'<meta charset=big5>'</script>",
    ],
)
def test_what_only_looks_like_a_declaration_is_not_believed(head: str) -> None:
    text = page("Sie können schöne Grüße über Köln schicken", head)
    assert decode_page(text.encode("latin-1")) == Decoded(text, "cp1252")


def test_big5_with_hong_kongs_characters() -> None:
    text = page(CANTONESE)
    data = text.encode("big5hkscs")
    for label in ("big5-hkscs", "big5", None):
        assert decode_page(data, label) == Decoded(text, "big5hkscs")


def test_mac_cyrillic_has_its_labels() -> None:
    text = page(RUSSIAN)
    for label in ("x-mac-cyrillic", "x-mac-ukrainian", None):
        assert decode_page(text.encode("mac-cyrillic"), label) == Decoded(text, "mac-cyrillic")


def test_iso_2022_is_told_by_its_escapes() -> None:
    text = page(JAPANESE)
    for label in (None, "utf-8", "iso-2022-jp"):
        assert decode_page(text.encode("iso2022_jp"), label) == Decoded(text, "iso2022_jp_ext")
    korean = page(KOREAN)
    assert decode_text(korean.encode("iso2022_kr")) == Decoded(korean, "iso2022_kr")


def test_escapes_of_terminals_are_no_japanese() -> None:
    log = "\x1b[31mfailed\x1b[0m \x1b$Bad habit of mine, said the shell"
    assert decode_text(log.encode()) == Decoded(log, "utf-8")


def test_windows_letters_between_latin_1s() -> None:
    for label in ("iso-8859-1", "latin1", "us-ascii", "windows-1252"):
        assert decode_text(b"\x93It\x92s caf\xe9\x94 \x96 \x80 5", [label]) == Decoded(
            "“It’s café” – € 5", "cp1252"
        )


@pytest.mark.parametrize(
    ("label", "codec", "text"),
    [
        ("gb2312", "gb18030", "朱镕基 € 𠀀" + CHINESE),
        ("gbk", "gb18030", "朱镕基 € 𠀀" + CHINESE),
        ("shift_jis", "cp932", "①髙㈱" + JAPANESE),
        ("x-sjis", "cp932", "①髙㈱" + JAPANESE),
        ("euc-kr", "cp949", "똠방각하 펲시 " + KOREAN),
        ("ks_c_5601-1987", "cp949", "똠방각하 펲시 " + KOREAN),
        ("tis-620", "cp874", "“เป็นมนุษย์” … €"),
        ("iso-8859-9", "cp1254", "“Pijamalı hasta yağız şoföre” €"),
    ],
)
def test_labels_mean_what_browsers_read(label: str, codec: str, text: str) -> None:
    assert decode_text(text.encode(codec), [label]) == Decoded(text, codec)


def test_euc_jp_has_the_characters_of_windows() -> None:
    data = b"\xad\xa1\xa4\xcf\xad\xea\xa4\xc7 \xf9\xd4 " + (JAPANESE * 9).encode("euc_jp") + b" \xad\xfe \xad"
    assert decode_text(data, ["euc-jp"]) == Decoded(
        f"①は㈱で 﨎 {JAPANESE * 9} \ufffd\ufffd \ufffd", "euc_jp"
    )


def test_utf_16_without_a_mark_is_told_by_markup() -> None:
    for text in (page("Grüße"), "\r\n" + page("Grüße"), "<!doctype html><p>" + CHINESE * 20):
        assert decode_page(text.encode("utf-16-le"), "utf-8") == Decoded(text, "utf-16-le")
        assert decode_page(text.encode("utf-16-be")) == Decoded(text, "utf-16-be")


def test_utf_16_without_a_mark_is_told_by_its_nuls_or_a_header() -> None:
    assert decode_text("Plain text, žluťoučký".encode("utf-16-le")) == Decoded(
        "Plain text, žluťoučký", "utf-16-le"
    )
    assert decode_text("Plain text".encode("utf-16-be"), ["utf-16le"]) == Decoded("Plain text", "utf-16-be")
    assert decode_text(("一 二" + CHINESE).encode("utf-16-be"), ["utf-16be"]) == Decoded(
        "一 二" + CHINESE, "utf-16-be"
    )


def test_a_wrong_header_makes_no_utf_16_of_padded_ascii() -> None:
    data = b"<p>some text here</p>" + b"\0" * 99
    assert decode_page(data, "utf-16") == Decoded(data.decode(), "utf-8")


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_a_mark_is_believed_before_all(codec: str) -> None:
    text = page(RUSSIAN, '<meta charset="koi8-r">')
    assert decode_page(("\ufeff" + text).encode(codec), "big5") == Decoded(text, codec)


def test_utf_8_with_a_mark_inside() -> None:
    data = b"\xef\xbb\xbf<p>a</p>\xef\xbb\xbf<p>b</p>"
    text, encoding = decode_text(data, ["iso-8859-1"])
    assert (text, without_marks(text), encoding) == ("<p>a</p>\ufeff<p>b</p>", "<p>a</p><p>b</p>", "utf-8")


def test_an_includes_mark_makes_no_utf_8_of_latin_1() -> None:
    for data in (b"\xef\xbb\xbfF\xfcr die K\xf6nigin", b"F\xfcr \xef\xbb\xbfdie K\xf6nigin"):
        text, encoding = decode_text(data)
        assert (without_marks(text), encoding) == ("Für die Königin", "cp1252")


def test_utf_8s_replacement_character_in_another_encoding_is_no_text() -> None:
    data = "Zażółć gęślą jaźń, \ufffd".encode("cp1250", "ignore") + b"\xef\xbf\xbd"
    assert decode_text(data, ["windows-1250"]) == Decoded("Zażółć gęślą jaźń, \ufffd", "cp1250")


def test_a_meta_tag_is_believed_where_its_reading_is_better_than_the_headers() -> None:
    text = page("Věda a výzkum, zprávy dne. " * 9 + "Žluťoučký kůň", '<meta charset="windows-1250">')
    assert decode_page(text.encode("cp1250"), "iso-8859-1") == Decoded(text, "cp1250")


def test_utf_7_never() -> None:
    data = b"+ADw-script+AD4- and +AGE-"
    assert codec_of("utf-7") is None
    assert decode_text(data, ["utf-7"]) == Decoded(data.decode(), "utf-8")


def test_a_few_bad_bytes_do_not_make_other_text_of_utf_8() -> None:
    text = page(RUSSIAN)
    assert decode_page(text.encode() + b"\xff", "windows-1251") == Decoded(text + "\ufffd", "utf-8")


def test_utf_8_under_a_wrong_declaration() -> None:
    text = page(CHINESE, '<meta charset="gb2312">')
    for header in ("gb2312", "iso-8859-1", "shift_jis", "euc-kr", "big5"):
        assert decode_page(text.encode(), header) == Decoded(text, "utf-8")


def test_a_single_byte_encoding_does_not_win_because_it_cannot_fail() -> None:
    for text, codec in ((CHINESE, "gb18030"), (JAPANESE, "euc_jp"), (RUSSIAN, "cp1251")):
        assert decode_page(page(text * 3).encode(codec), "iso-8859-1") == Decoded(page(text * 3), codec)


@pytest.mark.parametrize(
    ("codec", "text"),
    [
        ("iso8859-2", "Příliš žluťoučký kůň úpěl ďábelské ódy."),
        ("cp1250", "Zażółć gęślą jaźń, święta się zbliżają. Wkrótce śnieg."),
        ("cp1251", RUSSIAN),
        ("koi8-u", "Чуєш їх, доцю, га? Ще їжак є тут, і ґава."),
        ("cp866", RUSSIAN),
        ("iso8859-7", GREEK),
        ("cp1255", "דג סקרן שט בים מאוכזב ולפתע מצא לו חברה"),
        ("cp1256", "صف خلق خود كن. هذا نص عربي قصير للتجربة في المتصفح"),
        ("cp874", THAI),
        ("cp932", JAPANESE),
        ("euc_jp", JAPANESE),
        ("gb18030", CHINESE),
        ("cp949", KOREAN),
    ],
)
def test_nothing_declared(codec: str, text: str) -> None:
    script = "<script>" + "var plain = 'ASCII';\n" * 9_000 + "</script>"  # more than a detector reads
    assert decode_page((script + page(text)).encode(codec)) == Decoded(script + page(text), codec)


@pytest.mark.parametrize("codec", ["cp1251", "koi8-u", "cp866", "iso8859-5", "mac-cyrillic"])
def test_capitals_do_not_make_a_right_declaration_wrong(codec: str) -> None:
    for text in (RUSSIAN.upper(), RUSSIAN + RUSSIAN.upper() * 2):
        assert decode_page(page(text).encode(codec), codec) == Decoded(page(text), codec)


def test_one_letter_in_an_english_page_is_read_as_western() -> None:
    text = page("Net Café Forum, a place for talk about the web and its archives")
    assert decode_page(text.encode("latin-1"), "utf-8") == Decoded(text, "cp1252")


@pytest.mark.parametrize(
    "label", ["hex", "idna", "undefined", "unicode_escape", "base64", "rot13", "", "\0", "a" * 99]
)
def test_labels_that_are_no_encodings_of_text(label: str) -> None:
    assert codec_of(label) is None


LABELS = (
    "ibm866 iso-8859-2 iso-8859-3 iso-8859-4 iso-8859-5 iso-8859-6 iso-8859-7 iso-8859-8 iso-8859-8-i iso-8859-10 "
    "iso-8859-13 iso-8859-14 iso-8859-15 iso-8859-16 koi8-r koi8-u macintosh windows-874 windows-1250 windows-1251 "
    "windows-1252 windows-1253 windows-1254 windows-1255 windows-1256 windows-1257 windows-1258 x-mac-cyrillic gbk "
    "gb18030 big5 euc-jp iso-2022-jp shift_jis euc-kr utf-8 utf-16be utf-16le"
).split()
"""All encodings of the standard that decode anything."""


@pytest.mark.parametrize("label", LABELS)
def test_every_encoding_of_the_web_is_known(label: str) -> None:
    assert codec_of(label) is not None


WORDS = " ".join(
    (RUSSIAN, JAPANESE, CHINESE, CANTONESE, KOREAN, WESTERN, GREEK, THAI, POLISH, TURKISH)
).split()


@given(st.sampled_from(LABELS), st.lists(st.sampled_from(WORDS), min_size=1), st.integers())
def test_what_is_declared_rightly_comes_back(label: str, words: list[str], number: int) -> None:
    codec = codec_of(label) or ""
    text = " ".join(
        word for word in [*words, str(number)] if word.encode(codec, "ignore").decode(codec) == word
    )
    data = text.encode(codec)
    assume("utf" in codec or not _is_utf_8(data))
    assert decode_text(data, [label]).text == text


def _is_utf_8(data: bytes) -> bool:
    """Whether data in another encoding is valid UTF-8 by chance: nothing could tell then."""
    try:
        return not data.isascii() and bool(data.decode())
    except UnicodeDecodeError:
        return False


@given(st.binary(), st.lists(st.sampled_from([*LABELS, None, "hex"]), max_size=2))
def test_any_bytes_have_a_text(data: bytes, labels: list[str | None]) -> None:
    text, encoding = decode_text(data, labels, markup_charset)
    assert codecs.lookup(encoding).name == encoding
    assert text.encode("utf-8", "strict") is not None


@pytest.mark.parametrize(
    "piece",
    [
        b"\xff",
        b"caf\xe9 <b>",
        b"\x80\n",
        b"\x1b$B",
        b"\x1b$)C\xff",
        b"\xc3\xa9\xff",
        b"\0\xff",
        b"a" * 50 + b"\xe9",
    ],
)
def test_decoding_is_linear(piece: bytes) -> None:
    assert_linear(decode_page, lambda size: piece * size, 20_000)


@pytest.mark.parametrize(
    ("codec", "text"),
    [
        ("gb18030", "这是一个中文句子"),
        ("big5hkscs", "這是一個中文句子"),
        ("cp932", "これは日本語"),
        ("cp932", "それまでに5便ほど大"),
        ("euc_jp", "ですから、一見、条件"),
        ("cp949", "‘드럼 치는 외교관"),
    ],
)
def test_a_short_text_that_ends_within_a_character(codec: str, text: str) -> None:
    cut = text.encode(codec)[:-1]
    read = decode_text(cut)
    assert (read, bad_bytes(cut, read)) == (Decoded(text[:-1] + "\ufffd", codec), 1)


@pytest.mark.parametrize(
    ("codec", "text"),
    [
        ("cp1251", "Съешь ещё"),
        ("koi8-u", "Выпей же чаю"),
        ("iso8859-7", "Ξεσκεπάζω"),
        ("cp1252", "Grüße, äöü"),
    ],
)
def test_a_last_letter_of_one_byte_is_no_cut_character(codec: str, text: str) -> None:
    assert decode_text(text.encode(codec)).text == text

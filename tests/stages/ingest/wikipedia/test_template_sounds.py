"""Templates of pronunciations: the sounds stay, what only tells of them goes."""

from __future__ import annotations

import pytest

from stages.ingest.wikipedia.templates import Templates


@pytest.mark.parametrize(
    ("inner", "text"),
    [
        ("IPA|de|bɛʁˈliːn", "bɛʁˈliːn"),
        ("IPA|[x]", "[x]"),
        ("IPA-fr|bɔʁdo|lang", "bɔʁdo"),
        ("IPAc-en|ˈ|l|ɪ|ŋ|k|ən", "/ˈlɪŋkən/"),
        ("IPAc-en|,|æ|l|ə|'|b|æ|m|ə|audio=LL-Q1860 (eng)-Alabama.wav", "/ˌæləˈbæmə/"),
        ("IPAc-en|ˈ|ɑː|ŋ|ɡ|ə|l|ə|,_|ˈ|æ|ŋ|-", "/ˈɑːŋɡələ, ˈæŋ-/"),
        ("IPAc-en|uk|l|ɛ|f|ˈ|t|ɛ", "UK: /lɛfˈtɛ/"),
        ("IPAc-en|UK|also|US|ə", "UK, US: /ə/"),
        ("IPAc-en|lang|ə|ˈ|k|ɪ|l|iː|z", "/əˈkɪliːz/"),
        ("IPAc-en|audio=a.ogg", ""),
        ("audio|De-Berlin.ogg|''Berlin''", "''Berlin''"),
        ("audio|De-Bad_Berka.ogg|Bad Berka|help=no", "Bad Berka"),
        ("audio|De-Berlin.ogg|listen", ""),
        ("audio|De-Berlin.ogg", ""),
        ("respell|ə|KIL|eez", "ə-KIL-eez"),
        ("respell|NEW|_|YORK", "NEW YORK"),
        ("linktext|一|二|三|四|五|六|七|八|九|十|百", "一二三四五六七八九十百"),
    ],
)
def test_sounds_stay(inner: str, text: str) -> None:
    assert Templates.of("en").text(inner) == text


def test_a_german_name_that_is_sorted_by_its_last_part_is_shown_whole() -> None:
    assert Templates.of("de").text("SortKeyName|Karl|Meier") == "Karl Meier"
    assert Templates.of("de").text("SortKeyName|Karl") == "Karl"

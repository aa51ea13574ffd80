"""What no encoding is told of: short texts of many languages come back letter by letter."""

from __future__ import annotations

import pytest

from stages.ingest.decode import decode_text
from tests.linear import assert_linear


@pytest.mark.parametrize(
    ("codec", "text"),
    [
        ("cp1250", "Još jedan dan za nas je tu bio lijep, a poslije će biti još ljepši."),
        ("iso8859-2", "Život je lijep kad ga živiš s ljudima koji te vole i čuvaju."),
        ("cp1250", "To je zelo dobra reč, ki jo je treba povedati še enkrat."),
        ("iso8859-2", "Človek išče srečo povsod, a največkrat jo najde doma, če živi v miru."),
        ("cp1250", "Să nu uităm că viaţa este frumoasă şi că fiecare zi înseamnă ceva."),
        ("iso8859-2", "Să nu uităm că viaţa este frumoasă şi că fiecare zi înseamnă ceva."),
        ("cp1250", "Jak to powiedział on sam wczoraj wieczorem, było już późno."),
        ("iso8859-2", "Jak to powiedział on sam wczoraj wieczorem, było już późno."),
        ("cp1250", "Řekl mi, že přijde až zítra, protože dnes nemá čas."),
        ("cp1254", "Bugün hava çok güzel, dışarı çıkıp yürüyüş yapmak istiyorum."),
        ("cp1251", "Він сказав, що приїде завтра, бо сьогодні не має часу."),
        ("cp1252", "Però això és el que més m'agrada: l'època dels àvis i el castellà."),
        ("cp1252", "La città è più bella di sera, perché c'è meno gente."),
        ("cp1252", "Oh, lo está poniendo al revés. ¡Lo estás poniendo al revés!"),
        ("cp1252", "Moi, madame? Voilà!"),
        ("cp1252", "Si hi hagués una revista d'informàtica en català al mercat, la difusió seria més gran."),
        ("cp1250", "Vŕba stojí pri rieke a žaba pod ňou kŕka."),
        ("iso8859-15", "Le cœur de l'œuvre coûte 50 € à l'entrée, et la sœur est là."),
        ("mac-roman", "L'été dernier, nous étions à la plage où le soleil était très présent."),
        ("mac-cyrillic", "Съешь ещё этих мягких французских булок, да выпей же чаю, мой дорогой друг."),
    ],
)
def test_a_sentence_comes_back(codec: str, text: str) -> None:
    assert decode_text(text.encode(codec)).text == text


@pytest.mark.parametrize(
    "text",
    [
        "We met at the café and talked for hours about the weather.",
        "It’s a long way, and that’s why I don’t go there.",
        "Bring ½ cup of sugar to 90° for 5 minutes.",
        "“Ages ranged from 10 to 81!” à la carte",
        "Copyright © 2010 Zoë Müller",
        "The price is £5 a piece.",
        "def f(x):  # François wrote this\n    return x\n",
    ],
)
def test_an_english_text_with_a_name_or_a_sign(text: str) -> None:
    assert decode_text(text.encode("cp1252")).text == text


def test_a_page_s_markup_says_nothing() -> None:
    page = '<div class="header"><a href="/home">x</a></div>' * 40 + "<p>Još jedan lijep dan, kaže čovjek.</p>"
    assert decode_text(page.encode("cp1250")).text == page


def test_time_is_linear() -> None:
    assert_linear(decode_text, lambda size: b"a" * size + b"\xe8 ", 50_000)
    assert_linear(decode_text, lambda size: b"ab\xe8 " * size, 20_000)
    assert_linear(decode_text, lambda size: b"<b>\xe8" * size, 20_000)

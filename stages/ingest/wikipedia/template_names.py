"""Names of templates whose text is one of their values, or always the same: the tables behind `templates`.

All in lower case. Without these few, sentences would lose words: `{{lang|de|Berlin}}`, `{{nowrap|12 km}}`.
"""

from __future__ import annotations

_FIRST_VALUE = """
    nowrap nobr nobreak nowr nw small smaller big larger sc smallcaps abbr abbrev abrev math mvar
    var sup sub not_a_typo sic as_written nihongo_krt ill interlanguage_link
    interlanguage_link_multi link-interwiki iw iw2 нп нп1 нп2 нп3 нп4 нп5 не_переведено
    не_переведено_2 не_переведено_3 не_переведено_5 не_перекладено lien strong em bold italic bigger
    resize code tt mono kbd samp key unicode polytonic hebrew script he grc el_gr formatnum nombre
    formatnombre num nts number цифра blockquote quote cquote quotation citation_bloc bq zitat
    цитата цитат citát citaat citazione idézet citat citação cytat underline strike keypress ruby
    ruby-ja nobold noitalic normal visible_anchor anchor_text text bez_přelomu unbreak b i u 仮リンク ta
    date- date_de_naissance- szám fmtn numfmt senza_fonte ipa afi api citation_needed_span cn_span
    fact_span zitation „ höhe_text
    vanchor vr tooltip hover nihongo2 poemquote poem cita latin número versalita versalitas
    maiuscoletto chiarire citazione_necessaria fakt liczba getal число nb pc comment подсказка
    нет_аи_2 要出典範囲 flag flagu flagcountry флагификация plainlist flatlist columns-list columns unité/2
    rom rom-maj romain romanes gls
"""
_SECOND_VALUE = """
    lang langx lang_x langue färg color colour font_color язык мова en_langue v_jazyku cizojazyčně vjazyce
    wikt-lang språk w_języku j nyelv
"""

VALUE_NUMBER = dict.fromkeys(_FIRST_VALUE.split(), 1) | dict.fromkeys(_SECOND_VALUE.split(), 2)
"""The values that are the text of a template, by its name, `_` for a space."""

_SHIP_PREFIXES = """
    hms uss hmas hmcs hmnzs hmis hmsas ss ms mv rms rfa usns usat uscgc usrc css ins sms hnlms hdms hswms hnoms orp
    rn bap arm pns jds js roks kri rss km smu gts tss ps nms
"""
SHIP_PREFIXES = frozenset(_SHIP_PREFIXES.split())
"""Templates of ships: `{{HMS|Fowey|1749}}` is HMS Fowey."""

LANGUAGE_CODES = frozenset(
    ["deu", "eng", "fra", "ces", "hun", "pol", "rus", "ukr", "ita", "spa", "lat", "grc"]
)
"""Slovak templates of languages: `{{deu|Spree}}`."""

CURRENCY_SIGNS = {
    "us$": "US$",
    "usd": "US$",
    "gbp": "£",
    "£": "£",
    "gbp£": "£",
    "eur": "€",
    "euro": "€",
    "€": "€",
    "inr": "₹",
    "₹": "₹",
    "rupee": "₹",
    "aud": "A$",
    "a$": "A$",
    "cad": "CA$",
    "nzd": "NZ$",
    "jpy": "¥",
    "¥": "¥",
    "cny": "CN¥",
    "krw": "₩",
    "php": "₱",
}
"""Templates of sums of money: `{{US$|5 million}}`."""

UNITS = {
    "km2": "km²",
    "m2": "m²",
    "cm2": "cm²",
    "km3": "km³",
    "m3": "m³",
    "cm3": "cm³",
    "m3/s": "m³/s",
    "sqmi": "sq mi",
    "sqft": "sq ft",
    "sqyd": "sq yd",
    "cuin": "cu in",
    "cuft": "cu ft",
    "kph": "km/h",
    "km/h": "km/h",
    "c": "°C",
    "f": "°F",
    "k": "K",
    "c-change": "°C",
    "f-change": "°F",
    "nmi": "nmi",
    "usgal": "US gal",
    "impgal": "imp gal",
}
"""Names of units in `{{convert}}` that readers see otherwise, in lower case."""

LITERALS = {
    "!": "|",
    "=": "=",
    "'": "'",
    "' \"": "'",
    "-'": "'",
    "ndash": "–",
    "spaced ndash": " – ",
    "snd": " – ",
    "snds": " – ",
    "–": " – ",
    "endash": "–",
    "en dash": "–",
    "--": "–",
    "mdash": "—",
    "emdash": "—",
    "em dash": "—",
    "spaced mdash": " — ",
    "—": " — ",
    "nbsp": " ",
    "esd": " ",
    "etc.": " etc.",
    "e": "e",
    "er": "er",
    "re": "re",
    "ème": "ème",
    "space": " ",
    "spaces": " ",
    "·": " · ",
    "•": " • ",
    "middot": " · ",
    "dot": " · ",
    "bull": " • ",
    "shy": "",
    "zwsp": "",
    "wbr": "",
    "0": "0",
    "times": "×",
    "minus": "−",
    "pi": "π",
    "euro": "€",
    "£": "£",
    "€": "€",
    "av. j.-c.": "av. J.-C.",
    "apr. j.-c.": "apr. J.-C.",
    "ap. j.-c.": "apr. J.-C.",
}
"""Templates whose text is always the same."""

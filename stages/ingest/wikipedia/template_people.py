"""Values of Italian templates of persons and national teams in, the sentence or the name that they show out.

`{{Bio}}` writes the first sentence of most Italian biographies: https://it.wikipedia.org/wiki/Template:Bio.
"""

from __future__ import annotations

import re

from stages.ingest.wikipedia.marks import APOSTROPHE
from stages.ingest.wikipedia.template_patterns import LocalForm
from stages.ingest.wikipedia.template_values import Values

_UNO = re.compile(r"(?:s[^aeiou\Wh]|sh|z|gn|ps|pn|x|y|i[aeou])", re.IGNORECASE)
_VOWEL = re.compile(r"[aeiouàèéìòù]", re.IGNORECASE)
_LETTERS = re.compile(r"[^\W\d_]")
_UNKNOWN = frozenset(["?", "...", "…"])


def italian_person(language: str | None, values: Values) -> str:
    """`{{Bio|Nome = Carlo|Cognome = Verdini|..}}`: name, dates of birth and death, what the person is."""

    def get(name: str) -> str:
        return values.get(name, "").strip()

    name = " ".join(part for part in (get("Titolo"), get("Nome"), get("Cognome")) if part)
    behind = get("PostCognome")
    if behind:
        name += behind if behind[0] in ",;(" else f" {behind}"
    between_commas = get("PostCognomeVirgola")
    if not between_commas and get("Pseudonimo"):
        known = "nota" if get("Sesso").upper().startswith("F") else "noto"
        between_commas = f"{known} con lo pseudonimo di {get('Pseudonimo')}"
    if between_commas:
        name += f", {between_commas.lstrip(',; ')}"
    dates = _life(values)
    before = get("PreData")
    inside = "; ".join(part for part in (before, dates) if part)
    text = f"{name} ({inside})" if inside else name
    ending = get("FineIncipit")
    said = _joined(ending) if ending else _occupation(values)
    text += f",{said}" if between_commas and said.startswith(" ") else said
    text = text if text.endswith((".", "!", "?")) else f"{text}."
    return text if _LETTERS.search(name) else ""


def _joined(text: str) -> str:
    return text if text[0] in ",;.:" else f" {text}"


def _life(values: Values) -> str:
    born = _event(values, "Nascita")
    dead = _event(values, "Morte")
    if dead:
        return f"{born or '...'} – {dead}"
    return born


def _event(values: Values, which: str) -> str:
    """`Pisa, 3 marzo 1850`; what is not known stands as the template shows it."""
    place = values.get(f"Luogo{which}Alt") or values.get(f"Luogo{which}", "")
    day, year = values.get(f"GiornoMese{which}", ""), values.get(f"Anno{which}", "")
    if year in _UNKNOWN:
        year = "..." if which == "Morte" or place or day else ""
    note = values.get(f"Note{which}", "")
    written = ", ".join(part for part in (place, " ".join(part for part in (day, year) if part)) if part)
    return written + (f" {note}" if note and written else "")


def _occupation(values: Values) -> str:
    """` è stato un poeta e scrittore italiano`; nothing where no occupation is given."""
    occupations = [values[key] for key in ("Attività", "Attività2", "Attività3") if values.get(key)]
    others = values.get("AttivitàAltre", "")
    if not occupations:
        return ""
    is_woman = values.get("Sesso", "").upper().startswith("F")
    is_dead = bool(values.get("AnnoMorte") or values.get("GiornoMeseMorte") or values.get("LuogoMorte"))
    verb = ("è stata" if is_woman else "è stato") if is_dead else "è"
    if others:
        listed = ", ".join(occupations) + (others if others[0] in ",;" else f" {others.strip()}")
    elif len(occupations) > 1:
        listed = ", ".join(occupations[:-1]) + f" e {occupations[-1]}"
    else:
        listed = occupations[0]
    nations = [
        values[key] for key in ("Nazionalità", "NazionalitàNaturalizzato", "Cittadinanza") if values.get(key)
    ]
    nation = nations[0] if nations else ""
    if len(nations) > 1:
        nation += f" naturalizzat{'a' if is_woman else 'o'} {nations[1]}"
    behind = values.get("PostNazionalità", "")
    text = " ".join(part for part in (verb, _article(listed, is_woman) + listed, nation) if part)
    return f" {text}" + (_joined(behind) if behind else "")


def _article(noun: str, is_woman: bool) -> str:
    """The indefinite article, with the space or the apostrophe behind it."""
    if is_woman:
        return f"un{APOSTROPHE}" if _VOWEL.match(noun) else "una "
    return "uno " if _UNO.match(noun) else "un "


def italian_country(language: str | None, values: Values) -> str:
    """`{{NazNB|CA|URS}}`: the country of a national team, by the code of its sport's federation."""
    code = values.get("2") or values.get("1", "")
    return COUNTRIES.get(code.upper(), code)


def italian_flag(language: str | None, values: Values) -> str:
    """`{{bandiera|ITA|nome}}`: a flag, and the country's name where it is asked for."""
    return COUNTRIES.get(values.get("1", "").upper(), "") if "nome" in values.values() else ""


_COUNTRY_WORDS = """
    AFG Afghanistan|ALB Albania|ALG Algeria|AND Andorra|ANG Angola|ARG Argentina|ARM Armenia|ARU Aruba
    AUS Australia|AUT Austria|AZE Azerbaigian|BAH Bahamas|BAN Bangladesh|BAR Barbados|BEL Belgio|BEN Benin
    BER Bermuda|BHR Bahrein|BIH Bosnia ed Erzegovina|BLR Bielorussia|BOL Bolivia|BOT Botswana|BRA Brasile
    BUL Bulgaria|BUR Burkina Faso|CAM Cambogia|CAN Canada|CGO RD del Congo|CHI Cile|CHN Cina
    CIV Costa d'Avorio|CMR Camerun|COD RD del Congo|COL Colombia|CPV Capo Verde|CRC Costa Rica|CRO Croazia
    CUB Cuba|CYP Cipro|CZE Rep. Ceca|DEN Danimarca|DDR Germania Est|GDR Germania Est|DNK Danimarca
    DOM Rep. Dominicana|ECU Ecuador|EGY Egitto|ENG Inghilterra|ERI Eritrea|ESA El Salvador|ESP Spagna
    EST Estonia|ETH Etiopia|EUN Squadra Unificata|FIJ Figi|FIN Finlandia|FRA Francia|FRG Germania Ovest
    FRO Fær Øer|GAB Gabon|GAM Gambia|GBR Gran Bretagna|GEO Georgia|GER Germania|GHA Ghana|GIB Gibilterra
    GRE Grecia|GUA Guatemala|GUI Guinea|GUY Guyana|HAI Haiti|HKG Hong Kong|HON Honduras|HUN Ungheria
    INA Indonesia|IDN Indonesia|IND India|IRI Iran|IRN Iran|IRL Irlanda|IRQ Iraq|ISL Islanda|ISR Israele
    ITA Italia|JAM Giamaica|JOR Giordania|JPN Giappone|KAZ Kazakistan|KEN Kenya|KGZ Kirghizistan
    KOR Corea del Sud|KOS Kosovo|KSA Arabia Saudita|KUW Kuwait|LAT Lettonia|LBN Libano|LIB Libano
    LBR Liberia|LBA Libia|LIE Liechtenstein|LTU Lituania|LUX Lussemburgo|MAD Madagascar|MAR Marocco
    MAS Malaysia|MDA Moldavia|MEX Messico|MGL Mongolia|MKD Macedonia del Nord|MLI Mali|MLT Malta
    MNE Montenegro|MON Monaco|MOZ Mozambico|MRI Mauritius|NAM Namibia|NED Paesi Bassi|NOL Paesi Bassi
    NEP Nepal|NGA Nigeria|NGR Nigeria|NIC Nicaragua|NIR Irlanda del Nord|NOR Norvegia|NZL Nuova Zelanda
    OMA Oman|PAK Pakistan|PAN Panamá|PAR Paraguay|PER Perù|PHI Filippine|POL Polonia|POR Portogallo
    PRK Corea del Nord|PUR Porto Rico|QAT Qatar|ROU Romania|ROM Romania|RSA Sudafrica|RUS Russia|RWA Ruanda
    SAM Samoa|SCG Serbia e Montenegro|SCO Scozia|SEN Senegal|SIN Singapore|SLO Slovenia|SVN Slovenia
    SMR San Marino|SRB Serbia|SRI Sri Lanka|SUD Sudan|SUI Svizzera|SUR Suriname|SVK Slovacchia|SWE Svezia
    SYR Siria|TAH Tahiti|TAN Tanzania|TCH Cecoslovacchia|THA Thailandia|TJK Tagikistan|TKM Turkmenistan
    TOG Togo|TPE Taipei Cinese|TRI Trinidad e Tobago|TUN Tunisia|TUR Turchia|UAE Emirati Arabi Uniti
    UGA Uganda|UKR Ucraina|URS Unione Sovietica|URU Uruguay|USA Stati Uniti|UZB Uzbekistan|VEN Venezuela
    VIE Vietnam|WAL Galles|YEM Yemen|YUG Jugoslavia|ZAM Zambia|ZIM Zimbabwe
    CSI Comunità degli Stati Indipendenti
"""
COUNTRIES = {
    entry[:3]: entry[4:].strip()
    for entry in re.split(r"[|\n]\s*", _COUNTRY_WORDS.strip())
    if entry[3:4] == " "
}
"""Italian names of countries by the codes of sports' federations."""

PEOPLE: dict[str, LocalForm] = {
    "italian_person": italian_person,
    "italian_country": italian_country,
    "italian_flag": italian_flag,
}
"""What the table of templates names."""

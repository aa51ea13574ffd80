"""Codes of languages as templates of foreign words take them in, the word that the wiki puts before those words out.

`{{lang-de|Wien}}`: `language_labels.txt`, https://en.wikipedia.org/wiki/Module:Lang; `{{Vjazyce|de}}`:
https://cs.wikipedia.org/wiki/Šablona:Vjazyce; `{{enS|..}}`: https://de.wikipedia.org/wiki/Vorlage:EnS.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from stages.ingest.wikipedia.marks import APOSTROPHE
from stages.ingest.wikipedia.template_patterns import LocalForm
from stages.ingest.wikipedia.template_values import Values

_LABELS_PATH = Path(__file__).with_name("language_labels.txt")
_CODE = re.compile(r"[^\W\d_]{2,5}")


def _by_code(entries: str) -> dict[str, str]:
    """`de německy|en anglicky`: words by code of a language."""
    return dict(entry.split(" ", 1) for entry in entries.split("|"))


_CZECH = _by_code(
    "ar arabsky|be bělorusky|bg bulharsky|ca katalánsky|cs česky|cy velšsky|da dánsky|de německy|el řecky|en anglicky"
    "|eo esperantem|es španělsky|et estonsky|eu baskicky|fa persky|fi finsky|fr francouzsky|ga irsky|gl galicijsky"
    "|grc starořecky|he hebrejsky|hi hindsky|hr chorvatsky|hu maďarsky|hy arménsky|id indonésky|is islandsky|it italsky"
    "|ja japonsky|ka gruzínsky|kk kazašsky|ko korejsky|la latinsky|lb lucembursky|lt litevsky|lv lotyšsky"
    "|mk makedonsky|mn mongolsky|nl nizozemsky|no norsky|pl polsky|pt portugalsky|ro rumunsky|ru rusky|sa sanskrtem"
    "|sk slovensky|sl slovinsky|sq albánsky|sr srbsky|sv švédsky|sw svahilsky|th thajsky|tr turecky|uk ukrajinsky"
    "|vi vietnamsky|yi v jidiš|zh čínsky"
)
_GERMAN = _by_code(
    "af afrikaans|am amharisch|ar arabisch|az aserbaidschanisch|be belarussisch|bg bulgarisch|bn bengalisch|br bretonisch"
    "|bs bosnisch|ca katalanisch|co korsisch|cs tschechisch|cy walisisch|da dänisch|de deutsch|dsb niedersorbisch"
    "|el griechisch|en englisch|eo Esperanto|es spanisch|et estnisch|eu baskisch|fa persisch|fi finnisch|fo färöisch"
    "|fr französisch|fy westfriesisch|ga irisch|gl galicisch|grc altgriechisch|haw hawaiisch|he hebräisch|hi Hindi"
    "|hr kroatisch|hsb obersorbisch|hu ungarisch|hy armenisch|id indonesisch|is isländisch|it italienisch|ja japanisch"
    "|ka georgisch|kk kasachisch|km Khmer|ko koreanisch|ku kurdisch|ky kirgisisch|la lateinisch|lb luxemburgisch"
    "|lo laotisch|lt litauisch|lv lettisch|mk mazedonisch|mn mongolisch|ms malaiisch|mt maltesisch|nds niederdeutsch"
    "|ne nepalesisch|nl niederländisch|no norwegisch|oc okzitanisch|pl polnisch|ps paschtunisch"
    "|pt portugiesisch|rm rätoromanisch|ro rumänisch|ru russisch|sa Sanskrit|si singhalesisch|sk slowakisch"
    "|sl slowenisch|sq albanisch|sr serbisch|sv schwedisch|sw Swahili|ta tamilisch|tg tadschikisch|th thailändisch"
    "|tk turkmenisch|tr türkisch|tt tatarisch|uk ukrainisch|ur Urdu|uz usbekisch|vi vietnamesisch|yi jiddisch"
    "|zh chinesisch|zu Zulu"
)
GERMAN_TEMPLATES = {f"{code}s": word for code, word in _GERMAN.items()} | {"arf": "arabisch"}
"""Names of German templates of foreign words, in small letters, and the word that each puts before them."""


def czech_language(language: str | None, values: Values) -> str:
    """`{{Vjazyce|de}} ''Schwarzbach''`: německy; `{{Vjazyce2|en|London}}`: anglicky London."""
    code, text = values.get("1", ""), values.get("2", "")
    return " ".join(part for part in (_CZECH.get(code, ""), text) if part)


_POLISH = _by_code(
    "ar arab.|be biał.|bg bułg.|cs cz.|da duń.|de niem.|el gr.|en ang.|es hiszp.|fa pers.|fi fiń.|fr fr.|grc stgr."
    "|he hebr.|hr chorw.|hu węg.|it wł.|ja jap.|ko kor.|la łac.|lt lit.|nl niderl.|no norw.|pl pol.|pt port.|ro rum."
    "|ru ros.|sk słow.|sl słoweń.|sr serb.|sv szw.|tr tur.|uk ukr.|zh chiń."
)


def polish_languages(language: str | None, values: Values) -> str:
    """`{{lang|en|fr}}` is (ang. • fr.), the languages of a page; `{{lang|de|Wien}}` the words."""
    given = [values[key] for key in values if key.isdecimal() and values[key]]
    if given and all(code in _POLISH for code in given):
        return f"({' • '.join(_POLISH[code] for code in given)})"
    return values.get("2", "")


def polish_words(language: str | None, values: Values) -> str:
    """`{{w języku|de|Wien}}`: niem. Wien."""
    return f"{_POLISH.get(values.get('1', ''), '')} {values.get('2', '')}".strip()


def italian_words(language: str | None, values: Values) -> str:
    """`{{russo|матрёшка|matrëška}}`: in russo: матрёшка, traslitterato: matrëška; without colons by `sdp`."""
    colon = "" if values.get("sdp") else ":"
    words, letters = values.get("1", ""), values.get("2", "")
    romanized = f", traslitterato{colon} {letters}" if letters else ""
    return f"in {values['@'].lower()}{colon} {words}{romanized}" if words else letters


@cache
def _labels() -> dict[str, dict[str, str]]:
    """By wiki and code of a language, what stands before its words."""
    labels: dict[str, dict[str, str]] = {}
    wikis, around = [""], ""
    for line in _LABELS_PATH.read_text("utf-8").splitlines():
        if line.startswith("["):
            head, _, around = line.partition("] ")
            wikis = head[1:].split()
        elif line and not line.startswith("#"):
            words = (entry.partition(" ") for entry in line.split("|"))
            known = {code: around.replace("{}", word).replace("␣", " ") for code, _, word in words}
            labels |= {wiki: labels.get(wiki, {}) | known for wiki in wikis}
    return labels


def language_label(language: str | None, code: str) -> str:
    """What the wiki puts before words of the language of a code (`de`, `sh-Latn`, `he2`); nothing where not known."""
    known = _labels().get(language or "", {})
    bare = _CODE.match(code)
    return known.get(code.lower()) or (known.get(bare[0].lower(), "") if bare is not None else "")


def bulgarian_words(language: str | None, values: Values) -> str:
    """`{{lang|de|Wien|Vindobona}}`: на немски: Wien или Vindobona; the language alone where there are no words."""
    label = language_label("bg", values.get("1", ""))
    before = values.get("на")
    if label and before is not None:
        label = f"{before}{label.removeprefix('на ')}"
    words = [value for key, value in values.items() if key.isdecimal() and key != "1" and value]
    if not words:
        return label.removesuffix(": ")
    return label + " или ".join(part for part in (", ".join(words[:-1]), words[-1]) if part)


def foreign_words(language: str | None, values: Values) -> str:
    """`{{langx|el|Αθήνα|Athína|Athens}}`: Greek: Αθήνα, romanized: Athína, lit. 'Athens'."""
    text = values.get("2") or values.get("text", "")
    if not text:
        return ""
    label = "" if values.get("label") == "none" else language_label(language, values.get("1", ""))
    if language == "it" and values.get("3"):
        return f"{label}{text}, {values['3']}"
    if language not in ("en", "simple"):
        return label + text
    if values.get("label") not in (None, "", "none"):
        label = f"{values['label']}: "
    romanized = values.get("translit") or values.get("3", "")
    literally = values.get("lit") or values.get("translation") or values.get("4", "")
    if romanized and romanized != "-":
        text += f", {'romanized: ' if label else ''}{romanized}"
    return label + text + (f", lit. {APOSTROPHE}{literally}{APOSTROPHE}" if literally else "")


def french_words(language: str | None, values: Values) -> str:
    """`{{en langue|de|Wien}}`: en allemand : Wien, where `{{lang-de|Wien}}` is allemand : Wien."""
    known = language_label("fr", values.get("1", "")) and values.get("2")
    return ("en " if known else "") + foreign_words("fr", values)


def words_of(code: str, language: str | None, values: Values) -> str:
    """`{{lang-de|Wien}}` as `{{langx|de|Wien}}`."""
    numbered = {str(int(key) + 1): value for key, value in values.items() if key.isdecimal()}
    named = {key: value for key, value in values.items() if not key.isdecimal()}
    return foreign_words(language, {**named, **numbered, "1": code})


_CHINESE = {
    "en": ("Chinese: ", "simplified Chinese: ", "traditional Chinese: ", "pinyin: ", "Wade–Giles: ", "lit. "),
}
_CHINESE["simple"] = _CHINESE["en"]


def chinese(language: str | None, values: Values) -> str:
    """`{{zh|s=中国|p=Zhōngguó}}`: simplified Chinese: 中国; pinyin: Zhōngguó; in other wikis the words alone."""
    if language not in _CHINESE and values.get("1"):
        return words_of("zh", language, values)
    names = _CHINESE.get(language or "", ("",) * 6)
    words = {key: values.get(key, "") for key in "cstpw"}
    words["c"] = words["c"] or values.get("1", "")
    if words["s"] and words["s"] == words["t"]:
        words["c"], words["s"], words["t"] = words["s"], "", ""
    is_labelled = values.get("labels") != "no"
    shown: list[str] = []
    for key, name in zip("cstpw", names, strict=False):
        if words[key] and not any(part.endswith(words[key]) for part in shown):
            shown.append((name if is_labelled else "") + words[key])
    literally = values.get("l", "")
    if literally and names[5]:
        shown.append(f"{names[5]}{APOSTROPHE}{literally}{APOSTROPHE}")
    return "; ".join(shown)


LABELS: dict[str, LocalForm] = {
    "bulgarian_words": bulgarian_words,
    "czech_language": czech_language,
    "foreign_words": foreign_words,
    "french_words": french_words,
    "italian_words": italian_words,
    "polish_languages": polish_languages,
    "polish_words": polish_words,
    "chinese": chinese,
}
"""What the table of templates names."""

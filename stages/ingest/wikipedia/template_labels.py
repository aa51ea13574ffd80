"""Codes of languages as templates of foreign words take them in, the word that the wiki puts before those words out.

`{{Vjazyce|de}}`: https://cs.wikipedia.org/wiki/Šablona:Vjazyce; `{{enS|..}}`: https://de.wikipedia.org/wiki/Vorlage:EnS.
"""

from __future__ import annotations

from stages.ingest.wikipedia.template_patterns import LocalForm
from stages.ingest.wikipedia.template_values import Values

_CZECH = {
    entry.partition(" ")[0]: entry.partition(" ")[2]
    for entry in (
        "ar arabsky|be bělorusky|bg bulharsky|ca katalánsky|cs česky|cy velšsky|da dánsky|de německy|el řecky|en anglicky"
        "|eo esperantem|es španělsky|et estonsky|eu baskicky|fa persky|fi finsky|fr francouzsky|ga irsky|gl galicijsky"
        "|grc starořecky|he hebrejsky|hi hindsky|hr chorvatsky|hu maďarsky|hy arménsky|id indonésky|is islandsky|it italsky"
        "|ja japonsky|ka gruzínsky|kk kazašsky|ko korejsky|la latinsky|lb lucembursky|lt litevsky|lv lotyšsky"
        "|mk makedonsky|mn mongolsky|nl nizozemsky|no norsky|pl polsky|pt portugalsky|ro rumunsky|ru rusky|sa sanskrtem"
        "|sk slovensky|sl slovinsky|sq albánsky|sr srbsky|sv švédsky|sw svahilsky|th thajsky|tr turecky|uk ukrajinsky"
        "|vi vietnamsky|yi v jidiš|zh čínsky"
    ).split("|")
}
_GERMAN = {
    entry.partition(" ")[0]: entry.partition(" ")[2]
    for entry in (
        "ar arabisch|be belarussisch|bg bulgarisch|bs bosnisch|ca katalanisch|cs tschechisch|cy walisisch|da dänisch"
        "|el griechisch|en englisch|es spanisch|et estnisch|eu baskisch|fa persisch|fi finnisch|fr französisch|ga irisch"
        "|grc altgriechisch|he hebräisch|hr kroatisch|hu ungarisch|hy armenisch|is isländisch|it italienisch|ja japanisch"
        "|ka georgisch|kk kasachisch|ko koreanisch|la lateinisch|lt litauisch|lv lettisch|mk mazedonisch|mn mongolisch"
        "|nl niederländisch|no norwegisch|pl polnisch|pt portugiesisch|ro rumänisch|ru russisch|sa Sanskrit|sk slowakisch"
        "|sl slowenisch|sq albanisch|sr serbisch|sv schwedisch|th thailändisch|tr türkisch|uk ukrainisch"
        "|vi vietnamesisch|zh chinesisch"
    ).split("|")
}
GERMAN_TEMPLATES = {f"{code}s": word for code, word in _GERMAN.items()}
"""Names of German templates of foreign words, in small letters, and the word that each puts before them."""


def czech_language(language: str | None, values: Values) -> str:
    """`{{Vjazyce|de}} ''Schwarzbach''`: německy; `{{Vjazyce2|en|London}}`: anglicky London."""
    code, text = values.get("1", ""), values.get("2", "")
    return " ".join(part for part in (_CZECH.get(code, ""), text) if part)


LABELS: dict[str, LocalForm] = {"czech_language": czech_language}
"""What the table of templates names."""

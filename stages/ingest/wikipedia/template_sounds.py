"""Values of templates of pronunciations in, the sounds or the respelled syllables as readers see them out."""

from __future__ import annotations

import re

from stages.ingest.wikipedia.template_patterns import LocalForm
from stages.ingest.wikipedia.template_values import Values

_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z]{2,8})?")
_PRONOUNCED_WORDS = frozenset("lang local pron small all audio - generic endonym cat link allemand".split())
_TYPED = {"'": "ˈ", ",": "ˌ", ",_": ", ", "_": " ", "-": "-"}
"""What stands for a sign of IPA that no keyboard has, in `{{IPAc-en}}`."""

_VARIETIES = {"us": "US", "uk": "UK", "ca": "CA", "au": "AU", "nz": "NZ", "ie": "IE", "gb": "UK"}
_ABOUT = frozenset("lang local pron also ipa audio icon localpron usalso ukalso alsous alsouk small".split())


def _numbered(values: Values) -> list[str]:
    return [value for key, value in values.items() if key.isdecimal() and value]


def _ipa(language: str | None, values: Values) -> str:
    """`{{IPA|de|bɛʁˈliːn}}`, `{{IPA|[x]}}`: the sounds, without the language's code and the words about them."""
    sounds = [values[key] for key in ("1", "2", "3") if values.get(key)]
    if len(sounds) > 1 and _LANGUAGE.fullmatch(sounds[0]):
        sounds = sounds[1:]
    shown = [text for text in sounds if text not in _PRONOUNCED_WORDS]
    return shown[0] if shown else ""


def _named_ipa(language: str | None, values: Values) -> str:
    """Spanish `{{AFI2|eˈlaða}}`: AFI: [eˈlaða]; Ukrainian `{{МФА-всі|bɛɐ̯ˈliːn|МФА|de-Berlin.ogg}}`: МФА: [bɛɐ̯ˈliːn]."""
    sounds = values.get("1", "").strip("[]")
    name = "AFI" if language == "es" else values.get("2", "")
    return f"{name}: [{sounds}]".removeprefix(": ") if sounds else ""


def _spoken(language: str | None, values: Values) -> str:
    """`{{audio|De-Berlin.ogg|''Berlin''}}`: the word that the file is named after; nothing where it is `listen`."""
    shown = values.get("2", "")
    word = shown.strip("'").lower()
    return shown if len(word) > 1 and word in values.get("1", "").replace("_", " ").lower() else ""


def _english_sounds(language: str | None, values: Values) -> str:
    """`{{IPAc-en|uk|ˈ|l|ʌ|n}}` is UK: /ˈlʌn/: a value for each sound, some of them words about them."""
    sounds = _numbered(values)
    varieties = [_VARIETIES[sound.lower()] for sound in sounds if sound.lower() in _VARIETIES]
    heard = "".join(
        _TYPED.get(sound, sound)
        for sound in sounds
        if sound.lower() not in _VARIETIES and sound.lower() not in _ABOUT
    )
    label = f"{', '.join(varieties)}: " if varieties else ""
    return f"{label}/{heard}/" if heard else ""


def _respelled(language: str | None, values: Values) -> str:
    """`{{respell|BUR|lin}}` is BUR-lin; an underscore parts words."""
    return "-".join(_numbered(values)).replace("-_-", " ").replace("_", " ")


def _characters(language: str | None, values: Values) -> str:
    """`{{linktext|三|星}}`."""
    return "".join(_numbered(values))


SOUNDS: dict[str, LocalForm] = {
    "ipa": _ipa,
    "named_ipa": _named_ipa,
    "english_sounds": _english_sounds,
    "spoken": _spoken,
    "respelled": _respelled,
    "characters": _characters,
}

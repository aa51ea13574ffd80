"""What wikis call things: namespaces, redirect words, language codes, beside what a dump's own header says.

Headers of extracts are often another wiki's (every minidump claims to be English), so the names of the file
and category namespaces of the languages of LLaMA's recipe, and some more, are known here too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_FILE_WORDS = """
    file image media файл картинка изображение слика датотека
    податотека медия медиум fitxer imatge soubor médium fil
    billede billed datei bild medien archivo imagen fichier datoteka slika fájl kép immagine bestand
    afbeelding plik grafika ficheiro arquivo imagem fișier fişier imagine изображения медија зображення
    súbor obrázok mediji ファイル 画像 文件 档案 檔案 图像 圖像 파일 그림 ملف صورة קובץ תמונה پرونده dosya
    resim tập_tin hình tiedosto kuva fitxategi irudi skrá mynd αρχείο εικόνα berkas gambar failas vaizdas
    attēls fails pilt ficheru चित्र চিত্র медыя выява файл_с ไฟล์ ภาพ
"""
FILE_NAMES = frozenset(_FILE_WORDS.split())
"""Names of the file and media namespaces in many languages, lower case, `_` for a space."""

_CATEGORY_WORDS = """
    category категория категорија категорія категорыя categoria kategorie kategori categoría catégorie
    kategorija kategória kategoria categorie カテゴリ 分类 分類 분류 تصنيف קטגוריה رده
    luokka κατηγορία thể_loại श्रेणी বিষয়শ্রেণী หมวดหมู่ kategooria kategoriya flokkur
"""
CATEGORY_NAMES = frozenset(_CATEGORY_WORDS.split())
"""Names of the category namespace in many languages, as FILE_NAMES."""

REDIRECT = re.compile(
    r"\s*#\s*(?:redirect|weiterleitung|redirection|redirecci[oó]n|rinvia|rinvio|doorverwijzing|patrz|przekieruj"
    r"|tam|redirecionamento|omdirigering|omdiriger|átirányítás|preusmeri|преусмери|перенаправление|перенапр"
    r"|перенаправлення|přesměruj|виж|види|пренасочване|пренасочување|redirecteaza"
    r"|redirec[tț]ioneaz[aă]|preusmjeri|presmeruj|転送|リダイレクト|重定向|넘겨주기|ohjaus|uudelleenohjaus)\s*:?\s*\[\[",
    re.IGNORECASE,
)
"""A text that is a redirect, for dumps without a <redirect> element."""

_WIKI_NAME = re.compile(r"(?:^|/)([a-z][a-z_-]*?)wiki(?=[-_.]|$)")

_HOST = re.compile(r"(?:https?:)?//([a-z-]+)\.(?:m\.)?wikipedia\.org(?:[/:]|$)", re.IGNORECASE)

_WIKI_WORDS = """
    aa ab ace ady af ak als alt am ami an ang ann anp ar arc arn ary arz as ast atj av avk awa ay az azb
    ba ban bar bat-smg bbc bcl bdr be be-tarask be-x-old bew bg bh bho bi bjn blk bm bn bo bpy br bs btm
    bug bxr ca cbk-zam cdo ce ceb ch cho chr chy ckb co cr crh cs csb cu cv cy da dag de dga din diq dsb
    dtp dty dv dz ee el eml en eo es et eu ext fa fat ff fi fiu-vro fj fo fon fr frp frr fur fy ga gag
    gan gcr gd gl glk gn gom gor got gpe gsw gu guc gur guw gv ha hak haw he hi hif ho hr hsb ht hu hy
    hyw hz ia iba id ie ig igl ii ik ilo inh io is it iu ja jam jbo jv ka kaa kab kaj kbd kbp kcg kg kge
    ki kj kk kl km kn knc ko koi kr krc ks ksh ku kus kv kw ky la lad lb lbe lez lfn lg li lij lld lmo ln
    lo lrc lt ltg lv lzh mad mai map-bms mdf mg mh mhr mi min mk ml mn mni mnw mo mos mr mrj ms mt mus
    mwl my myv mzn na nah nan nap nds nds-nl ne new ng nia nl nn no nb nov nqo nr nrm nso nup nv ny oc
    olo om or os pa pag pam pap pcd pcm pdc pfl pi pih pl pms pnb pnt ps pt pwn qu rki rm rmy rn ro
    roa-rup roa-tara rsk ru rue rup rw sa sah sat sc scn sco sd se sg sgs sh shi shn shy si simple sk skr
    sl sm smn sn so sq sr srn ss st stq su sv sw syl szl szy ta tay tcy tdd te tet tg th ti tig tk tl tly
    tn to tpi tr trv ts tt tum tw ty tyv udm ug uk ur uz ve vec vep vi vls vo vro wa war wo wuu xal xh
    xmf yi yo yue za zea zgh zh zh-classical zh-min-nan zh-yue zu
"""
KNOWN_WIKIS = frozenset(_WIKI_WORDS.split())
"""Codes of Wikipedias, as in their hosts' names: https://meta.wikimedia.org/wiki/List_of_Wikipedias."""

_LANGUAGE_OF_WIKI = {
    "simple": "en",
    "zh-yue": "yue",
    "zh-min-nan": "nan",
    "zh-classical": "lzh",
    "be-x-old": "be",
    "be-tarask": "be",
    "als": "gsw",
    "bat-smg": "sgs",
    "fiu-vro": "vro",
    "roa-rup": "rup",
}

_HOST_OF_WIKI = {"be-x-old": "be-tarask"}


@dataclass(frozen=True)
class Namespaces:
    """Names of namespaces that decide what a link is: all lower case, a space for `_`."""

    files: frozenset[str]
    categories: frozenset[str]
    ids: Mapping[str, int]

    @classmethod
    def of(cls, names: Mapping[int, str]) -> Namespaces:
        """From a dump's own `names` by number, with the names that are known in any wiki."""
        ids = {_folded(name): key for key, name in names.items() if name and key != 0}
        files = {_folded(name) for name in FILE_NAMES} | {n for n, key in ids.items() if key in (-2, 6)}
        categories = {_folded(name) for name in CATEGORY_NAMES} | {n for n, key in ids.items() if key == 14}
        return cls(frozenset(files), frozenset(categories), ids)

    def id_of_title(self, title: str) -> int:
        """Number of the namespace that a page's title names, 0 when it names none."""
        prefix, colon, _ = title.partition(":")
        return self.ids.get(_folded(prefix), 0) if colon else 0


def _folded(name: str) -> str:
    return name.replace("_", " ").strip().lower()


def wiki_code(
    file_name: str, dbname: str | None, base: str | None = None, lang: str | None = None
) -> str | None:
    """Code of the wiki, as in its host name: the first that is a known wiki's of the raw file's name (`bgwiki-..`),
    its header's database name, its address, its language.

    The name goes first: dumps are published under it, and headers of extracts name another wiki. A file named
    `smallwiki` says nothing.
    """
    found = (_WIKI_NAME.match(name) for name in (file_name.lower().rsplit("/", 1)[-1], dbname or ""))
    host = _HOST.match(base or "")
    codes = [match[1].replace("_", "-") for match in found if match is not None]
    codes += [host[1].lower()] if host is not None else []
    language = (lang or "").lower()
    return next((code for code in [*codes, language] if code in KNOWN_WIKIS), language or None)


def language_of_wiki(wiki: str | None) -> str | None:
    """Language code of a wiki's texts; Simple English is English."""
    return None if wiki is None else _LANGUAGE_OF_WIKI.get(wiki, wiki)


def host_of(wiki: str | None) -> str | None:
    """Host name of a wiki."""
    return None if wiki is None else f"{_HOST_OF_WIKI.get(wiki, wiki)}.wikipedia.org"

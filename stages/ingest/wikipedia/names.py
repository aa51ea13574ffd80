"""What wikis call things: namespaces, redirect words, beside what a dump's own header says.

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

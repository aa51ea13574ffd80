"""The 20 wikis of LLaMA's recipe: what each calls its namespaces, its main page and a redirect."""

# ruff: noqa: E501 (the table of names)

from __future__ import annotations

from dataclasses import dataclass

NAMESPACE_KEYS = (1, 2, 3, 4, 6, 8, 10, 12, 14)
"""Talk, User, User talk, project, File, MediaWiki, Template, Help, Category."""


@dataclass(frozen=True)
class Wiki:
    """A wiki by its language code; `namespaces` are local names by number."""

    code: str
    redirect: str
    main_page: str
    namespaces: dict[int, str]


_NAMES = """
bg|ПРЕНАСОЧВАНЕ|Начална страница|Беседа|Потребител|Потребител беседа|Уикипедия|Файл|МедияУики|Шаблон|Помощ|Категория
ca|REDIRECT|Portada|Discussió|Usuari|Usuari Discussió|Viquipèdia|Fitxer|MediaWiki|Plantilla|Ajuda|Categoria
cs|PŘESMĚRUJ|Hlavní strana|Diskuse|Wikipedista|Diskuse s wikipedistou|Wikipedie|Soubor|MediaWiki|Šablona|Nápověda|Kategorie
da|OMDIRIGERING|Forside|Diskussion|Bruger|Brugerdiskussion|Wikipedia|Fil|MediaWiki|Skabelon|Hjælp|Kategori
de|WEITERLEITUNG|Wikipedia:Hauptseite|Diskussion|Benutzer|Benutzer Diskussion|Wikipedia|Datei|MediaWiki|Vorlage|Hilfe|Kategorie
en|REDIRECT|Main Page|Talk|User|User talk|Wikipedia|File|MediaWiki|Template|Help|Category
es|REDIRECCIÓN|Wikipedia:Portada|Discusión|Usuario|Usuario discusión|Wikipedia|Archivo|MediaWiki|Plantilla|Ayuda|Categoría
fr|REDIRECTION|Wikipédia:Accueil principal|Discussion|Utilisateur|Discussion utilisateur|Wikipédia|Fichier|MediaWiki|Modèle|Aide|Catégorie
hr|PREUSMJERI|Glavna stranica|Razgovor|Suradnik|Razgovor sa suradnikom|Wikipedija|Datoteka|MediaWiki|Predložak|Pomoć|Kategorija
hu|ÁTIRÁNYÍTÁS|Kezdőlap|Vita|Szerkesztő|Szerkesztővita|Wikipédia|Fájl|MediaWiki|Sablon|Segítség|Kategória
it|RINVIA|Pagina principale|Discussione|Utente|Discussioni utente|Wikipedia|File|MediaWiki|Template|Aiuto|Categoria
nl|DOORVERWIJZING|Hoofdpagina|Overleg|Gebruiker|Overleg gebruiker|Wikipedia|Bestand|MediaWiki|Sjabloon|Help|Categorie
pl|PATRZ|Wikipedia:Strona główna|Dyskusja|Wikipedysta|Dyskusja wikipedysty|Wikipedia|Plik|MediaWiki|Szablon|Pomoc|Kategoria
pt|REDIRECIONAMENTO|Wikipédia:Página principal|Discussão|Usuário(a)|Usuário(a) Discussão|Wikipédia|Ficheiro|MediaWiki|Predefinição|Ajuda|Categoria
ro|REDIRECTEAZA|Pagina principală|Discuție|Utilizator|Discuție Utilizator|Wikipedia|Fișier|MediaWiki|Format|Ajutor|Categorie
ru|ПЕРЕНАПРАВЛЕНИЕ|Заглавная страница|Обсуждение|Участник|Обсуждение участника|Википедия|Файл|MediaWiki|Шаблон|Справка|Категория
sl|PREUSMERITEV|Glavna stran|Pogovor|Uporabnik|Uporabniški pogovor|Wikipedija|Slika|MediaWiki|Predloga|Pomoč|Kategorija
sr|ПРЕУСМЕРИ|Главна страна|Разговор|Корисник|Разговор са корисником|Википедија|Датотека|Медијавики|Шаблон|Помоћ|Категорија
sv|OMDIRIGERING|Portal:Huvudsida|Diskussion|Användare|Användardiskussion|Wikipedia|Fil|MediaWiki|Mall|Hjälp|Kategori
uk|ПЕРЕНАПРАВЛЕННЯ|Головна сторінка|Обговорення|Користувач|Обговорення користувача|Вікіпедія|Файл|MediaWiki|Шаблон|Довідка|Категорія
"""


def _wiki(line: str) -> Wiki:
    code, redirect, main_page, *names = line.split("|")
    return Wiki(code, redirect, main_page, dict(zip(NAMESPACE_KEYS, names, strict=True)))


WIKIS = tuple(map(_wiki, _NAMES.strip().splitlines()))

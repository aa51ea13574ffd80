"""What a dump says of its wiki in, the wiki's code, language and host out: of Wikipedias, their sisters, and all others."""

from __future__ import annotations

import re

_PROJECTS = {
    "wiki": "wikipedia",
    "wiktionary": "wiktionary",
    "wikisource": "wikisource",
    "wikiquote": "wikiquote",
    "wikibooks": "wikibooks",
    "wikinews": "wikinews",
    "wikiversity": "wikiversity",
    "wikivoyage": "wikivoyage",
}
"""What a database's name ends in, behind the code of a language, and the project of that host."""

_SINGLE_WIKIS = {
    "commonswiki": "commons.wikimedia.org",
    "metawiki": "meta.wikimedia.org",
    "specieswiki": "species.wikimedia.org",
    "incubatorwiki": "incubator.wikimedia.org",
    "outreachwiki": "outreach.wikimedia.org",
    "wikimaniawiki": "wikimania.wikimedia.org",
    "foundationwiki": "foundation.wikimedia.org",
    "strategywiki": "strategy.wikimedia.org",
    "wikidatawiki": "www.wikidata.org",
    "testwikidatawiki": "test.wikidata.org",
    "wikifunctionswiki": "www.wikifunctions.org",
    "mediawikiwiki": "www.mediawiki.org",
    "sourceswiki": "wikisource.org",
    "betawikiversity": "beta.wikiversity.org",
    "testwiki": "test.wikipedia.org",
    "test2wiki": "test2.wikipedia.org",
    "nostalgiawiki": "nostalgia.wikipedia.org",
}
"""Wikis of no one language by their databases' names: https://noc.wikimedia.org/db.php."""
_SINGLE_OF_HOST = {host.removeprefix("www."): code for code, host in _SINGLE_WIKIS.items()}

_NAMES = "|".join(_PROJECTS)
_DATABASE = re.compile(rf"([a-z][a-z_-]*?)[_-]?({_NAMES})")
_IN_FILE_NAME = re.compile(rf"[a-z][a-z0-9_-]*?(?:{_NAMES})(?=[-_.0-9]|$)")
_HOST_IN_FILE_NAME = re.compile(rf"([a-z][a-z-]*\.(?:{'|'.join(_PROJECTS.values())}))(?=[-_.]|$)")
_ADDRESS = re.compile(
    r"((?:https?:)?//([a-z0-9-]+(?:\.[a-z0-9-]+)+)(?::\d+)?/(?:[^?#\s]*/)?)[^/?#\s]*", re.IGNORECASE
)

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

_LANGUAGE_OF_WIKI |= dict.fromkeys(("testwiki", "test2wiki", "nostalgiawiki"), "en")

_HOST_OF_WIKI = {"be-x-old": "be-tarask"}


def wiki_code(
    file_name: str, dbname: str | None, base: str | None = None, lang: str | None = None
) -> str | None:
    """Code of the wiki: the first that is a known wiki's of the raw file's name (`bgwiki-..`, `bg.wikipedia.xml`),
    its header's database name, its address, its language.

    It is the language's part of a Wikipedia's host name (`bg`, `zh-yue`), of all other wikis the database's name
    (`enwiktionary`, `commonswiki`). The file's name goes first: dumps are published under it, and headers of extracts
    name another wiki. A file named `smallwiki` says nothing.
    """
    name = file_name.lower().rsplit("/", 1)[-1]
    database, host, address = (
        _IN_FILE_NAME.match(name),
        _HOST_IN_FILE_NAME.match(name),
        _ADDRESS.match(base or ""),
    )
    language = (lang or "").lower().replace("_", "-")
    found = (
        None if database is None else _code_of_database(database[0]),
        None if host is None else _code_of_host(f"{host[1]}.org"),
        _code_of_database((dbname or "").lower()),
        None if address is None else _code_of_host(address[2].lower()),
        language if language in KNOWN_WIKIS else None,
    )
    return next(filter(None, found), language or None)


def wanted_code(wanted: str) -> str:
    """The code of a wiki that a person names: `bg`, `zh_yue`, `bgwiki`, `enwiktionary`."""
    return _code_of_database(wanted.lower()) or wanted.lower().replace("_", "-")


def language_of_wiki(wiki: str | None) -> str | None:
    """Language code of a wiki's texts; Simple English is English; None where they are in many."""
    if wiki is None or wiki in _SINGLE_WIKIS:
        return _LANGUAGE_OF_WIKI.get(wiki or "")
    code, _ = _parts(wiki)
    return _LANGUAGE_OF_WIKI.get(code, code)


def host_of(wiki: str | None) -> str | None:
    """Host name of a wiki; None where it is no wiki of Wikimedia."""
    if wiki is None or wiki in _SINGLE_WIKIS:
        return _SINGLE_WIKIS.get(wiki or "")
    code, project = _parts(wiki)
    return f"{_HOST_OF_WIKI.get(code, code)}.{project}.org" if code in KNOWN_WIKIS else None


def address_before_title(base: str | None) -> str | None:
    """Of a header's address (`https://wiki.example.org/wiki/Main_Page`) what stands before the page's title."""
    found = _ADDRESS.fullmatch(base or "")
    return None if found is None else found[1]


def _parts(wiki: str) -> tuple[str, str]:
    """Code of a language and project of a wiki's code."""
    found = _DATABASE.fullmatch(wiki)
    return (wiki, "wikipedia") if found is None else (found[1].replace("_", "-"), _PROJECTS[found[2]])


def _code_of_database(name: str) -> str | None:
    if name in _SINGLE_WIKIS:
        return name
    found = _DATABASE.fullmatch(name if "_" not in name or name.endswith(tuple(_PROJECTS)) else f"{name}wiki")
    code = "" if found is None else found[1].replace("_", "-")
    if found is None or code not in KNOWN_WIKIS:
        return None
    return code if found[2] == "wiki" else found[1].replace("-", "_") + found[2]


def _code_of_host(host: str) -> str | None:
    host = host.removeprefix("www.").replace(".m.", ".")
    if host in _SINGLE_OF_HOST:
        return _SINGLE_OF_HOST[host]
    code, _, rest = host.partition(".")
    suffix = next((end for end, project in _PROJECTS.items() if rest == f"{project}.org"), None)
    return None if suffix is None else _code_of_database(code.replace("-", "_") + suffix)

"""Names and sizes of raw files in, their sites and the largest of them out (LLaMA, section 2.1)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from stages.core.errors import UserError
from stages.core.storage import FoundFile
from stages.ingest.raw import Loss, RawFile
from stages.ingest.seven_zip import SevenZipError, unpack_members

_HOST = re.compile(r"(?P<host>(?:[a-z0-9-]+\.)+[a-z]{2,})(?:[-_.](?P<dump>\d[\d._-]*))?", re.IGNORECASE)
_POSTS_SUFFIX = re.compile(r"[-._]?(?:posts)?(?:\.xml)?(?:\.(?:gz|bz2|xz|7z))?$", re.IGNORECASE)
_READABLE = re.compile(r"\.(?:xml|gz|bz2|xz|7z)$", re.IGNORECASE)
_OTHER_TABLES = re.compile(
    r"(?:^|[-._])(?:badges|comments|posthistory|postlinks|tags|users|votes)\.(?:xml|7z)(?:\.(?:gz|bz2|xz))?$",
    re.IGNORECASE,
)

XML_BYTES_PER_BYTE = {".gz": 4, ".bz2": 5, ".xz": 6}
"""About how much XML a byte of a compressed dump holds, by its name: plans know only sizes and names."""


@dataclass(frozen=True)
class QuestionSite:
    """What a dump's folder says: its own name, the host (None when it is no host name), the dump's date."""

    folder: str
    host: str | None
    dump: str | None

    @property
    def name(self) -> str:
        """The host, or the folder where it is no host name: equal for all dumps of one site."""
        return self.host or self.folder


def parse_site(folder: str) -> QuestionSite:
    """`beer.stackexchange.com-2017` is the dump `2017` of the host `beer.stackexchange.com`."""
    if match := _HOST.fullmatch(folder):
        return QuestionSite(folder, match["host"].lower(), match["dump"])
    return QuestionSite(folder, None, None)


def site_of(file: FoundFile) -> QuestionSite:
    """The site of a raw file: by its own name (`beer.stackexchange.com.7z`), else by its folder."""
    *folders, base = file.name.split("/")
    own = _POSTS_SUFFIX.sub("", base)
    if "." in own and _HOST.fullmatch(own):
        return parse_site(own)
    if not folders:
        folders = file.uri.split("/")[:-1]
    return parse_site(folders[-1] if folders else own)


def holds_posts(name: str) -> bool:
    """Whether a raw file can be a site's posts: no other table of the dump (Users.xml, ...), no README."""
    base = name.rsplit("/", 1)[-1]
    return _READABLE.search(base) is not None and _OTHER_TABLES.search(base) is None


def is_posts(name: str) -> bool:
    """Whether a member of an archive is its Posts.xml, in a folder or not."""
    return name.replace("\\", "/").rsplit("/", 1)[-1].lower() == "posts.xml"


@dataclass(frozen=True)
class PostsArchive(FoundFile):
    """A site's 7z archive, with the bytes of its Posts.xml unpacked, which its directory tells."""

    posts_bytes: int


def look_into(file: FoundFile) -> tuple[PostsArchive | None, list[Loss]]:
    """A 7z archive by its directory alone: None when its posts cannot be read; a Loss for what is not read.

    Rules: `not_posts` for other tables, `no_posts` unless there is one Posts.xml, and the archive's own `damaged`,
    `encrypted`, `unsupported_method`.
    """
    try:
        members = unpack_members(RawFile(file.uri, file.name, file.size))
    except SevenZipError as error:
        return None, [Loss("", error.rule, error.reason, text_bytes=file.size)]
    posts = [member for member in members if is_posts(member.name)]
    others = [member for member in members if not is_posts(member.name)]
    unread = [Loss(member.name, "not_posts", text_bytes=member.size) for member in others]
    if len(posts) != 1:
        detail = f"{len(posts)} Posts.xml in the archive"
        return None, [*unread, Loss("", "no_posts", detail, text_bytes=sum(member.size for member in posts))]
    return PostsArchive(file.uri, file.name, file.size, posts[0].size), unread


def xml_bytes(file: FoundFile) -> int:
    """Bytes of XML in a raw file; estimated by XML_BYTES_PER_BYTE if its name says that it is compressed."""
    if isinstance(file, PostsArchive):
        return file.posts_bytes
    end = file.name[file.name.rfind(".") :].lower()
    return file.size * XML_BYTES_PER_BYTE.get(end, 1)


@dataclass(frozen=True)
class Choice:
    """The raw files to read, those of other sites, and the size in bytes of the smallest site chosen."""

    chosen: tuple[FoundFile, ...]
    others: tuple[FoundFile, ...]
    smallest_bytes: int


def choose_sites(files: Sequence[FoundFile], sites: Sequence[str], max_sites: int) -> Choice:
    """The files of `sites` (host or folder names); without `sites`, those of the `max_sites` largest sites.

    A site's size is that of its largest dump, in bytes of Posts.xml: the number of posts is not known before
    all is read, and bytes rank nearly as posts do. Equal sizes go by name.
    """
    site_by_file = [site_of(file) for file in files]
    if sites:
        known = {name for site in site_by_file for name in (site.folder, site.name)}
        if unknown := [name for name in sites if name not in known]:
            raise UserError(
                f"sites: no raw file of {', '.join(unknown)}; there are {', '.join(sorted(known))}"
            )
        wanted = set(sites)
        keep = [site.folder in wanted or site.name in wanted for site in site_by_file]
        smallest = 0
    else:
        sizes: dict[str, int] = {}
        for file, site in zip(files, site_by_file, strict=True):
            sizes[site.name] = max(sizes.get(site.name, 0), xml_bytes(file))
        ranked = sorted(sizes, key=lambda name: (-sizes[name], name))[:max_sites]
        smallest = sizes[ranked[-1]] if ranked else 0
        keep = [site.name in set(ranked) for site in site_by_file]
    return Choice(
        tuple(file for file, kept in zip(files, keep, strict=True) if kept),
        tuple(file for file, kept in zip(files, keep, strict=True) if not kept),
        smallest,
    )

"""The files of a repository that state licences in, the repository and the verdict for each of its folders out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import quote

from stages.ingest.decode import decode_text
from stages.ingest.github.generated import vendored_place
from stages.ingest.github.globs import Glob
from stages.ingest.github.license_texts import MAX_LICENSE_BYTES, UNKNOWN, states_terms
from stages.ingest.github.licenses import (
    NO_LICENSE,
    SPDX_FOLDER,
    LicenseVerdict,
    join_files,
    judge,
    license_folder,
    spdx_expression,
)
from stages.ingest.github.manifests import MAX_MANIFEST_BYTES, is_manifest, join_manifests
from stages.ingest.github.reuse import SIDE_FILE, annotations_of, is_reuse_file

FILE_NAME = re.compile(r"(?P<owner>[A-Za-z0-9-]+)__(?P<name>[\w.-]+?)-(?P<sha>[0-9a-f]{7,40})(?:\.\w+){0,2}")
"""`owner__name-commit.tar.gz`, as a download is named, or a folder of that name."""

_LICENSE_FILE = re.compile(r"(?:.*/)?(?:(?:un)?licen[cs]e|copying)[^./]*(?:\.txt)?", re.IGNORECASE)
_TOP_FOLDER = re.compile(r"(?P<name>.+)-(?P<sha>[0-9a-f]{40})")
_ARCHIVE_END = re.compile(r"\.(?:tar(?:\.\w+)?|tgz|tbz2?|txz|zip|7z)$")


@dataclass(frozen=True)
class Repository:
    """A repository's name, owner, commit or branch, top folder inside its archive, and verdicts by folder ("" the root)."""

    name: str
    owner: str | None = None
    commit: str | None = None
    top: str = ""
    verdicts: Mapping[str, LicenseVerdict] = field(default_factory=dict)
    annotations: Sequence[tuple[Glob, LicenseVerdict]] = ()
    """Verdicts of paths that REUSE's files name; the last that fits holds."""
    beside: Mapping[str, LicenseVerdict] = field(default_factory=dict)
    """Verdicts of files beside which one of their name and `.license` stands."""

    def path(self, member: str) -> str:
        """The path of an archive's member relative to the repository's root."""
        return member[len(self.top) :] if self.top and member.startswith(self.top) else member

    def url(self, path: str) -> str | None:
        """Where GitHub shows the file; None when the owner is not known."""
        if self.owner is None:
            return None
        return (
            f"https://github.com/{self.owner}/{self.name}/blob/{quote(self.commit or 'HEAD')}/{quote(path)}"
        )

    @property
    def full_name(self) -> str:
        """`owner/name`, or the name alone."""
        return f"{self.owner}/{self.name}" if self.owner else self.name

    def verdict(self, path: str) -> LicenseVerdict:
        """The licence of a file: REUSE's files', or the nearest folder's that states one; a root that is not allowed
        holds for all, but where it only lists what occurs."""
        root = self.verdicts.get("", NO_LICENSE)
        if root.names and not root.allowed and not root.is_per_file:
            return root
        if found := self.beside.get(path):
            return found
        for paths, verdict in reversed(self.annotations):
            if paths.fits(path):
                return verdict
        folder = path
        while folder:
            folder = folder.rpartition("/")[0]
            if found := self.verdicts.get(folder):
                return found
        return root


def states_license(path: str) -> bool:
    """Whether the file at `path` must be read to know the licences: licence files anywhere, manifests at the root."""
    if license_folder(path) is not None:
        return vendored_place(path) is None
    return is_manifest(path) or is_reuse_file(path) or path.endswith(SIDE_FILE)


def annotations_in(texts: Mapping[str, str], allowed: tuple[str, ...]) -> list[tuple[Glob, LicenseVerdict]]:
    """The verdicts of paths that REUSE's files among `texts` name."""
    return [(one.paths, judge(one.expression, allowed)) for one in annotations_of(texts)]


def verdicts_beside(texts: Mapping[str, str], allowed: tuple[str, ...]) -> dict[str, LicenseVerdict]:
    """The verdicts of files whose licence REUSE's files beside them state: `a.png.license` that of `a.png`."""
    stated = {
        path.removesuffix(SIDE_FILE): spdx_expression(texts[path])
        for path in texts
        if path.endswith(SIDE_FILE)
    }
    return {path: judge(expression, allowed) for path, expression in stated.items() if expression}


def verdicts_of(
    texts: Mapping[str, str], allowed: tuple[str, ...], use_manifests: bool
) -> dict[str, LicenseVerdict]:
    """Verdicts by folder from the texts of files that state licences, path to text.

    A folder below the root counts where its licence is a known one, or its own whatever it is: a licence file that is
    no page of a documentation and points nowhere else. Manifests count only where no file at the root states a licence.
    """
    by_folder: dict[str, dict[str, str]] = {}
    manifests: dict[str, str] = {}
    for path in sorted(texts):
        if is_manifest(path):
            manifests[path] = texts[path][:MAX_MANIFEST_BYTES]
        elif (folder := license_folder(path)) is not None:
            by_folder.setdefault(folder, {})[path] = texts[path]
    verdicts: dict[str, LicenseVerdict] = {}
    for folder, files in by_folder.items():
        verdict = judge(join_files(files), allowed, files)
        if not folder and all(path.startswith(f"{SPDX_FOLDER}/") for path in files):
            verdict = replace(verdict, is_per_file=len(files) > 1)
        if not folder or UNKNOWN not in verdict.names or _states_its_own(files):
            verdicts[folder] = verdict
    if use_manifests and "" not in verdicts:
        expression, stated_in = join_manifests(manifests)
        if expression:
            verdicts[""] = judge(expression, allowed, stated_in)
    return verdicts


def _states_its_own(files: Mapping[str, str]) -> bool:
    """Whether any of a folder's files states a licence, though an unknown one: GPL in a few words, a company's own."""
    return any(_LICENSE_FILE.fullmatch(path) and states_terms(text) for path, text in files.items())


def archived_repository(
    raw_name: str, tops: set[str], texts: Mapping[str, str], allowed: tuple[str, ...], use_manifests: bool
) -> Repository:
    """The repository of an archive from its name, the first folders of its members, and its texts by member name."""
    top = next(iter(tops)) if len(tops) == 1 else ""
    named = FILE_NAME.fullmatch(raw_name.rsplit("/", 1)[-1])
    folder = _TOP_FOLDER.fullmatch(top.rstrip("/"))
    name = named["name"] if named else folder["name"] if folder else top.rstrip("/")
    relative = {name[len(top) :]: text for name, text in texts.items() if name.startswith(top)}
    return Repository(
        name=name or _ARCHIVE_END.sub("", raw_name.rsplit("/", 1)[-1]),
        owner=named["owner"] if named else None,
        commit=folder["sha"] if folder else named["sha"] if named else None,
        top=top,
        verdicts=verdicts_of(relative, allowed, use_manifests),
        annotations=annotations_in(relative, allowed),
        beside=verdicts_beside(relative, allowed),
    )


def license_text(data: bytes) -> str:
    """The text of a file that states a licence."""
    return decode_text(data[:MAX_LICENSE_BYTES]).text

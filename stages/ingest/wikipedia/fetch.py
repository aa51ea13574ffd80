"""Wikipedia: a dump's `dumpstatus.json` in, the files of one of its jobs out, with size and SHA-1.

Layout: https://dumps.wikimedia.org/ (`<wiki>/<date>/`), https://meta.wikimedia.org/wiki/Data_dumps; who may ask and how:
https://foundation.wikimedia.org/wiki/Policy:Wikimedia_Foundation_User-Agent_Policy.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import orjson
from pydantic import Field

from stages.core.errors import UserError
from stages.fetch.client import Client
from stages.fetch.remote import (
    FetchError,
    ListError,
    RemoteFile,
    checksum_of,
    close_matches,
    remote_file,
    size_of,
)
from stages.fetch.site import BaseUrl, Site, listed_at, starts_like

LATEST = "latest"
DONE = "done"
JOB = "articlesmultistreamdump"
_DATE_LINK = re.compile(rb"href=\"(?:[^\"]*/)?([0-9]{8})/?\"")
_INDEX = re.compile(r"-multistream-index[0-9]*\.txt")

Language = Annotated[str, Field(pattern=r"^[a-z]{2,}(-[a-z]+)*$")]


@dataclass(frozen=True)
class Job:
    """One job of a dump: how far it is, and its files by name (`size`, `md5`, `sha1`)."""

    status: str
    files: dict[str, dict[str, Any]]


def parse_jobs(data: bytes) -> dict[str, Job]:
    """The jobs of a `dumpstatus.json`, by name."""
    try:
        jobs = orjson.loads(data)["jobs"]
        return {name: Job(str(job["status"]), dict(job.get("files") or {})) for name, job in jobs.items()}
    except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise ListError(f"no dumpstatus.json; starts with {starts_like(data)}") from error


def parse_dates(data: bytes) -> list[str]:
    """The dates of a wiki's dumps, newest first, of the page that lists its folder."""
    return sorted({match[1].decode() for match in _DATE_LINK.finditer(data)}, reverse=True)


class Wikipedia(Site):
    """Files of the dumps of some languages."""

    site: ClassVar[str] = "wikipedia"
    help: ClassVar[str] = "Dumps of Wikipedias, by language and date, with their SHA-1."
    own_hosts: ClassVar[tuple[str, ...]] = ("wikimedia.org",)
    # "We are capping the number of per-ip connections to 3", says the page of the dumps.
    max_connections: ClassVar[int] = 3

    base_url: BaseUrl = Field(
        "https://dumps.wikimedia.org", description="address of the dumps, or a mirror's"
    )
    languages: tuple[Language, ...] = Field(
        min_length=1, description="wikis by language code, such as en, bg, simple"
    )
    date: str = Field(
        LATEST,
        pattern=r"^([0-9]{8}|latest)$",
        description="date of the dump, or latest: the newest that is done",
    )
    job: str = Field(JOB, description="job of the dump whose files are wanted")
    index: bool = Field(True, description="with the index of the articles' places; ingest does not read it")

    def list_files(self, client: Client) -> list[RemoteFile]:
        """The files of the job in every language's dump."""
        if self.is_own() and client.contact is None:
            raise UserError(
                "fetch wikipedia: needs --contact (an e-mail address or a page): Wikimedia turns away robots"
                " that do not say whose they are; a mirror (--base-url) may not ask"
            )
        files: list[RemoteFile] = []
        for language in self.languages:
            wiki = language.replace("-", "_") + "wiki"
            date, job = self._dump(client, wiki)
            base = f"{self.base_url}/{wiki}/{date}"
            for name in sorted(job.files):
                if "/" not in name and (self.index or _INDEX.search(name) is None):
                    files.append(_file(base, f"{wiki}/{date}", name, job.files[name]))
        if not files:
            raise UserError(f"fetch wikipedia: the job {self.job} has no files")
        return files

    def _dump(self, client: Client, wiki: str) -> tuple[str, Job]:
        """The date of the dump and its job: the given one, else the newest whose job is done."""
        if self.date != LATEST:
            job = self._job(client, wiki, self.date)
            if job.status != DONE:
                raise UserError(
                    f"{wiki}/{self.date}: the job {self.job} is {job.status!r}, not done; take another --date"
                )
            return self.date, job
        dates = parse_dates(client.get_page(f"{self.base_url}/{wiki}/").data)
        for date in dates:
            try:
                job = self._job(client, wiki, date)
            except FetchError as error:
                if error.status != 404:
                    raise
                continue
            if job.status == DONE:
                return date, job
        raise UserError(f"{wiki}: no dump at {self.base_url}/{wiki}/ whose job {self.job} is done")

    def _job(self, client: Client, wiki: str, date: str) -> Job:
        url = f"{self.base_url}/{wiki}/{date}/dumpstatus.json"
        with listed_at(url):
            jobs = parse_jobs(client.get_page(url).data)
        if self.job not in jobs:
            raise UserError(f"{url}: no job {self.job}; like it: {close_matches(self.job, jobs)}")
        return jobs[self.job]


def _file(base: str, folder: str, name: str, entry: dict[str, Any]) -> RemoteFile:
    """A file by its name and not by the list's `url`: that one is absolute on the site, and wrong on a mirror."""
    # Mirrors' lists may leave the digests out; the size is always there.
    checksum = checksum_of("sha1", entry.get("sha1")) or checksum_of("md5", entry.get("md5"))
    plain = remote_file(base, name, size_of(entry.get("size")), checksum)
    return RemoteFile(plain.url, f"{folder}/{name}", plain.size, plain.checksum)

"""arXiv: the manifest of its bulk tars (`arXiv_src_manifest.xml`) in, the chosen tars of a copy out, with size and MD5.

Layout: https://info.arxiv.org/help/bulk_data_s3.html. The bucket is requester-pays: an anonymous reader gets nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field

from stages.core.errors import UserError
from stages.fetch.client import Client
from stages.fetch.remote import ListError, RemoteFile, checksum_of, chosen, remote_file, safe_name, size_of
from stages.fetch.site import BaseUrl, FileRange, Site, listed_at, read_list
from stages.fetch.xml_list import file_elements, text_of

S3_HELP = (
    "arXiv's bucket s3://arxiv is requester-pays: copy what you need with your own account"
    " (aws s3 cp --request-payer requester s3://arxiv/src/arXiv_src_manifest.xml .), serve the copy over http(s),"
    " and give its address as --base-url"
)


def _refuse_s3(value: Any) -> Any:
    if isinstance(value, str) and value.startswith("s3://"):
        raise ValueError(S3_HELP)
    return value


@dataclass(frozen=True)
class BulkTar:
    """A tar of the manifest: name below the bucket, month (YYMM), number of papers, size, MD5."""

    name: str
    month: str
    num_items: int | None
    size: int | None
    md5: str | None


def parse_manifest(data: bytes) -> list[BulkTar]:
    """The tars of a manifest, in its order."""
    tars = []
    for element in file_elements(data, ("arXivSRC", "arXivPDF")):
        name = text_of(element, "filename")
        if name is None:
            raise ListError("the manifest has a file without a filename")
        tars.append(
            BulkTar(
                safe_name(name),
                text_of(element, "yymm") or "",
                size_of(text_of(element, "num_items")),
                size_of(text_of(element, "size")),
                text_of(element, "md5sum"),
            )
        )
    return tars


class Arxiv(Site):
    """Bulk tars of LaTeX sources."""

    site: ClassVar[str] = "arxiv"
    help: ClassVar[str] = (
        f"Bulk tars of arXiv's sources from a copy, by its manifest, with their MD5. {S3_HELP}."
    )
    max_connections: ClassVar[int] = 4

    base_url: Annotated[BaseUrl, BeforeValidator(_refuse_s3)] = Field(
        description="address of a copy of the bucket: <base-url>/src/arXiv_src_0001_001.tar; not s3://"
    )
    manifest: Annotated[str, BeforeValidator(_refuse_s3)] = Field(
        description="path or address of arXiv_src_manifest.xml"
    )
    months: tuple[Annotated[str, Field(pattern=r"^[0-9]{4}$")], ...] = Field(
        (), description="months to keep, as YYMM: 0703; none: all"
    )
    files: FileRange = Field(
        ":", description="range of the tars in the manifest's order, such as 0:10; END is left out"
    )

    def list_files(self, client: Client) -> list[RemoteFile]:
        """The chosen tars, in the manifest's order."""
        with listed_at(self.manifest):
            tars = parse_manifest(read_list(client, self.manifest))
            files = [
                remote_file(self.base_url, tar.name, tar.size, checksum_of("md5", tar.md5))
                for tar in tars
                if not self.months or tar.month in self.months
            ]
        if not files:
            raise UserError(f"fetch arxiv: none of the manifest's {len(tars):,} tars is of these months")
        return chosen(files, self.files, "the manifest")

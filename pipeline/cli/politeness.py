"""Options of how gently a site is asked in, the client through which all requests go out."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter
from pydantic import Field

from stages.core.manifest import Record
from stages.fetch.client import Client
from stages.fetch.pace import Pacer


class Politeness(Record):
    """How gently a site is asked."""

    connections: int | None = Field(
        None, ge=1, le=32, description="files at a time; none: what the site bears well"
    )
    seconds_between: float | None = Field(
        None, ge=0, description="pause between requests; none: what the site asks for"
    )
    retries: int = Field(
        8, ge=0, le=100, description="attempts more on a file that fails, with ever longer pauses"
    )
    timeout_seconds: float = Field(
        60, gt=0, description="silence after which a connection is given up and resumed"
    )
    contact: str | None = Field(
        None, description="your e-mail address or page, told to the site (User-Agent)"
    )
    quiet: Annotated[bool, Parameter(negative="")] = Field(False, description="no progress on standard error")

    def client(self, default_seconds_between: float) -> Client:
        """Where all requests go through; the pause between them is the site's own unless one was given."""
        between = default_seconds_between if self.seconds_between is None else self.seconds_between
        return Client(
            pacer=Pacer(between),
            contact=self.contact,
            timeout_seconds=self.timeout_seconds,
            retries=self.retries,
        )

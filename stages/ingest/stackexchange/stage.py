"""Posts.xml files in, posts by hash of (raw file, question) out: the first of StackExchange's two stages.

LLaMA (section 2.1) takes the 28 largest sites. Answers follow their questions in no order, so a thread is put
together by an exchange and not in one dictionary.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from pydantic import Field

from stages.core.errors import UserError
from stages.core.exchange import num_destinations
from stages.core.manifest import Manifest, Record, ShardReport
from stages.core.stage import Task, task_id
from stages.core.storage import FoundFile
from stages.core.verb import Wiring
from stages.core.writer import TaskWriter
from stages.ingest import contents
from stages.ingest.base import (
    Range,
    RawPart,
    RawStage,
    byte_ranges,
    group_by_bytes,
    list_raw_files,
    whole_file,
)
from stages.ingest.decode import Decoded, bad_bytes, bad_bytes_change
from stages.ingest.raw import Changed, Loss, RawFile
from stages.ingest.records import RecordWriter
from stages.ingest.stackexchange.post_exchange import ANSWER, QUESTION, PostWriter
from stages.ingest.stackexchange.rows import MAX_ROW_BYTES, Post, RowChunk, parse_row, read_post_rows
from stages.ingest.stackexchange.sites import (
    choose_sites,
    holds_posts,
    look_into,
    parse_site,
    site_of,
    xml_bytes,
)
from stages.ingest.stackexchange.threads import StackExchangeThreads, ThreadOptions

LLAMA_SITES = 28
DESTINATION_BYTES = 256 << 20

POST_TYPES = {
    3: "orphaned tag wiki",
    4: "tag wiki excerpt",
    5: "tag wiki",
    6: "moderator nomination",
    7: "wiki placeholder",
    8: "privilege wiki",
}


class PostsPart(RawPart):
    """A part of a Posts.xml, and the folder that names its site."""

    site: str


class UnreadFile(Record):
    """A raw file, or a file of an archive, that is not read, and why: a ledger row."""

    name: str
    loss: Loss


class PostsParams(Record):
    """What a task reads of each of its inputs, what it only names, and into how many tasks of threads posts go."""

    parts: tuple[PostsPart, ...] = ()
    unread: tuple[UnreadFile, ...] = ()
    destinations: int


class StackExchangeIngest(ThreadOptions, RawStage[PostsParams]):
    """Reads the posts of StackExchange sites; `StackExchangeThreads` makes documents of them.

    A raw file is a site's Posts.xml, compressed or not, or its 7z archive as the sites publish it.
    """

    stage_name: ClassVar[str] = "ingest_stackexchange"
    version: ClassVar[int] = 5
    follows_unicode: ClassVar[bool] = True
    kind: ClassVar[str] = "stackexchange"
    reads: ClassVar[frozenset[str]] = frozenset({contents.POSTS, contents.XML})

    sites: tuple[str, ...] = Field(
        (), description="read only these sites: host names, or names of their folders"
    )
    max_sites: int = Field(
        LLAMA_SITES, gt=0, description="read the largest sites by bytes of Posts.xml; not used with `sites`"
    )
    destination_bytes: int = Field(
        DESTINATION_BYTES, gt=0, description="XML for one task that makes threads, about"
    )

    def wire(self, wiring: Wiring) -> str:
        """The posts, then the threads that are made of them."""
        options = {name: getattr(self, name) for name in ThreadOptions.model_fields}
        return wiring.add(StackExchangeThreads(source=self.source, **options), wiring.add(self))

    def content_config(self) -> dict[str, Any]:
        """Which threads are kept is for the next stage to say."""
        return {k: v for k, v in super().content_config().items() if k not in ThreadOptions.model_fields}

    def ranges(self, file: FoundFile) -> Sequence[Range]:
        """Tasks share a large plain file."""
        return _ranges(file, self.task_bytes)

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[PostsParams]]:
        """Tasks over the chosen sites' files by bytes, a large file in several; one for all others."""
        files = list_raw_files(self.input)
        posts, inside = _posts_of([file for file in files if holds_posts(file.name)])
        if not posts and not inside:
            raise UserError(f"{', '.join(self.input)}: no Posts.xml there")
        choice = choose_sites(posts, self.sites, self.max_sites)
        count = num_destinations(sum(xml_bytes(file) for file in choice.chosen), self.destination_bytes)
        tasks = [_task(index, group, count) for index, group in enumerate(self._groups(choice.chosen))]
        unread = [
            (f.name, Loss("", "not_posts", text_bytes=f.size)) for f in files if not holds_posts(f.name)
        ]
        others = {file.name: file for file in choice.others}
        for file in choice.others:
            threshold = None if self.sites else choice.smallest_bytes
            loss = Loss("", "site_not_chosen", None, xml_bytes(file), threshold, text_bytes=file.size)
            unread.append((file.name, loss))
        unread += [(name, loss) for name, loss in inside if name not in others]
        if unread:
            unread.sort(key=lambda row: (row[0], row[1].key))
            rows = tuple(UnreadFile(name=name, loss=loss) for name, loss in unread)
            tasks.append(Task(task_id(len(tasks)), (), PostsParams(unread=rows, destinations=count)))
        return tasks

    def _groups(self, files: Sequence[FoundFile]) -> list[list[tuple[FoundFile, int, int]]]:
        """Parts (file, start, stop) of raw files in order, in groups of about `task_bytes` of XML."""
        parts = [(file, start, stop) for file in files for start, stop in _ranges(file, self.task_bytes)]
        return group_by_bytes(((part, _part_bytes(*part)) for part in parts), self.task_bytes)

    def dependencies(self) -> list[str]:
        """The raw files' content, and their sites, which a folder above the pattern's root may name."""
        sites = [f"{file.name} {site_of(file).folder}" for file in list_raw_files(self.input)]
        return [*super().dependencies(), *sites]

    def run(self, task: Task[PostsParams]) -> ShardReport:
        """Read the task's parts of raw files and write their posts to the exchange."""
        with TaskWriter(task, self.stage_name) as out:
            losses = RecordWriter(out, self.source)
            posts = PostWriter(out, task.params.destinations)
            for uri, part in zip(task.inputs, task.params.parts, strict=True):
                out.bytes_in += part.stop - part.start
                posts.open_file(part.name, part.site)
                raw = RawFile(uri, part.name, part.size)
                losses.add_file(raw, self._losses(raw, part.site, part.start, part.stop, out, posts))
            for unread in task.params.unread:
                losses.add(unread.name, unread.loss)
            posts.flush()
        return out.report

    def _losses(
        self, raw: RawFile, site: str, start: int, stop: int, out: TaskWriter, posts: PostWriter
    ) -> Iterator[Loss | Changed]:
        """Hand the questions and answers of a part to `posts`; yield a Loss for every other row."""
        host = parse_site(site).host
        for chunk in read_post_rows(raw, start, stop):
            if not chunk.is_row:
                yield from _check_prefix(chunk, start)
                continue
            record = _read_row(chunk, host)
            if isinstance(record, Post):
                out.created += 1
                posts.add(record)
                for change in bad_bytes_change(_bad_bytes(chunk.data, record), "utf-8"):
                    yield Changed(str(record.post_id), change)
            else:
                yield record
            if chunk.last and not (isinstance(record, Loss) and record.rule == "damaged"):
                yield from _check_end(chunk)


def _posts_of(files: Sequence[FoundFile]) -> tuple[list[FoundFile], list[tuple[str, Loss]]]:
    """The files that posts are read from, 7z archives looked into; by file, what of the archives is not read."""
    posts: list[FoundFile] = []
    unread: list[tuple[str, Loss]] = []
    for file in files:
        if not file.name.lower().endswith(".7z"):
            posts.append(file)
            continue
        archive, losses = look_into(file)
        posts += [] if archive is None else [archive]
        unread += [(file.name, loss) for loss in losses]
    return posts, unread


def _task(index: int, group: Sequence[tuple[FoundFile, int, int]], count: int) -> Task[PostsParams]:
    parts = tuple(
        PostsPart(name=file.name, size=file.size, start=start, stop=stop, site=site_of(file).folder)
        for file, start, stop in group
    )
    uris = tuple(file.uri for file, _, _ in group)
    return Task(task_id(index), uris, PostsParams(parts=parts, destinations=count))


def _ranges(file: FoundFile, range_bytes: int) -> list[Range]:
    """Equal ranges of a raw file; one if it is compressed."""
    is_plain = file.name.lower().endswith(".xml")
    return byte_ranges(file.size, range_bytes) if is_plain else whole_file(file)


def _part_bytes(file: FoundFile, start: int, stop: int) -> int:
    """Bytes of XML in a part."""
    return stop - start if stop - start < file.size else xml_bytes(file)


def _read_row(chunk: RowChunk, host: str | None) -> Post | Loss:
    """The question or answer of a row, or the Loss that tells why it is none."""
    size = len(chunk.data)
    place = f"@{chunk.offset}"
    if size > MAX_ROW_BYTES:
        return Loss(place, "bad_row", "longer than a row can be", size, MAX_ROW_BYTES, text_bytes=size)
    post = parse_row(chunk.data)
    if isinstance(post, str):
        if chunk.last and b"</posts" not in chunk.data:
            return Loss(place, "damaged", "the file ends inside a row", text_bytes=size)
        return Loss(place, "bad_row", post, text_bytes=size)
    key = str(post.post_id)
    body_bytes = len((post.body or "").encode("utf-8", "replace"))
    if post.type_id not in (QUESTION, ANSWER):
        kind = POST_TYPES.get(post.type_id, "neither question nor answer")
        return Loss(key, "post_type", kind, post.type_id, text_bytes=body_bytes)
    if post.body is None:
        part = "questions" if post.type_id == QUESTION else "a"
        return Loss(key, "no_body", url=None if host is None else f"https://{host}/{part}/{post.post_id}")
    return post


def _bad_bytes(data: bytes, post: Post) -> int:
    """How many bytes of a row are no UTF-8, where its post shows any."""
    if not any("\ufffd" in text for text in (post.title, post.tags, post.body or "")):
        return 0
    return bad_bytes(data, Decoded(data.decode("utf-8", "replace"), "utf-8"))


def _check_prefix(chunk: RowChunk, start: int) -> Iterator[Loss]:
    """What lies before the first row: a Loss when there is no row and no empty <posts> element either."""
    if not chunk.last or start > 0:
        return
    if b"<posts" not in chunk.data:
        yield Loss("@0", "damaged", "not a Posts.xml: no <posts> element", text_bytes=len(chunk.data))
    elif b"</posts" not in chunk.data and b"/>" not in chunk.data:
        yield Loss(f"@{len(chunk.data)}", "damaged", "the file ends without </posts>")


def _check_end(chunk: RowChunk) -> Iterator[Loss]:
    if b"</posts" not in chunk.data and len(chunk.data) <= MAX_ROW_BYTES:
        yield Loss(f"@{chunk.offset + len(chunk.data)}", "damaged", "the file ends without </posts>")

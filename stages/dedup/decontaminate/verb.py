"""Documents and evaluation benchmarks in, documents without the benchmarks' texts out (Brown et al. 2020, appendix C).

grams (benchmark files -> their n-grams) -> count (shard -> documents by n-gram) -> total -> cut (shard). An
n-gram that more than `max_documents` documents have is a common phrase and no sign of contamination. As in
GPT-3, what matches goes with 200 characters on either side, pieces of less than 200 characters go too, and a
document in more than ten pieces goes as a whole. The pieces stay one document here, with a paragraph break
between them: ids are stable.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
from pydantic import Field

from stages.core.ledger import EDIT
from stages.core.manifest import TABLE, Manifest, Record, ShardReport
from stages.core.parquet import read_batches
from stages.core.stage import Stage, Task, task_id
from stages.core.verb import Verb, Wiring
from stages.core.writer import TaskWriter
from stages.dedup.columns import ShardParams, shard_tasks
from stages.dedup.decontaminate.grams import GRAMS_SCHEMA, BenchmarkGrams, GramOptions
from stages.kernels.hash import key_set
from stages.kernels.match.overlaps import find_grams, word_places
from stages.kernels.words.ngrams import gram_hashes

COUNTS_SCHEMA = pa.schema([("gram", pa.uint32()), ("documents", pa.uint64())])
"""Row of the table of n-grams, and how many documents have it."""

SHOWN_CHARS = 200
PARAGRAPH_BREAK = "\n\n"


class Grams:
    """The n-grams of all lengths as sets; `items` names the benchmark item of each."""

    def __init__(self, table: pa.Table) -> None:
        self.hashes = table.column("hash").to_numpy()
        self.words = table.column("words").to_numpy()
        self.items = table.column("item")
        lengths, starts = np.unique(self.words, return_index=True)
        stops = np.append(starts[1:], len(self.words))
        self._sets = [
            (int(length), start, self.hashes[start:stop], key_set.build(self.hashes[start:stop]))
            for length, start, stop in zip(lengths, starts, stops, strict=True)
        ]

    def of_texts(self, texts: pa.Array) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """(row, n-gram) of all that the texts hold, each pair once, sorted."""
        pairs = []
        for length, start, keys, slots in self._sets:
            rows, found = find_grams(texts, length, keys, slots)
            pairs.append(np.stack([rows, found + start]))
        rows, found = np.unique(np.concatenate(pairs, axis=1), axis=1)
        return rows, found

    def spans(self, text: str, wanted: npt.NDArray[np.bool_]) -> tuple[list[tuple[int, int]], list[int]]:
        """Byte ranges of the text's n-grams that are `wanted`, sorted, and which n-gram each is."""
        words = word_places(text)
        found = []
        for length, start, keys, slots in self._sets:
            places = key_set.find(keys, slots, gram_hashes(words.hashes, length))
            for first in np.flatnonzero(places >= 0):
                gram = int(places[first]) + start
                if wanted[gram]:
                    found.append((int(words.starts[first]), int(words.ends[first + length - 1]), gram))
        found.sort()
        return [(begin, end) for begin, end, _ in found], [gram for _, _, gram in found]


def _load_grams(uris: Sequence[str]) -> Grams:
    return Grams(pa.Table.from_batches(read_batches(uris), GRAMS_SCHEMA).combine_chunks())


class GramsParams(ShardParams):
    """A shard, and the tables of n-grams."""

    grams: tuple[str, ...]


class CountOverlaps(Stage[GramsParams]):
    """Shard -> how many of its documents have each n-gram. Inputs: n-grams, documents."""

    stage_name: ClassVar[str] = "overlaps_count"

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[GramsParams]]:
        """One task per document shard."""
        grams, documents = tuple(inputs[0].uris(TABLE)), inputs[1]
        return shard_tasks(documents, lambda shard: GramsParams(shard=shard, grams=grams))

    def run(self, task: Task[GramsParams]) -> ShardReport:
        """Count documents, not places."""
        grams = _load_grams(task.params.grams)
        counts = np.zeros(len(grams.hashes), np.uint64)
        with TaskWriter(task, self.stage_name) as out:
            for batch in out.read(task.inputs, ["text"]):
                _, found = grams.of_texts(batch.column("text"))
                counts += np.bincount(found, minlength=len(counts)).astype(np.uint64)
                out.pass_on(batch.num_rows)
            _write_counts(out, counts)
        return out.report


def _write_counts(out: TaskWriter, counts: npt.NDArray[np.uint64]) -> None:
    found = np.flatnonzero(counts)
    columns = [pa.array(found.astype(np.uint32)), pa.array(counts[found])]
    table = pa.Table.from_arrays(columns, schema=COUNTS_SCHEMA)
    out.write_table(f"counts-{out.task.id}", COUNTS_SCHEMA, [table])


class CommonOptions(Record):
    """From how many documents on words are a common phrase."""

    max_documents: int = Field(
        10, ge=0, description="words that more documents have are a common phrase; 0: none is"
    )


class TotalParams(Record):
    """How many n-grams the benchmarks have."""

    grams: int


class FoundGrams(Record):
    """N-grams of the benchmarks that documents have, and those of them that are common phrases."""

    found_ngrams: int
    common_ngrams: int


class TotalOverlaps(CommonOptions, Stage[TotalParams]):
    """Counts of all shards -> their sums. Inputs: counts, n-grams."""

    stage_name: ClassVar[str] = "overlaps_total"

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[TotalParams]]:
        """One task; a table has a row for each n-gram of the benchmarks at most."""
        counts, grams = inputs
        return [Task(task_id(0), tuple(counts.uris(TABLE)), TotalParams(grams=grams.rows(TABLE)))]

    def run(self, task: Task[TotalParams]) -> ShardReport:
        """Sum, and say how many n-grams are common phrases."""
        counts = np.zeros(task.params.grams, np.uint64)
        for batch in read_batches(task.inputs):
            counts[batch.column("gram").to_numpy()] += batch.column("documents").to_numpy()
        with TaskWriter(task, self.stage_name) as out:
            _write_counts(out, counts)
            common = int((counts > self.max_documents).sum()) if self.max_documents else 0
            out.facts = FoundGrams(found_ngrams=int((counts > 0).sum()), common_ngrams=common)
        return out.report


class CutOptions(Record):
    """What is done with a place that holds a benchmark's text."""

    action: Literal["cut", "drop"] = Field(
        "cut", description="cut the place out of the document, or drop the document"
    )
    window_chars: int = Field(200, ge=0, description="characters cut on either side")
    min_piece_chars: int = Field(200, ge=1, description="shorter pieces between cuts go too")
    max_pieces: int = Field(10, ge=1, description="documents in more pieces are dropped")


class CutParams(GramsParams):
    """A shard, the tables of n-grams and those of how many documents have them."""

    totals: tuple[str, ...]


class CutOverlaps(CutOptions, CommonOptions, Stage[CutParams]):
    """Shard -> its documents without benchmark texts. Inputs: documents, n-grams, totals."""

    stage_name: ClassVar[str] = "overlaps_cut"

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[CutParams]]:
        """One task per document shard."""
        documents, grams, totals = inputs[0], tuple(inputs[1].uris(TABLE)), tuple(inputs[2].uris(TABLE))
        return shard_tasks(documents, lambda shard: CutParams(shard=shard, grams=grams, totals=totals))

    def run(self, task: Task[CutParams]) -> ShardReport:
        """Look for n-grams in all texts; the few that have some are cut or dropped one by one."""
        grams = _load_grams(task.params.grams)
        wanted = self._wanted(task.params.totals, len(grams.hashes))
        with TaskWriter(task, self.stage_name) as out:
            for batch in out.read(task.inputs):
                rows, found = grams.of_texts(batch.column("text"))
                touched = np.unique(rows[wanted[found]])
                out.keep(self._cleaned(batch, touched, grams, wanted, out) if len(touched) else batch)
        return out.report

    def _wanted(self, uris: Sequence[str], num_grams: int) -> npt.NDArray[np.bool_]:
        """The n-grams that count: all but common phrases."""
        wanted = np.ones(num_grams, bool)
        for batch in read_batches(uris):
            common = batch.column("documents").to_numpy() > self.max_documents
            wanted[batch.column("gram").to_numpy()[common & (self.max_documents > 0)]] = False
        return wanted

    def _cleaned(
        self,
        batch: pa.RecordBatch,
        touched: npt.NDArray[np.int64],
        grams: Grams,
        wanted: npt.NDArray[np.bool_],
        out: TaskWriter,
    ) -> pa.RecordBatch:
        """The batch without the documents that are dropped, and with the texts of those that are cut."""
        texts = batch.column("text").to_pylist()
        alive = np.ones(batch.num_rows, bool)
        for row in touched.tolist():
            text = texts[row]
            spans, which = grams.spans(text, wanted)
            pieces = self._pieces(text, spans)
            begin, end = spans[0]
            shown = text.encode()[begin:end].decode("utf-8", "replace")[:SHOWN_CHARS]
            values: dict[str, Any] = {
                "partner": grams.items[which[0]].as_py(),
                "detail": orjson.dumps({"text": shown, "ngrams": len(spans), "pieces": len(pieces)}).decode(),
            }
            kept = [piece for piece in pieces if len(piece) >= self.min_piece_chars]
            if self.action == "drop":
                values |= {"rule": "contaminated", "value": len(spans), "threshold": 0}
            elif len(pieces) > self.max_pieces:
                values |= {"rule": "contaminated_pieces", "value": len(pieces), "threshold": self.max_pieces}
            elif not kept:
                longest = max(map(len, pieces), default=0)
                values |= {
                    "rule": "short_after_decontamination",
                    "value": longest,
                    "threshold": self.min_piece_chars,
                }
            else:
                texts[row] = PARAGRAPH_BREAK.join(kept)
                values |= {"rule": "contaminated_span", "value": len(spans), "action": EDIT}
            alive[row] = "action" in values
            lost = len(text.encode()) - (len(texts[row].encode()) if alive[row] else 0)
            known = {name: batch.column(name)[row].as_py() for name in ("id", "source", "url")}
            out.ledger.row(text_bytes=lost, **known, **values)
        place = batch.schema.get_field_index("text")
        column = pa.array(texts, batch.schema.field(place).type)
        return batch.set_column(place, batch.schema.field(place), column).filter(pa.array(alive))

    def _pieces(self, text: str, spans: list[tuple[int, int]]) -> list[str]:
        """What lies between the spans (bytes, sorted) when each is widened by the window; no empty pieces."""
        data = text.encode()
        pieces, start, start_byte, chars = [], 0, 0, 0
        for begin, end in _merged(spans):
            chars += len(data[start_byte:begin].decode())
            pieces.append(text[start : max(start, chars - self.window_chars)])
            chars += len(data[begin:end].decode())
            start, start_byte = chars + self.window_chars, end
        pieces.append(text[start:])
        return [stripped for piece in pieces if (stripped := piece.strip())]


def _merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Sorted ranges with those that overlap made one."""
    merged: list[tuple[int, int]] = []
    for begin, end in spans:
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return merged


class Decontaminate(GramOptions, CommonOptions, CutOptions, Verb):
    """Take texts of evaluation benchmarks out of the documents."""

    verb: ClassVar[str] = "decontaminate"

    def wire(self, wiring: Wiring, documents: str) -> str:
        """grams -> count -> total -> cut."""
        grams = wiring.add(self.stage(BenchmarkGrams))
        counts = wiring.add(CountOverlaps(), grams, documents)
        totals = wiring.add(self.stage(TotalOverlaps), counts, grams)
        return wiring.add(self.stage(CutOverlaps), documents, grams, totals)

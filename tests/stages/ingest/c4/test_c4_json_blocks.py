"""C4 in columns: whatever the lines, documents and ledger are those of the line reader."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, cast

import orjson
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stages.core.writer import TaskWriter
from stages.ingest.c4 import json_blocks
from stages.ingest.c4.blocks import LineBlock, line_blocks
from stages.ingest.c4.json_blocks import BlockReader
from stages.ingest.c4.records import read_lines
from stages.ingest.raw import RawBatch, RawFile, RawRecord
from stages.ingest.records import RecordWriter

Written = tuple[int, list[dict[str, Any]], list[dict[str, Any]]]


class Kept:
    """What stands for a TaskWriter and its ledger: it keeps what comes."""

    def __init__(self) -> None:
        self.created = 0
        self.documents: list[dict[str, Any]] = []
        self.ledger = self
        self.rows: list[dict[str, Any]] = []

    def keep(self, batch: pa.RecordBatch) -> None:
        batch.validate(full=True)
        self.documents += batch.to_pylist()

    def row(self, **values: Any) -> None:
        self.rows.append(values)


def written(records: Iterable[RawRecord | RawBatch], name: str = "a.json") -> Written:
    out = Kept()
    writer = RecordWriter(cast(TaskWriter, out), "c4")
    writer.add_file(RawFile("unused", name, 1), iter(records))
    writer.flush()
    return out.created, out.documents, out.rows


def in_columns(data: bytes, max_line_bytes: int = 1 << 20, name: str = "a.json") -> Written:
    reader = BlockReader("c4", name, max_line_bytes)
    blocks = line_blocks(iter((data,)) if data else iter(()), max_line_bytes)
    return written((record for block in blocks for record in reader.read(block)), name)


def by_lines(data: bytes, max_line_bytes: int = 1 << 20, name: str = "a.json") -> Written:
    return written(read_lines(LineBlock(0, 0, data), max_line_bytes), name)


def columns_used(data: bytes) -> bool:
    return any(
        isinstance(record, RawBatch) for record in BlockReader("c4", "a", 1 << 20).read(LineBlock(0, 0, data))
    )


GOOD = b'{"text":"good","timestamp":"2019-04-25T12:57:54Z","url":"http://a.example/"}'
ODD = {
    "blank": b"",
    "white space": b" \t ",
    "carriage return": b"\r",
    "windows line end": GOOD + b"\r",
    "space around": b" " + GOOD + b" ",
    "not an object": b'["text"]',
    "a string": b'"text"',
    "no JSON": b"text",
    "empty object": b"{}",
    "null text": b'{"text":null,"url":"http://a.example/"}',
    "null url and time": b'{"text":"x","url":null,"timestamp":null}',
    "no text": b'{"url":"http://a.example/"}',
    "text of digits": b'{"text":7}',
    "digits in quotes": b'{"text":"7","timestamp":"8","url":"9"}',
    "list for text": b'{"text":["x"]}',
    "number for url": b'{"text":"x","url":7}',
    "number for time": b'{"text":"x","timestamp":1556197074}',
    "object for time": b'{"text":"x","timestamp":{"a":[1,null]}}',
    "true for time": b'{"text":"x","timestamp":true}',
    "duplicated key": b'{"text":"first","text":"second"}',
    "duplicated key, null": b'{"text":"first","text":null}',
    "duplicated other key": b'{"text":"x","a":1,"a":"b"}',
    "escaped key": b'{"t\\u0065xt":"x"}',
    "other keys": b'{"text":"x","id":4,"meta":{"text":"inner","url":["a"]},"ok":true}',
    "other key with a zero": b'{"text":"x","text\\u0000":"y"}',
    "NaN": b'{"text":"x","a":NaN}',
    "NaN in a list": b'{"text":"x","a":[1, NaN ]}',
    "infinity": b'{"text":"x","a":-Infinity}',
    "short infinity": b'{"text":"x","a":Inf}',
    "NaN in text": b'{"text":"a NaN, and Infinity]"}',
    "huge number": b'{"text":"x","a":1e999}',
    "long number": b'{"text":"x","a":' + b"1" * 400 + b"}",
    "number a little too large": b'{"text":"x","a":1.8e308}',
    "long number with an exponent": b'{"text":"x","a":' + b"1" * 250 + b"e99}",
    "many digits": b'{"text":"x","a":0.' + b"0" * 400 + b"1}",
    "leading zero": b'{"text":"x","a":01}',
    "too deep": b'{"text":"x","a":' + b"[" * 1100 + b"]" * 1100 + b"}",
    "deep": b'{"text":"x","a":' + b"[" * 900 + b"]" * 900 + b"}",
    "invalid UTF-8": b'{"text":"\xff"}',
    "invalid UTF-8 in another key": b'{"text":"x","a":"\xff"}',
    "overlong UTF-8": b'{"text":"\xc0\xaf"}',
    "surrogate in UTF-8": b'{"text":"\xed\xa0\x80"}',
    "lone high surrogate": b'{"text":"\\ud800"}',
    "lone low surrogate": b'{"text":"\\udc00"}',
    "lone surrogate in a key": b'{"text":"x","\\ud800":1}',
    "lone surrogate in another key's value": b'{"text":"x","a":"\\ud800"}',
    "surrogate pair": b'{"text":"\\ud83d\\ude00","timestamp":"\\ud83d\\ude00"}',
    "pair behind a backslash": b'{"text":"\\\\ud83d\\ude00"}',
    "escaped NUL": b'{"text":"a\\u0000b","timestamp":"\\u0000","url":"\\u0000"}',
    "only NUL": b'{"text":"\\u0000"}',
    "control character": b'{"text":"a\x01"}',
    "tab": b'{"text":"a\tb"}',
    "DEL": b'{"text":"a\x7fb","timestamp":"\x7f"}',
    "carriage returns in text": b'{"text":"a\\r\\nb\\rc\\n"}',
    "not NFC": '{"text":"e\u0301 \u1100\u1161 \u0958 \u2126"}'.encode(),
    "blank text": b'{"text":" \\n\\u0085\\u3000","url":"http://a.example/blank"}',
    "zero width text": '{"text":"\u200b"}'.encode(),
    "empty text": b'{"text":"","url":null}',
    "quotes in the time": b'{"text":"x","timestamp":"\\"\\\\\\n\\u00e9"}',
    "two objects on a line": GOOD + GOOD,
    "object over two lines": b'{"text":\n"x"}',
    "object over two lines, between values": b'{"text":"x"\n,"url":"y"}',
    "nested object over two lines": b'{"text":"x","a":{}\n}',
    "objects in a list over two lines": b'{"a":[{}\n,{}]}',
    "trailing comma": b'{"text":"x",}',
    "half": b'{"text":"x',
    "escaped line end": b'{"text":"x\\\n"}',
    "comment": b'{"text":"x"/**/}',
    "zero byte": b'{"text":"x"}\0',
    "byte order mark": b"\xef\xbb\xbf" + GOOD,
    "vertical tab": GOOD + b"\x0b",
    "long": b'{"text":"' + b"long " * 60 + b'"}',
    "seam in text": b'{"text":"}\\n{"}',
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD.keys())
def test_an_odd_line_is_read_as_the_line_reader_would(odd: bytes) -> None:
    for lines in ([odd], [GOOD, odd, GOOD], [odd, odd], [odd, GOOD, odd]):
        for end in (b"", b"\n"):
            data = b"\n".join(lines) + end
            assert in_columns(data) == by_lines(data)


@pytest.mark.parametrize(
    "name",
    [
        "digits in quotes",
        "null url and time",
        "surrogate pair",
        "not NFC",
        "other keys",
        "deep",
        "blank text",
    ],
)
def test_plain_records_stay_in_columns(name: str) -> None:
    assert columns_used(GOOD + b"\n" + ODD[name] + b"\n" + GOOD + b"\n")


def test_two_rows_of_one_line_do_not_make_up_for_one_row_of_two() -> None:
    """Trap: Arrow's parser takes both, and the numbers of rows and lines are equal."""
    data = b'{"text":"a"}{"text":"b"}\n{"text":\n"c"}\n'
    created, documents, ledger = in_columns(data)
    assert (created, documents, [row["rule"] for row in ledger]) == (3, [], ["bad_json"] * 3)


def test_times_stay_as_they_are_written() -> None:
    """Trap: without a schema Arrow's parser turns them into times."""
    _, documents, _ = in_columns(GOOD + b"\n")
    assert documents[0]["metadata"] == '{"timestamp":"2019-04-25T12:57:54Z"}'


def test_an_odd_line_costs_only_the_small_block_around_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_blocks, "SMALL_BLOCK_BYTES", 4 * len(GOOD))
    data = (GOOD + b"\n") * 50 + b"odd\n" + (GOOD + b"\n") * 49
    records = list(BlockReader("c4", "a.json", 1 << 20).read(LineBlock(0, 0, data)))
    batches = [record.documents.num_rows for record in records if isinstance(record, RawBatch)]
    assert sum(batches) + len(records) - len(batches) == 100
    assert sum(batches) >= 95
    assert written(records) == by_lines(data)


def test_names_that_are_no_unicode() -> None:
    name = "caf\udce9.json"
    assert in_columns(GOOD, name=name) == by_lines(GOOD, name=name)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["text", "url", "a"]), inner, max_size=3)
    ),
    max_leaves=6,
)
ANY_TEXT = st.text(max_size=30) | st.text(
    alphabet=' \n\r\0\x1c\x85\u3000e\u0301\u1100\u1161\u11a8\U0001f600"\\', max_size=8
)
DICTS = st.fixed_dictionaries(
    {},
    optional={
        "text": ANY_TEXT | VALUES,
        "timestamp": ANY_TEXT | VALUES,
        "url": ANY_TEXT | VALUES,
        "other": VALUES,
        "Text": VALUES,
    },
)
DUMPED = st.builds(lambda value, ascii_only: _dump(value, ascii_only), DICTS, st.booleans())


def _dump(value: Any, ascii_only: bool) -> bytes:

    return json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")


PLAIN = st.builds(
    lambda text, url: orjson.dumps({"text": text, "timestamp": "2019-04-25T12:57:54Z", "url": url}),
    ANY_TEXT,
    st.text(max_size=10),
)
BROKEN = st.builds(
    lambda line, at, byte: line[: at % (len(line) + 1)] + byte + line[at % (len(line) + 1) :],
    PLAIN | DUMPED,
    st.integers(0, 300),
    st.sampled_from(
        [
            b"\n",
            b"}",
            b"{",
            b'"',
            b"\\",
            b",",
            b"\xff",
            b"\0",
            b"\r",
            b" ",
            b"NaN",
            b"1e308",
            b"9" * 310,
            b"}\n{",
            b"\\ud800",
        ]
    ),
)
LINES = st.lists(PLAIN | PLAIN | DUMPED | BROKEN | st.sampled_from(list(ODD.values())), max_size=12)


@settings(max_examples=400)
@given(
    lines=LINES,
    ends_with_line_end=st.booleans(),
    max_line_bytes=st.sampled_from([60, 100, 200, 1 << 20]),
    small_block_bytes=st.sampled_from([50, 150, 64 << 10]),
)
@example(
    lines=[ODD["other keys"], ODD["NaN"]],
    ends_with_line_end=True,
    max_line_bytes=1 << 20,
    small_block_bytes=50,
)
def test_any_mix_of_lines(
    lines: list[bytes], ends_with_line_end: bool, max_line_bytes: int, small_block_bytes: int
) -> None:
    data = b"\n".join(lines) + (b"\n" if ends_with_line_end else b"")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_blocks, "SMALL_BLOCK_BYTES", small_block_bytes)
        assert in_columns(data, max_line_bytes) == by_lines(data, max_line_bytes)

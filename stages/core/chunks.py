"""The footer of a Parquet file with damage in, where its row groups lie out; read by another process, for Arrow may abort.

Arrow 26 ends the process ("Definition level histogram size mismatch") when it is asked for a column of a footer in which
some bytes are wrong, and raises nothing that could be caught.
"""

from __future__ import annotations

import io
import subprocess
import sys
from dataclasses import dataclass

import orjson
import pyarrow.parquet as pq


@dataclass(frozen=True)
class GroupPlace:
    """Bytes of the file at which a row group's first column and its first byte are, and how many it has."""

    first_column: int
    start: int
    num_bytes: int


def group_places(metadata: pq.FileMetaData) -> list[GroupPlace] | None:
    """The place of every row group; None where the footer does not tell."""
    footer = io.BytesIO()
    try:
        metadata.write_metadata_file(footer)
    except (OSError, ValueError):
        return None
    command = [sys.executable, "-c", _PROGRAM]
    done = subprocess.run(command, input=footer.getvalue(), capture_output=True, check=False)
    if done.returncode != 0:
        return None
    return [GroupPlace(*place) for place in orjson.loads(done.stdout)]


_PROGRAM = """
import io, json, sys
import pyarrow.parquet as pq
metadata = pq.read_metadata(io.BytesIO(sys.stdin.buffer.read()))
found = []
for group in range(metadata.num_row_groups):
    columns = [metadata.row_group(group).column(i) for i in range(metadata.num_columns)]
    starts = [column.dictionary_page_offset or column.data_page_offset for column in columns]
    found.append((starts[0], min(starts), sum(column.total_compressed_size for column in columns)))
print(json.dumps(found))
"""

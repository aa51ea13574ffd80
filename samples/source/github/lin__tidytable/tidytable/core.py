# Copyright (c) 2022 Lin Yutong
# Licensed under the MIT License; see LICENSE.
"""The Table class."""

import csv
import io

from .convert import convert_column


class TableError(ValueError):
    """Raised for ragged rows, unknown columns and the like."""


class Table:
    """An immutable table with named columns."""

    __slots__ = ("names", "rows")

    def __init__(self, names, rows):
        self.names = tuple(names)
        if len(set(self.names)) != len(self.names):
            raise TableError(f"duplicate column names: {self.names}")
        self.rows = tuple(tuple(r) for r in rows)
        for number, row in enumerate(self.rows, 1):
            if len(row) != len(self.names):
                raise TableError(
                    f"row {number} has {len(row)} cells, expected {len(self.names)}"
                )

    @classmethod
    def from_csv(cls, text, delimiter=","):
        reader = csv.reader(io.StringIO(text), delimiter=delimiter)
        lines = [line for line in reader if line]
        if not lines:
            raise TableError("no header")
        header, body = lines[0], lines[1:]
        checked = cls([h.strip() for h in header], body)
        if not body:
            return checked
        columns = [convert_column(col) for col in zip(*checked.rows)]
        return cls(checked.names, zip(*columns))

    def __len__(self):
        return len(self.rows)

    def __eq__(self, other):
        if not isinstance(other, Table):
            return NotImplemented
        return self.names == other.names and self.rows == other.rows

    def __hash__(self):
        return hash((self.names, self.rows))

    def index(self, name):
        try:
            return self.names.index(name)
        except ValueError:
            known = ", ".join(self.names)
            raise TableError(f"no column {name!r} (there are: {known})") from None

    def column(self, name):
        i = self.index(name)
        return [row[i] for row in self.rows]

    def select(self, *names):
        picks = [self.index(n) for n in names]
        return Table(names, ([row[i] for i in picks] for row in self.rows))

    def where(self, predicate):
        """Keeps the rows for which predicate(dict) is true."""
        kept = [r for r in self.rows if predicate(dict(zip(self.names, r)))]
        return Table(self.names, kept)

    def sort_by(self, name, reverse=False):
        """Sorts by a column. Missing values come last in either direction."""
        i = self.index(name)
        present = [r for r in self.rows if r[i] is not None]
        absent = [r for r in self.rows if r[i] is None]
        present.sort(key=lambda r: r[i], reverse=reverse)
        return Table(self.names, present + absent)

    def group_by(self, key, **aggregates):
        """One row for each value of key; aggregates are name=(column, function).

        Missing values are dropped before the function is called.
        """
        k = self.index(key)
        plan = [(out, self.index(col), fn) for out, (col, fn) in aggregates.items()]
        groups = {}
        for row in self.rows:
            groups.setdefault(row[k], []).append(row)
        result = []
        for value, members in groups.items():
            cells = [value]
            for _, i, fn in plan:
                cells.append(fn([m[i] for m in members if m[i] is not None]))
            result.append(cells)
        return Table([key] + [out for out, _, _ in plan], result)

    def melt(self, keep, name="variable", value="value"):
        """Turns the columns that are not in keep into pairs of name and value."""
        fixed = [self.index(n) for n in keep]
        loose = [i for i in range(len(self.names)) if i not in fixed]
        rows = []
        for row in self.rows:
            head = [row[i] for i in fixed]
            for i in loose:
                rows.append(head + [self.names[i], row[i]])
        return Table(list(keep) + [name, value], rows)

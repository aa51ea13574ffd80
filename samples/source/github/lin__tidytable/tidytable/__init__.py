# Copyright (c) 2022 Lin Yutong
# Licensed under the MIT License; see LICENSE.
"""Small tables for small scripts."""

from .core import Table, TableError
from .convert import convert_column, looks_missing
from .render import render

__all__ = ["Table", "TableError", "convert_column", "looks_missing", "render"]
__version__ = "0.3.1"

"""C4: JSON lines or Parquet files with text, timestamp and url in, documents out (LLaMA section 2.1)."""

from stages.ingest.c4.stage import C4Ingest

__all__ = ["C4Ingest"]

"""C4: JSON lines or Parquet files with text, timestamp and url in, documents out (LLaMA section 2.1)."""

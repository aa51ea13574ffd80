"""Anyone's own documents in (JSON lines, Parquet, CSV, Arrow, text files, datasets of the Hub), documents out."""

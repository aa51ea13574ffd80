"""CommonCrawl: WET, WARC and ARC files in, documents out (LLaMA section 2.1, CCNet section 3)."""

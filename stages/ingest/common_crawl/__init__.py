"""CommonCrawl: WET, WARC and ARC files in, documents out (LLaMA section 2.1, CCNet section 3)."""

from stages.ingest.common_crawl.stage import CommonCrawlIngest

__all__ = ["CommonCrawlIngest"]

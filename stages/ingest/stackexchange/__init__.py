"""StackExchange: Posts.xml files in, threads of question and answers by score out (LLaMA, section 2.1)."""

from stages.ingest.stackexchange.stage import StackExchangeIngest
from stages.ingest.stackexchange.threads import StackExchangeThreads

__all__ = ["StackExchangeIngest", "StackExchangeThreads"]

"""GitHub repositories in, source files as documents out (LLaMA, section 2.1, GitHub)."""

from stages.ingest.github.stage import GithubIngest

__all__ = ["GithubIngest"]

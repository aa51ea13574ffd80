"""GitHub repositories in, source files as documents out (LLaMA, section 2.1, GitHub)."""

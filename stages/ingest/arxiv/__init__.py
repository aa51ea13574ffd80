"""LaTeX sources of papers in, their text as LLaMA takes it out (LLaMA, section 2.1, ArXiv)."""

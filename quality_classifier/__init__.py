"""The classifier of reference pages: what Wikipedia cites against random pages (LLaMA, section 2.1)."""

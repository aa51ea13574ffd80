"""The trainer: packed tokens and a schedule to a LLaMA's checkpoints."""

"""`altiplano ablate`: the same small model on the tokens of several runs, and what they differ in."""

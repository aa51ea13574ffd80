"""The mixture: how much of each source is drawn, and in what order."""

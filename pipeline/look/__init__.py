"""Looking at the texts of a run: samples of what was kept and dropped, and the story of a document with its texts."""

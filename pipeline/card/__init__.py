"""The card of a run's documents, as the Hugging Face Hub shows it, and the documents with it."""

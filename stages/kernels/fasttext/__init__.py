"""What a fastText model computes: words and n-grams of texts, their vectors, the probabilities of labels."""

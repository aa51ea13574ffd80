"""fastText's supervised models: read, checked and applied to texts by our own kernels."""

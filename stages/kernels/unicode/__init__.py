"""Code points and what Python's Unicode database says of them."""

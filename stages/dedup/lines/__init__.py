"""Lines that other documents have are removed."""

"""Hot loops compiled by numba over the offsets and bytes of Arrow arrays, and their tables."""

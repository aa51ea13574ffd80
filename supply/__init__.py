"""What the program is made of: pins with their hashes, and the audit of what is installed."""

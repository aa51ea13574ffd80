"""The assembly: what runs, in what order and where; it imports all other packages, and only the door imports it."""

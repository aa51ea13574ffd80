"""The assembly: what runs, in what order and where; it imports all other packages and none imports it."""

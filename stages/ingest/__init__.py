"""Raw dumps to documents: a room for each kind of source (its `stage.py`, `fetch.py` its site), and what they share."""

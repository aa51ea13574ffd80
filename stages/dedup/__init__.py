"""The verbs that compare documents, a room for each (its `verb.py`), and what they share."""

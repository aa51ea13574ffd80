"""Windows of words or sentences that stand elsewhere too become spans, which are named and cut out."""

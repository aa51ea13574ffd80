"""What all stages are made of: the contract, documents, ledger, exchange, files and errors."""

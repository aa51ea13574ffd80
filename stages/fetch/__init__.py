"""What every site needs to be fetched from: polite, resumable, checked; it knows only `stages.core`."""

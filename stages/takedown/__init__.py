"""Documents that must go leave a finished run; what does not hold them stays as it is."""

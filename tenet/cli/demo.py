"""`tenet demo`."""

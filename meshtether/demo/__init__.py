"""meshtether demo: the whole thing, for real, in one command."""

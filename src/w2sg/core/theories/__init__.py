"""What a theory is, what it may look at, and what it answers."""

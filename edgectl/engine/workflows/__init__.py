"""Stage tables."""

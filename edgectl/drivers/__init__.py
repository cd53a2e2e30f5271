"""The field: what speaks to devices."""

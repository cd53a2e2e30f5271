"""The rules, in the order in which they speak: safety first."""

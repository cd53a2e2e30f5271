"""Schedules: time in, occurrences out."""

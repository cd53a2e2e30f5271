"""What this machine offers: its clocks, a timer that is never early, locks, and the word to the service manager."""

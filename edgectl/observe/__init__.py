"""What can be seen from outside: metrics and log lines."""

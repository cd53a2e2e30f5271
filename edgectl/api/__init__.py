"""The doors for programs: a local socket for the command line, and health and metrics over HTTP."""

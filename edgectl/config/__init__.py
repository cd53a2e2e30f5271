"""The site file: read, checked in every line, and turned into the frozen values that the engine and drivers read."""

"""The running controller: the composition root that puts engine, journal, buses and doors together."""

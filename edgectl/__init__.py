"""edgectl: one greenhouse, driven safely, with or without a network."""

__version__ = "0.1.0"

"""One place decides: pure rules over an unchanging image."""

"""The greenhouse itself as equations: water, tanks, pumps, air and weather. It knows nothing of who controls it."""

"""The greenhouse itself as equations: water chemistry, tanks, probes. Pure; time is always an argument."""

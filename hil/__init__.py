"""Hazards on a rig: the real daemon on real lines, hurt on purpose, and what the plant did."""

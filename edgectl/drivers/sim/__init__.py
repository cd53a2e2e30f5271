"""Simulated devices: a process of its own that speaks real Modbus, and the lines of EZO circuits, to whoever opens its
ports.

Written from the device facts alone, without the profiles and codecs of the drivers, so that the two can disagree.
"""

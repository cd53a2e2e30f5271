"""Nodes behind an MQTT broker: who is there, what was ordered of them, and what their words mean."""

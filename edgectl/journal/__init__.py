"""The durable memory."""

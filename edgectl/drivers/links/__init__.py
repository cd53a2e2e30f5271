"""The lines themselves: bytes out, bytes in, and the news that the line is gone."""

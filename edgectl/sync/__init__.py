"""The way to the centre and back: everything that happened arrives there once, and requests come back as inputs."""

"""From the site file to frozen values, or to every mistake in it at once."""

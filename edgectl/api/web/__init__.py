"""The page for growers: rendered here, live by a stream, and of use also where scripts are slow or cut off."""

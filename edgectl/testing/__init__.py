"""What tests and the demo need of the world around edgectl. Never imported at run time."""

"""The second composition root: the same stepper against a plant in virtual time."""

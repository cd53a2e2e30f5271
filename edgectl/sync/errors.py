"""What can go wrong with the centre, in two kinds: it may pass by itself, or a person has to do something."""


class CentreError(Exception):
    """The centre cannot be used as it is. `hint` says what to do next."""

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.hint = hint


class CentreAway(CentreError):
    """It does not answer, or cannot take anything now. It is asked again."""


class CentreRefuses(CentreError):
    """It answers and says no: password, certificate, schema, or other lines under the same name."""


class RowRefused(CentreError):
    """It does not take one of these values. What else was sent with them can still arrive."""

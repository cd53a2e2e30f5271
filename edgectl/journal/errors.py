"""What can go wrong with the journal, each with what to do next."""


class JournalError(Exception):
    """The journal cannot be used as it is. `hint` says what to do next."""

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(f"{what}\n  {hint}")
        self.hint = hint


class JournalTooNew(JournalError):
    """A newer edgectl wrote this file."""


class JournalUnwritable(JournalError):
    """The disk did not take a commit: full, read-only or failing."""


class JournalUnreadable(JournalError):
    """The file is damaged."""

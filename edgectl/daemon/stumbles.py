"""Starts that broke in their first turns, counted beside the journal.

A bit that flipped in a row can pass every check of the file and still be nothing to decide on. Then each start
breaks at the same place, for ever. (A start that broke while somebody waited for an answer may have broken on
what was asked, and is not counted.) After the third in a row the journal is taken for damaged: the next start puts it
aside and leads the house with a new one.
"""

import contextlib
from pathlib import Path

NAME = "broken-starts"
FIRST_TURNS = 20  # a life that got further has read what the journal holds
MOST = 3


def stumbled(folder: Path) -> bool:
    """Count one more. True when the journal has to be put aside."""
    file = folder / NAME
    count = 1 + _count(file)
    with contextlib.suppress(OSError):  # a disk that takes no note lets us stumble on; outputs are off all the same
        file.write_text(f"{count}\n")
    return count >= MOST


def walks(folder: Path) -> None:
    """This life has got further."""
    with contextlib.suppress(OSError):
        (folder / NAME).unlink(missing_ok=True)


def _count(file: Path) -> int:
    try:
        text = file.read_text(errors="replace").strip()
    except OSError:
        return 0
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 0

"""`python -m tests.reached FOLDER`: which codes and events no test of a whole run has reached.

`unreached.txt` names what is known not to be built or not to be shown yet, by what it waits for. The exit code is 1
when a code is missing that is not in the list. One of the list that was reached is told: it should leave the list.
"""

import json
import sys
from pathlib import Path

from edgectl.model.codes import MEANINGS, Code
from edgectl.model.events import HAPPENINGS, Event

WAITING = Path(__file__).with_name("unreached.txt")
WHAT_NOW = """\
What to do: say it in a test. Heard is what the engine notes or answers in the test's own process, and of a daemon in
another one only what comes through `DaemonProcess.ask` or `.cli("journal", "export")` (tests/conftest.py). Was a code
reached until now, its only test has changed, failed, or no longer asks that way: `git log -S CODE -- tests` finds it.
A test of the engine or the simulator in this process is the surest place.
"""


def spoken() -> set[str]:
    """Every code and event that is not legacy."""
    codes = {code.value for code in Code if MEANINGS[code].legacy is None}
    return codes | {event.value for event in Event if HAPPENINGS[event].legacy is None}


def waiting() -> set[str]:
    """What the list excuses."""
    lines = (line.partition("#")[0].strip() for line in WAITING.read_text().splitlines())
    return {line for line in lines if line}


def main() -> None:
    """Add the lists up and say what is wrong."""
    reached = {word for file in Path(sys.argv[1]).glob("*.json") for word in json.loads(file.read_text())}
    all_, excused = spoken(), waiting()
    wrong = [f"{word}: no test has reached it" for word in sorted(all_ - reached - excused)]
    wrong += [f"{word}: is no code, and stands in {WAITING.name}" for word in sorted(excused - all_)]
    told = [f"{word}: was reached, take it out of {WAITING.name}" for word in sorted(excused & reached)]
    lines = [f"{len(all_ & reached)} of {len(all_)} codes and events were reached, {len(excused)} wait to be built"]
    sys.stdout.write("\n".join([*lines, *told, *wrong]) + "\n" + (WHAT_NOW if wrong else ""))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()

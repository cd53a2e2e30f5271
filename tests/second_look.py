"""`python -m tests.second_look`: which tests that failed may be looked at once more, alone and one after the other.

On a crowded machine a test of real processes can miss a deadline that has nothing to do with what it shows. It gets one
quiet second look, by name, in everybody's sight. What failed without a process beside it gets none, and neither does a
campaign of crashes: a promise that breaks once is broken.
"""

import json
import sys
from pathlib import Path

FAILED = Path(__file__).parent.parent / ".pytest_cache" / "v" / "cache" / "lastfailed"
CROWDED = ("tests/integration/", "tests/page/", "tests/contract/", "hil/")
MOST = 8  # more than that is no crowd


def main() -> None:
    """Print the names, one a line. The exit code is 1 when a second look would hide something."""
    failed = sorted(json.loads(FAILED.read_text())) if FAILED.is_file() else []
    final = [name for name in failed if not name.startswith(CROWDED)]
    if final or not failed or len(failed) > MOST:
        sys.stdout.write("".join(f"no second look at {name}\n" for name in final or failed))
        sys.exit(1)
    sys.stdout.write("".join(f"a second look, alone, at {name}\n" for name in failed))


if __name__ == "__main__":
    main()

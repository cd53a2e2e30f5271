"""`python -m edgectl.model.codes > docs/codes.md`: the page of every code and event."""

import sys

from edgectl.model.codes.page import page

if __name__ == "__main__":
    sys.stdout.write(page())

"""What a start has used goes back to the machine."""

import subprocess
import sys

SCRIPT = """
import gc, re
from edgectl.host.memory import settle

def rss_kb():
    return int(re.search(r"VmRSS:\\s+(\\d+)", open("/proc/self/status").read())[1])

used = [bytes(2000) for _ in range(20_000)]
kept = used[::40]  # between what stays there are pages that nobody needs
del used
before = rss_kb()
settle()
print(before - rss_kb(), gc.get_freeze_count())
"""


def test_pages_between_what_stays_are_given_back_and_what_stays_is_walked_no_more() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=60, check=True)
    given_back, frozen = map(int, done.stdout.split())
    assert given_back > 15_000, "of forty megabytes"
    assert frozen > 1000

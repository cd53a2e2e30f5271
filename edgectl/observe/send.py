"""`python -m edgectl.observe.send`: hand one message to the services of a list, and end.

A process of its own, because the library for it costs as much memory as a third of the daemon and is needed seldom. The
list holds secrets, so it comes by standard input: neither the command line nor the environment ever shows it.
"""

import json
import sys
from typing import Any

ESCALATION = "escalation"  # the tag of those who are called only when nobody else has looked


def main() -> int:
    """0 when every service took it, 1 when one did not, 2 when the list names none, 3 without the library."""
    wish: dict[str, Any] = json.load(sys.stdin)
    try:
        import apprise
    except ImportError:
        return 3
    services, listed = apprise.Apprise(), apprise.AppriseConfig()
    listed.add_config(wish["services"], format="text")
    services.add(listed)
    called = [one for one in services.find() if wish["escalated"] or ESCALATION not in one.tags]
    if not called:
        return 2
    kind = apprise.NotifyType.FAILURE if wish["urgent"] else apprise.NotifyType.WARNING
    took = [bool(one.notify(title=wish["title"], body=wish["body"], notify_type=kind)) for one in called]
    return 0 if all(took) else 1


if __name__ == "__main__":
    raise SystemExit(main())

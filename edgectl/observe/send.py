"""`python -m edgectl.observe.send`: hand one message to the services of a list, and end.

A process of its own, because the library for it costs as much memory as a third of the daemon and is needed seldom. The
list holds secrets, so it comes by standard input: neither the command line nor the environment ever shows it.
"""

import json
import sys
from typing import Any

ESCALATION = "escalation"  # the tag of those who are called only when nobody else has looked


def main() -> int:
    """0 when every service took it, 4 when some did, 1 when nobody was reached, 2 when the list names none, 3 without
    the library."""
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
    took = [
        (ESCALATION in one.tags, bool(one.notify(title=wish["title"], body=wish["body"], notify_type=kind)))
        for one in called
    ]
    return reached(took)


def reached(took: list[tuple[bool, bool]]) -> int:
    """What to make of it, by pairs of whether a service is one of the escalation, and whether it took the message. One
    that is tried again comes again to those who have it, so it is only when nobody of a group has."""
    if all(taken for _, taken in took):
        return 0
    groups = {others: any(taken for of, taken in took if of is others) for others, _ in took}
    return 4 if all(groups.values()) else 1


if __name__ == "__main__":
    raise SystemExit(main())

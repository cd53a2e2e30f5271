"""The first words of a start, before anything else is loaded: OFF, by the plan of the last life.

Making safe never waits, and most of a start is waiting for modules. What the last life could have left on stands in
its plan as bytes, so the orders leave while the rest is loaded, with half a second for all of them; the owners of the
buses say OFF again, to everything, and look at it.

Two rules. The plan is followed only when the site file is byte for byte the one that it was made from: what was moved,
turned round or given to a pair since then is for whoever has read the file. And the lead of this host is held
meanwhile, so that nobody speaks into the house of a daemon that lives. A bus behind a host name is left to its owner.
"""

import hashlib
import logging
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from threading import Thread
from typing import Any

from edgectl import __version__
from edgectl.host.clock import mono
from edgectl.host.lease import HostLease
from edgectl.host.lock import AlreadyRunning
from edgectl.model.time import MS, SECOND, Nanos

LOG = logging.getLogger("edgectl")
FOR_ALL: Nanos = 500 * MS
LATEST: Nanos = 1 * SECOND  # after that: for whoever was connecting when the time was over, and for a crowded machine
REPLY_WITHIN_S = CONNECT_WITHIN_S = 0.25
TRIES = 2  # a word that was lost on the wire is said again, after those that wait for their first
BESIDE = ("conf.d", "profiles")  # a profile of one's own may say which of two is ON
SPOKEN = frozenset({"modbus-rtu", "modbus-rtu-over-tcp", "modbus-tcp"})


def made_from(site: Path) -> str:
    """What a plan is made from: this program, and the site file with all that is read beside it. Empty: unknown."""
    read = hashlib.sha256(__version__.encode())
    try:
        beside = [path for folder in BESIDE for path in sorted((site.parent / folder).glob("*.yaml"))]
        for path in (site, *beside):
            if not path.is_file():
                return ""  # whoever reads the file will say so; this must not wait at a pipe
            read.update(b"\0" + path.name.encode() + b"\0" + path.read_bytes())
    except (OSError, ValueError):
        return ""
    return read.hexdigest()


class FirstWords:
    """What is being said. A bus that does not answer at once is left to its owner."""

    def __init__(self, state: Path, made: str) -> None:
        self._said = 0
        self._over = False
        self._until: Nanos = 0
        self._threads: list[Thread] = []
        self._lease: HostLease | None = None
        if not made:
            return
        try:
            self._begin(state, made)
        except Exception:
            # Nothing of what the last life left may end this start: the owners of the buses say OFF in any case.
            LOG.exception("the plan of the last start could not be followed before anything else was loaded")

    def end(self) -> None:
        """Wait for what is being said, but not for ever; then the lead is free, and so is each port that answered."""
        patience = self._until + LATEST
        for thread in self._threads:
            thread.join(max(0, patience - mono()) / SECOND)
        self._over = True
        if self._lease is not None:
            self._lease.release()
        if late := [thread.name for thread in self._threads if thread.is_alive()]:
            LOG.warning("%s: still held by an OFF that does not come through", ", ".join(late))
        if self._said:
            LOG.info("%d outputs were ordered off before anything else was loaded", self._said)

    def _begin(self, state: Path, made: str) -> None:
        from edgectl.daemon import safeplan

        plan = safeplan.judged(state)
        if plan is None or plan.made_from != made:
            return  # it is not about this very site file
        buses = [bus for bus in plan.buses if bus["kind"] in SPOKEN and bus["outputs"] and _is_at_hand(bus["line"])]
        lease = HostLease(state, [bus["line"]["port"] for bus in buses if "host" not in bus["line"]])
        self._lease = lease
        # All that the threads need is loaded here: two that load at once could meet half a module.
        from edgectl.drivers import rescue, talk  # noqa: F401
        from edgectl.drivers.codecs import modbus  # noqa: F401

        with suppress(AlreadyRunning, OSError):
            lease.take()
            self._until = mono() + FOR_ALL
            for bus in buses:
                # Whatever hangs in a driver of the kernel must not hold the end of this process either.
                thread = Thread(target=self._say, args=(bus,), name=f"bus {bus['name']}", daemon=True)
                thread.start()
                self._threads.append(thread)

    def _say(self, bus: dict[str, Any]) -> None:
        from edgectl.drivers.codecs import modbus
        from edgectl.drivers.links.seam import LinkDown
        from edgectl.drivers.rescue import line_of, rest
        from edgectl.drivers.talk import open_line

        try:
            # Nothing that goes wrong here is news: the owner of this bus meets the same, and tells it.
            with (
                suppress(LinkDown, OSError),
                open_line(
                    line_of(bus["line"]), reply_within_s=REPLY_WITHIN_S, connect_within_s=CONNECT_WITHIN_S
                ) as talk,
            ):
                waiting, tried = bus["outputs"] * TRIES, 0
                while waiting and not self._over and (mono() < self._until or not tried):
                    output = waiting.pop(0)
                    tried += 1
                    with suppress(modbus.BadReply):
                        talk.exchange(rest(output))
                        self._said += 1
                        waiting = [other for other in waiting if other is not output]
        except Exception:
            LOG.exception("the first words on bus %s", bus["name"])


def _is_at_hand(line: dict[str, Any]) -> bool:
    """A port, or an address as numbers: to ask for a name may take many seconds, and nothing here ends the asking."""
    try:
        return "host" not in line or bool(ip_address(line["host"]))
    except ValueError:
        return False

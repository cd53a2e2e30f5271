"""The certificate of the door for as long as the door is open: a new file counts without a restart, and one that ends
calls a person in time. A file that is of no use changes nothing: the door goes on with what it has.
"""

import asyncio
import contextlib
import json
import logging
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from edgectl.api.server import Certificate, Door, DoorClosed, context_of
from edgectl.host.certificate import DAY, Facts, NoCertificate, fingerprint, text_of
from edgectl.host.credentials import CredentialMissing, credential_file
from edgectl.model.codes import Code
from edgectl.model.inputs import Concern
from edgectl.model.ports import Clock
from edgectl.model.time import SECOND, Nanos, Now, Trust, iso
from edgectl.observe.metrics import Gauge

if TYPE_CHECKING:
    from edgectl.daemon.given import House

LOG = logging.getLogger("edgectl")
LOOK_S = 5.0
READ_WITHIN_S = 60.0
AGAIN: Nanos = 60 * SECOND  # what is of no use is looked at again, should only its reader have had no room
ENDS = "edgectl_door_certificate_expires_timestamp_seconds"
SOON: Nanos = 30 * DAY
Stamp = tuple[tuple[int, ...], ...]


class DoorCertificate:
    """Looks after every door that shows it. `fingerprint` is that of what they show, empty where they show none."""

    def __init__(self, asked: "House", clock: Clock, offer: Callable[[Concern, Callable[[], None]], None]) -> None:
        self._asked, self._clock, self._offer = asked, clock, offer
        self._doors: list[Door] = []
        self._seen: Stamp | None = None
        self._facts: Facts | None = None
        self._refused, self._hint = "", ""
        self._tried: Nanos = 0
        self._told: str | None = None
        self.fingerprint = ""

    @property
    def wanted(self) -> bool:
        """Is the door to have one at all?"""
        return bool(self._asked.certificate or self._asked.credential)

    def files(self) -> Certificate | None:
        """Where certificate and key lie. Raises DoorClosed when others may read the key, or there is none."""
        try:
            return self._found()
        except CredentialMissing as missing:
            raise DoorClosed(f"the door has no certificate: {missing}; {missing.hint}") from missing

    def _found(self) -> Certificate | None:
        if not self._asked.credential:
            given = self._asked.certificate
            if given is not None and (why := everybody_reads(given[1])):
                raise DoorClosed(why)
            return None if given is None else Certificate(cert=given[0], key=given[1])
        path = credential_file(self._asked.credential)
        return Certificate(cert=path, key=path)

    def opened(self, door: Door, files: Certificate | None) -> None:
        """This door shows it from now on."""
        self._doors.append(door)
        if files is not None:
            with contextlib.suppress(NoCertificate):  # it was loaded a moment ago; the next look tells
                self.fingerprint = fingerprint(text_of(files.cert))

    def gauges(self) -> list[Gauge]:
        """For whoever watches many houses: when it ends. Nothing where there is none, or none that could be read."""
        ends = None if self._facts is None else self._facts.ends / SECOND
        return [Gauge(name=ENDS, help="When the certificate of the door ends, in seconds since 1970.", value=ends)]

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """Once: take up what is new, and say what a person has to know."""
        if self.wanted:
            await self._look()
        self._judge(self._clock.now())

    async def _look(self) -> None:
        stamp, mono = self._stamp(), self._clock.now().mono
        if stamp == self._seen and (not self._refused or mono - self._tried < AGAIN):
            return
        self._seen, self._tried = stamp, mono
        try:
            await self._take_up(stamp)
        except (DoorClosed, NoCertificate, CredentialMissing) as no:
            if str(no) != self._refused:
                LOG.error("%s", no)
            self._refused, self._hint = str(no), getattr(no, "hint", "")
        else:
            self._refused = self._hint = ""

    async def _take_up(self, stamp: Stamp) -> None:
        files = self._found()
        assert files is not None
        context, told = context_of(files), await read_beside(files.cert)
        if self._stamp() != stamp:
            return  # exchanged between the two readings, which may not be of one certificate: the next look has both
        self._facts = told
        if self._doors and self._facts.fingerprint != self.fingerprint:
            for door in self._doors:
                door.show(context)
            self.fingerprint = self._facts.fingerprint
            LOG.warning("the door shows another certificate from now on: SHA-256 %s", self.fingerprint)

    def _stamp(self) -> Stamp:
        """What tells one state of the files from another, their rights too."""
        try:
            files = self.files()
        except DoorClosed as closed:
            return ((hash(str(closed)),),)
        found = []
        for path in () if files is None else (files.cert, files.key):
            with contextlib.suppress(OSError):
                at = path.stat()
                found.append((at.st_dev, at.st_ino, at.st_size, at.st_mtime_ns, at.st_ctime_ns))
        return tuple(found)

    def _judge(self, now: Now) -> None:
        what = self._wrong(now)
        if what is None or what == self._told:
            return
        advice = "edgectl door renew makes a new one, and the door shows it at once"
        if self._hint:
            advice = f"{self._hint}; or {advice}, and each phone warns once more"
        elif not self._asked.credential:
            advice = "put a new one in the place of its files; the door shows it at once"
        concern = Concern(code=Code.CERTIFICATE_ENDS, subject="door", active=bool(what), message=what, advice=advice)
        self._offer(concern, partial(self._was_told, what))

    def _was_told(self, what: str) -> None:
        """It is on the disk. What was not taken, for too much came at once, is said again at the next look."""
        self._told = what

    def _wrong(self, now: Now) -> str | None:
        """What a person has to know, or nothing; None while it cannot be told."""
        what = ""
        if self._refused:
            what = f"the certificate of the door is of no use: {self._refused}"
        elif self._facts is None:
            return None if self.wanted else ""
        elif now.trust is Trust.UNTRUSTED:
            return None
        elif self._facts.ends <= now.wall:
            what = f"the certificate of the door has ended on {_date(self._facts.ends)}"
        elif self._facts.ends - now.wall < SOON:
            what = f"the certificate of the door ends on {_date(self._facts.ends)}"
        elif self._facts.begins > now.wall:
            what = f"the certificate of the door is good from {_date(self._facts.begins)} on, and not yet"
        return what


def everybody_reads(key: Path) -> str:
    """Why a key is none, when the whole machine knows it; empty when it does not."""
    with contextlib.suppress(OSError):  # one that is not there is nobody's to read, and is missed when it is loaded
        if key.stat().st_mode & 0o007:
            return f"everybody may read the key {key}: chmod 640 {key}, and give it to the daemon's user or group"
    return ""


async def read_beside(path: Path) -> Facts:
    """What a certificate says, read by a process of its own. Raises NoCertificate."""
    words = [sys.executable, "-P", "-m", "edgectl.host.certificate", str(path)]
    pipe = asyncio.subprocess.PIPE
    try:
        process = await asyncio.create_subprocess_exec(*words, stdout=pipe, stderr=asyncio.subprocess.DEVNULL)
    except OSError as error:  # no process to be had: memory, or their number
        raise NoCertificate(f"its reader cannot be started: {error.strerror or error}") from error
    try:
        async with asyncio.timeout(READ_WITHIN_S):
            said, _ = await process.communicate()
        told = json.loads(said)
    except (TimeoutError, ValueError) as error:
        raise NoCertificate("its reader gave no answer") from error
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    if "why" in told:
        raise NoCertificate(told["why"])
    return Facts(**{**told, "names": tuple(told["names"])})


def _date(wall: int) -> str:
    return iso(wall)[:10]

"""The uplink inside the daemon: who it is at the centre, what it says of itself, and when a person is called."""

import asyncio
import importlib
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

from edgectl.daemon.telemetry import Telemetry
from edgectl.engine import envelope
from edgectl.host.credentials import CredentialMissing, credential
from edgectl.journal.outbox import JournalOutbox
from edgectl.journal.writer import JournalWriter
from edgectl.model.inputs import Concern, Input
from edgectl.model.parcel import Contact
from edgectl.model.site import Central, Site
from edgectl.model.time import SECOND, Nanos, iso
from edgectl.model.timeline import Entry, Latch
from edgectl.observe.metrics import Gauge
from edgectl.sync.errors import CentreRefuses
from edgectl.sync.inbound import Desk
from edgectl.sync.seam import Session
from edgectl.sync.uplink import Pace, Uplink

LOG = logging.getLogger("edgectl")
TASK = "uplink"


class Doorway:
    """Where conversations with the centre begin. The secret is read and the database library loaded only then."""

    def __init__(self, site: Site, central: Central) -> None:
        self._site, self._central = site, central

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Session]:
        """Connect. Raises CentreError, also when this side is not ready for it."""
        try:
            postgres = await asyncio.to_thread(importlib.import_module, "edgectl.sync.postgres")
        except ImportError as error:
            raise CentreRefuses(
                f"the library that speaks with the centre is not installed: {error}", "pip install 'edgectl[central]'"
            ) from error
        from edgectl.sync.dsn import address

        try:
            where = address(await asyncio.to_thread(credential, self._central.credential))
        except CredentialMissing as missing:
            raise CentreRefuses(str(missing), missing.hint) from missing
        numbers = {zone.name: zone.number for zone in self._site.zones.values()}
        centre = postgres.PostgresCentre(
            where,
            self._site.site_id,
            numbers,
            pooled=self._central.pooled,
            patience_s=self._central.patience / SECOND,
        )
        async with centre.session() as session:
            yield session


class CentreLine:
    """The uplink of one life of the daemon."""

    def __init__(
        self,
        site: Site,
        central: Central,
        journal: Path,
        writer: JournalWriter,
        *,
        desk: Desk,
        mono: Callable[[], Nanos],
        offer: Callable[[Input], None],
        latch: Callable[[str], Latch | None],
        pace: Pace | None = None,
    ) -> None:
        self._mono, self._offer, self._latch = mono, offer, latch
        self._outbox = JournalOutbox(journal, writer)
        self.telemetry: Telemetry | None = None
        self.uplink = Uplink(
            self._outbox, Doorway(site, central), desk=desk, mono=mono, random=Random(), tell=self._tell, pace=pace
        )

    async def run(self) -> None:
        """Keep contact until cancelled."""
        await self.uplink.run()

    def on_entries(self, entries: tuple[Entry, ...]) -> None:
        """These lines are on the disk."""
        if entries:
            self.uplink.nudge(entries[-1].seq)

    def body(self, *, hurry: bool = False) -> dict[str, Any]:
        """How it stands, for people. One who waits ends a rest between two tries."""
        if hurry:
            self.uplink.hurry()
        limits = self._latch(envelope.NAME)
        standing, now = self.uplink.standing, self._mono()

        def ago(at: Nanos | None) -> float | None:
            return None if at is None else round((now - at) / SECOND, 1)

        again = standing.again_at
        return {
            "contact": standing.contact.value,
            "for_s": ago(standing.since),
            "why": standing.why,
            "advice": standing.advice,
            "again_in_s": None if again is None else round(max(0, again - now) / SECOND, 1),
            "heard_s": ago(standing.heard_at),
            "waiting": self.uplink.waiting,
            "oldest": None if (oldest := self.uplink.oldest) is None else iso(oldest),
            "sent": standing.sent,
            "minutes_dropped": 0 if self.telemetry is None else self.telemetry.dropped,
            "samples_dropped": 0 if self.telemetry is None else self.telemetry.dropped_samples,
            "refused_values": standing.refused,
            "journals": [
                {"journal": s.journal_id, "head": s.head, "acknowledged": s.acknowledged, "in_use": s.in_use}
                for s in self.uplink.shelves
            ],
            "limits": None if limits is None else {"revision": limits.count, "set": limits.why},
            "gaps": [gap.words() for gap in self.uplink.gaps],
        }

    def gauges(self) -> list[Gauge]:
        """The numbers of the uplink."""
        standing = self.uplink.standing
        return [
            Gauge(
                name="edgectl_centre_online",
                help="1 while the centre takes what is sent.",
                value=standing.contact is Contact.ONLINE,
            ),
            Gauge(
                name="edgectl_outbox_lines",
                help="Lines of the timeline that the centre has not heard.",
                value=self.uplink.waiting,
            ),
            Gauge(
                name="edgectl_centre_lines_sent_total",
                help="Lines sent to the centre.",
                value=standing.sent,
                total=True,
            ),
            Gauge(
                name="edgectl_telemetry_dropped_minutes_total",
                help="Minutes of readings that went before the centre had them.",
                value=0 if self.telemetry is None else self.telemetry.dropped,
                total=True,
            ),
            Gauge(
                name="edgectl_telemetry_dropped_samples_total",
                help="Samples that the centre wanted as they were read, and that went before it had them.",
                value=0 if self.telemetry is None else self.telemetry.dropped_samples,
                total=True,
            ),
            Gauge(
                name="edgectl_parity_gaps",
                help="Days of which the centre holds something else.",
                value=len(self.uplink.gaps),
            ),
        ]

    def _tell(self, uplink: Uplink) -> None:
        """Only what a person has to do something about becomes an alarm. A centre that is away is no alarm."""
        standing = uplink.standing
        if standing.contact in (Contact.REJECTED, Contact.ONLINE):
            self._concern("centre_rejected", standing.contact is Contact.REJECTED, standing.why, standing.advice)
        gaps = "; ".join(gap.words() for gap in uplink.gaps[:3])
        self._concern("parity_gap", bool(gaps), gaps, "edgectl central parity names each line")

    def _concern(self, code: str, active: bool, message: str, advice: str) -> None:
        self._offer(Concern(code=code, subject="centre", active=active, message=message, advice=advice))

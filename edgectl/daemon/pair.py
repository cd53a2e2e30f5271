"""One of a redundant pair: it waits until it may lead, keeps the lease, and stands down before the lease ends.

What it remembers beside the journal (`lease.json`) is who it is, the highest epoch it has led in, and until when its
lease lasts. `edgectl safe-state` reads the last of these: after a leader's death its bus may be somebody else's.
"""

import asyncio
import json
import logging
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from edgectl.host import notify
from edgectl.host.clock import SystemClock, boot_id
from edgectl.host.ends import ENDS
from edgectl.model.lease import Lead, Leading, LeaseStore, LeaseUnreachable, Terms, Waiting
from edgectl.model.time import SECOND, Nanos

LOG = logging.getLogger("edgectl")
NAME = "lease.json"
LOOK_EVERY_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PairTerms:
    """Where the lease is kept, and how long it lasts. The connection string holds a password: it is never shown."""

    dsn: str = field(repr=False)
    terms: Terms


@asynccontextmanager
async def leading(
    where: PairTerms, site_id: str, folder: Path, clock: SystemClock
) -> AsyncIterator[tuple["Pair", Lead | None]]:
    """Wait for the lead, and keep it in the background. None instead of the lead when SIGTERM came before."""
    # Imported here: a house without a pair needs no database library.
    from edgectl.sync.lease import PostgresLease

    def mono() -> Nanos:
        return clock.now().mono

    store = PostgresLease(where.dsn, site_id, patience=where.terms.renew_every)
    pair = Pair(store, where.terms, folder, boot_id=boot_id(), mono=mono)
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    for number in ENDS:
        loop.add_signal_handler(number, ended.set)
    notify.ready()
    taking, ending = asyncio.create_task(pair.lead()), asyncio.create_task(ended.wait())
    await asyncio.wait({taking, ending}, return_when=asyncio.FIRST_COMPLETED)
    lead = taking.result() if taking.done() else None
    taking.cancel()
    ending.cancel()
    await asyncio.gather(taking, ending, return_exceptions=True)
    if lead is None:
        LOG.info("ended while it followed")
        await store.close()
        yield pair, None
        return
    keeper = asyncio.create_task(pair.keep(), name="lease")
    try:
        yield pair, lead
    finally:
        keeper.cancel()
        await asyncio.gather(keeper, return_exceptions=True)


class Pair:
    """This controller's side of the lease."""

    def __init__(
        self, store: LeaseStore, terms: Terms, folder: Path, *, boot_id: str, mono: Callable[[], Nanos]
    ) -> None:
        self.terms = terms
        self.over: asyncio.Event = asyncio.Event()
        self.why = ""
        self._store, self._mono, self._boot_id = store, mono, boot_id
        self._note = _Note(folder / NAME, boot_id)
        # The boot is part of the name: a copied disk in another machine is somebody else.
        self._holder = f"{self._note.identity}:{boot_id}"
        self._leading: Leading | None = None
        self._asking = asyncio.Lock()
        self._ended = False

    def may_speak(self, now: Nanos) -> bool:
        """May a byte leave for the field now? Asked where it leaves."""
        return self._leading is not None and self._leading.may_speak(now)

    async def lead(self) -> Lead:
        """Wait until this controller leads. Nothing of the field is touched before."""
        began, mute = self._mono(), False
        waiting = Waiting(holder=self._holder, terms=self.terms, since=began)
        said = ""
        while True:
            asked_at = self._mono()
            try:
                waiting = waiting.look(await self._store.look(), self._mono())
                words = _words(waiting)
                if waiting.may_take(self._mono()):
                    asked_at = self._mono()
                    epoch = await self._store.take(waiting.seen, self._holder, self._note.epoch, self.terms.ttl)
                    if epoch is not None:
                        return self._leads(epoch, asked_at, asked_at - began, mute=mute)
            except LeaseUnreachable as error:
                words, mute = f"{error}; nobody can take the lead until it answers", True
            if words != said:
                LOG.warning("follows: %s", words)
                notify.status(f"follows: {words}")
                said = words
            notify.watchdog()
            await asyncio.sleep(LOOK_EVERY_S)

    async def keep(self) -> None:
        """Give signs of life until nobody takes them any more. Sets `over` in time to see the outputs off."""
        while not self.over.is_set():
            leading = self._leading
            assert leading is not None
            asked_at = self._mono()
            if asked_at >= leading.stands_down_at:
                self._ends("the lease was not renewed in time")
                return
            try:
                async with asyncio.timeout(max(0.0, (leading.stands_down_at - asked_at) / SECOND)), self._asking:
                    if self._ended:
                        return
                    taken = await self._store.renew(self._holder, leading.epoch, self.terms.ttl)
            except (LeaseUnreachable, TimeoutError) as error:
                LOG.warning("the lease is not renewed: %s", error or "no answer")
            else:
                if not taken:
                    self._leading = leading.overtaken(self._mono())
                    self._ends("another controller of the pair leads")
                    return
                leading = self._leading = leading.renewed(asked_at)
                self._remember()
            rest = min(asked_at + self.terms.renew_every, leading.stands_down_at) - self._mono()
            await asyncio.sleep(max(0.05, rest / SECOND))

    async def end(self, *, proven: bool) -> None:
        """The field is closed. When everything was seen off in time, the other one need not wait."""
        async with self._asking:
            self._ended = True
            leading, now = self._leading, self._mono()
            if leading is not None and proven and leading.may_speak(now):
                self._leading = leading.overtaken(now)
                self._remember()
                try:
                    await self._store.give_back(self._holder, leading.epoch)
                except LeaseUnreachable as error:
                    LOG.warning("the lease could not be given back: %s; it ends by itself", error)
            await self._store.close()

    def _leads(self, epoch: int, asked_at: Nanos, waited: Nanos, *, mute: bool) -> Lead:
        took_over = epoch != self._note.epoch + 1
        self._leading = Leading(epoch=epoch, terms=self.terms, until=asked_at + self.terms.ttl)
        self._note.epoch = epoch
        self._remember()
        LOG.warning("leads in epoch %d%s", epoch, ", after somebody else" if took_over else "")
        notify.status(f"leads in epoch {epoch}")
        why = "leader_retry_backoff" if mute else "not_leader" if waited > SECOND else ""
        return Lead(epoch=epoch, took_over=took_over, waited=waited, why_late=why)

    def _ends(self, why: str) -> None:
        LOG.error("%s: this controller stands down", why)
        self.why = why
        self.over.set()

    def _remember(self) -> None:
        assert self._leading is not None
        self._note.write(self._leading.until)


def still_leads(folder: Path, boot_id: str, now: Nanos) -> bool | None:
    """May whoever cleans up after a dead leader still speak on its buses? None: there is no lease to ask."""
    try:
        note = json.loads((folder / NAME).read_text())
        return bool(note["boot_id"] == boot_id and now < note["until"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError):
        return False


class _Note:
    """`lease.json`. Written in place, and not synced: after a power cut the boot is another one, and the lease over."""

    def __init__(self, path: Path, boot_id: str) -> None:
        self._path, self._boot_id = path, boot_id
        found: dict[str, Any] = {}
        try:
            found = json.loads(path.read_text())
            self.identity, self.epoch = str(found["identity"]), int(found["epoch"])
        except FileNotFoundError:
            self.identity, self.epoch = uuid4().hex, 0
        except (OSError, ValueError, KeyError, TypeError) as error:
            LOG.error("%s cannot be read (%s): this controller takes a new name", path, error)
            self.identity, self.epoch = uuid4().hex, 0

    def write(self, until: Nanos) -> None:
        """A disk that takes no note keeps nobody from leading: the database knows the epoch."""
        note = {"identity": self.identity, "epoch": self.epoch, "boot_id": self._boot_id, "until": until}
        text = json.dumps(note).ljust(256) + "\n"
        try:
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o640)
            try:
                os.pwrite(descriptor, text.encode(), 0)
            finally:
                os.close(descriptor)
        except OSError as error:
            LOG.warning("%s cannot be written: %s", self._path, error.strerror)


def _words(waiting: Waiting) -> str:
    row = waiting.seen
    if row is None:
        return "nobody has led this site yet, as far as the database knows"
    return f"another controller leads in epoch {row.epoch}"

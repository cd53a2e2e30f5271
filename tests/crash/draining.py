"""A life that does nothing but drain: the journal, the uplink and its centre, as the daemon puts them together.

It is born in milliseconds, by a fork of a process that has loaded everything, so that it can die a hundred times.
"""

import asyncio
import multiprocessing
import time
from multiprocessing.process import BaseProcess
from pathlib import Path
from random import Random

from edgectl.journal.outbox import JournalOutbox
from edgectl.journal.writer import JournalWriter
from edgectl.model.timeline import Batch
from edgectl.sync.dsn import address
from edgectl.sync.postgres import PostgresCentre
from edgectl.sync.uplink import Pace, Uplink
from tests.contract.centre_rows import NOON, NUMBERS, line

# Small parcels and no rest: as many seams as possible for a kill to fall between.
EAGER = Pace(lines=100, gather_s=0.001, first_rest_s=0.01, longest_rest_s=0.01, parity_every_s=0.05)


def born(path: Path, dsn: str, site_id: str) -> BaseProcess:
    """A new life on this journal."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    life = context.Process(target=live, args=(path, dsn, site_id), daemon=True)
    life.start()
    return life


def live(path: Path, dsn: str, site_id: str) -> None:
    """Drain, and let something happen now and then, until killed."""
    asyncio.run(_live(path, dsn, site_id))


async def _live(path: Path, dsn: str, site_id: str) -> None:
    writer = JournalWriter(path)
    seq = (await writer.start()).last_seq
    centre = PostgresCentre(address(dsn), site_id, NUMBERS, patience_s=10)
    uplink = Uplink(JournalOutbox(path, writer), centre, mono=time.monotonic_ns, random=Random(seq), pace=EAGER)
    work = asyncio.create_task(uplink.run())
    while not work.done():
        seq += 1
        await writer.commit(Batch(changes=(), entries=(line(seq, at=NOON, why="it goes on"),)))
        uplink.nudge(seq)
        await asyncio.sleep(0.005)
    work.result()

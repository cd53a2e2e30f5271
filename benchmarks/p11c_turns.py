"""P11c: from an order to its answer on the disk, without a centre, with a dead one, and while a backlog drains."""

import asyncio
import socket
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from random import Random

import uvloop
from p11_upload import NUMBERS, parcels
from rows import Goal, main, quantile

from edgectl.daemon.control import Control
from edgectl.engine.state import Phase, State
from edgectl.engine.turn import Stepper
from edgectl.host.clock import SystemClock
from edgectl.journal.errors import JournalUnwritable
from edgectl.journal.outbox import JournalOutbox
from edgectl.journal.writer import JournalWriter
from edgectl.model.inputs import Restrain, Restraint
from edgectl.model.time import SECOND
from edgectl.simulate.example import example_site
from edgectl.sync import migrate
from edgectl.sync.dsn import Address, address
from edgectl.sync.postgres import PostgresCentre
from edgectl.sync.uplink import Pace, Uplink
from edgectl.testing.postgres import PostgresServer

ROUNDS = 5
ORDERS = 100
BACKLOG = 30_000
EVERY_S = 0.01  # between two orders
EAGER = Pace(first_rest_s=0.05, longest_rest_s=0.05)  # a dead centre is tried twenty times a second, not once a minute


async def orders(folder: Path, where: Address | None) -> list[float]:
    """Hold a zone and release it, again and again: a turn, a commit, an answer. The uplink works beside it."""
    path, clock = folder / f"{BACKLOG}-250.db", SystemClock()
    writer = JournalWriter(path)
    stored = await writer.start()
    state = State.begin(site=example_site(), schedules=(), stored=stored, boot_id="b", started=clock.now().mono)
    state.phase, state.unproven = Phase.READY, set()
    uplink: list[Uplink] = []
    control = Control(
        Stepper(state),
        clock,
        writer,
        lambda _: None,
        on_entries=lambda entries: uplink[0].nudge(entries[-1].seq) if uplink and entries else None,
        storage_errors=(JournalUnwritable,),
    )
    running = [asyncio.create_task(control.run())]
    if where is not None:
        centre = PostgresCentre(where, "bench", NUMBERS, patience_s=2)
        mono = lambda: clock.now().mono  # noqa: E731  one word for the clock
        uplink.append(Uplink(JournalOutbox(path, writer), centre, mono=mono, random=Random(1), pace=EAGER))
        running.append(asyncio.create_task(uplink[0].run()))
        await asyncio.sleep(0.5)
    took = []
    for number in range(ORDERS):
        begin, on = time.perf_counter(), number % 2 == 0
        lasts = SECOND * 60 if on else None
        await control.ask(
            lambda token, on=on, lasts=lasts: Restrain(
                token=token, what=Restraint.HOLD, on=on, who="bench", zone="zone-1", lasts=lasts
            )
        )
        took.append(time.perf_counter() - begin)
        await asyncio.sleep(EVERY_S)
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    await writer.close()
    return took


@asynccontextmanager
async def enrolled(server: PostgresServer) -> AsyncIterator[Address]:
    where = address(server.dsn(server.new_database()))
    async with migrate.owner(where) as db:
        await migrate.migrate(db, lambda _: None)
        role, password = await migrate.enrol(db, "bench", "bench", "UTC")
    yield address(migrate.dsn_of(role, password, where))


async def measure_all(folder: Path, server: PostgresServer, silent: int) -> dict[str, list[list[float]]]:
    took: dict[str, list[list[float]]] = {}
    for number in range(ROUNDS):
        async with enrolled(server) as where:
            for name, to in (
                ("no centre", None),
                ("a dead centre", replace(where, port=1)),
                ("a silent centre", replace(where, port=silent)),
                ("while a backlog drains", where),
            ):
                own = folder / f"{number}-{name}"
                own.mkdir()
                await asyncio.to_thread(parcels, own, BACKLOG, 250)
                took.setdefault(name, []).append(await orders(own, to))
    return took


def measure() -> tuple[list[tuple[str, str]], list[Goal]]:
    with (
        tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as folder,
        PostgresServer() as server,
        socket.create_server(("127.0.0.1", 0)) as silent,  # it takes connections and never says a word
    ):
        took = uvloop.run(measure_all(Path(folder), server, silent.getsockname()[1]))
    numbers = [
        (f"{name}, p50 and p99, ms", f"{quantile(every, 0.5) * 1000:.2f}, {quantile(every, 0.99) * 1000:.2f}")
        for name, every in ((name, [one for some in rounds for one in some]) for name, rounds in took.items())
    ]
    base = took["no centre"]
    goals = []
    for name in list(took)[1:]:
        for share, limit in ((0.5, 1.25), (0.99, 2.0)):
            # Round by round: the machine is noisier than any of them.
            pairs = zip(took[name], base, strict=True)
            ratio = statistics.median(quantile(some, share) / quantile(none, share) for some, none in pairs)
            goals.append(Goal(row="P11c", what=f"{name}, p{share * 100:.0f} against none", value=ratio, limit=limit))
    return numbers, goals


if __name__ == "__main__":
    main("P11c an order beside the uplink", measure)

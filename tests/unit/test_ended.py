"""The simulated nodes end, also when a cancellation was lost on its way."""

import asyncio
import contextlib

from edgectl.drivers.sim.nodes import ended


async def test_who_did_not_hear_that_it_ends_is_told_again() -> None:
    async def deaf_once() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(3600)
        await asyncio.sleep(3600)

    async def broken() -> None:
        raise ValueError("not of interest any more")

    tasks = [asyncio.create_task(life()) for life in (deaf_once, deaf_once, broken)]
    await asyncio.sleep(0)
    await asyncio.wait_for(ended(tasks, within_s=0.01), 60)
    assert all(task.done() for task in tasks)

"""A serial line with its slaves, in a process of its own, so that its work is nobody else's.

A pty has no baud, so this end paces: it takes the air time of a request from its first byte, answers at once, and
delivers the reply when its last character would have arrived. It sleeps to just before that and then looks at the
clock: it is late only when the machine is. What it saw lies in memory that both processes share.
"""

import multiprocessing
import os
import pty
import select
import time
import tty
from multiprocessing.sharedctypes import RawArray

from edgectl.drivers.sim.lines import crc
from edgectl.drivers.wiring import SerialLine

MOST = 100_000  # requests that are remembered
SPIN = 150_000  # ns before an instant at which a sleep would be too coarse
REQUESTS, VIOLATIONS, BUSY, ENDED = range(4)


class PacedLine:
    """Answers reads of one register and writes of one coil, for every unit."""

    def __init__(self, baudrate: int) -> None:
        self._master, self._keep = pty.openpty()
        tty.setraw(self._keep)
        self.line = SerialLine(port=os.ttyname(self._keep), baudrate=baudrate)
        self._seen = RawArray("q", 4)
        self._began = RawArray("q", MOST)
        self._off = RawArray("b", MOST)
        self._process = multiprocessing.get_context("fork").Process(target=self._run, daemon=True)
        self._process.start()

    @property
    def requests(self) -> int:
        return self._seen[REQUESTS]

    @property
    def violations(self) -> int:
        """Requests that began inside the silence after a reply."""
        return self._seen[VIOLATIONS]

    @property
    def share(self) -> float:
        """Of the time between the first request and the end of the last reply: how much was frames and silences."""
        return self._seen[BUSY] / max(1, self._seen[ENDED] - self._began[0])

    def offs(self) -> int:
        """How many OFFs have begun to arrive."""
        return sum(self._off[: self.requests])

    def waited(self, ordered: int) -> tuple[int, int] | None:
        """How long an OFF that was ordered then took to its first byte, and how many frames began before it."""
        since = [n for n in range(self.requests) if self._began[n] >= ordered]
        place = next((place for place, n in enumerate(since) if self._off[n]), None)
        return None if place is None else (self._began[since[place]] - ordered, place)

    def end(self) -> None:
        self._process.kill()
        self._process.join()
        os.close(self._master)
        os.close(self._keep)

    def _run(self) -> None:
        os.set_blocking(self._master, True)
        line, quiet_since, drawn = self.line, 0, False
        while True:
            frame = os.read(self._master, 64)
            began = time.monotonic_ns()
            while len(frame) < 8 and select.select([self._master], [], [], 0.05)[0]:
                frame += os.read(self._master, 64)
            if len(frame) < 8:
                continue  # half a frame, and a silence: a slave forgets it
            frame, number = frame[:8], self._seen[REQUESTS]
            self._began[number % MOST], self._off[number % MOST] = began, frame[1] == 5 and frame[4] == 0
            self._seen[VIOLATIONS] += began - quiet_since < line.silence
            self._seen[REQUESTS] += 1
            if frame[1] == 5:
                drawn, body = frame[4] != 0, frame[:6]
            else:
                body = frame[:2] + (bytes([1, drawn]) if frame[1] == 1 else bytes([2, 0, 225]))
            reply = body + crc(body)
            span = (len(frame) + len(reply)) * line.character
            wait_until(began + span + line.silence)
            self._seen[BUSY] += span + 2 * line.silence
            quiet_since = self._seen[ENDED] = time.monotonic_ns()  # before the write: it may be held up right after it
            os.write(self._master, reply)


def wait_until(instant: int) -> None:
    """Sleep, and look at the clock at the end of it."""
    while (left := instant - time.monotonic_ns()) > SPIN:
        time.sleep((left - SPIN) / 1e9)
    while time.monotonic_ns() < instant:
        pass


def reply_to(descriptor: int, frame: bytes, length: int) -> None:
    """The raw opponent's exchange: write, and read until the reply is whole."""
    os.write(descriptor, frame)
    heard = b""
    while len(heard) < length:
        heard += os.read(descriptor, 64)


def keep_silence(silence: int) -> None:
    """As an opponent keeps it that has nothing else to do: asleep."""
    until = time.monotonic_ns() + silence
    while (left := until - time.monotonic_ns()) > 0:
        time.sleep(left / 1e9)

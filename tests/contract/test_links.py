"""What every line must do: the real serial port, the real TCP connection and the scripted one alike."""

import asyncio
import contextlib
import fcntl
import os
import pty
import select
import socket
import tty
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
import uvloop

from edgectl.drivers.bus import BusOwner
from edgectl.drivers.line import BusTask
from edgectl.drivers.links.rtu import RtuLink
from edgectl.drivers.links.seam import Link, LinkDown
from edgectl.drivers.links.tcp import TcpLink
from edgectl.drivers.registry import find
from edgectl.drivers.wiring import Bus, Device, SerialLine, TcpHost
from edgectl.host.clock import SystemClock
from edgectl.model.inputs import DeviceHealth, Input, Samples
from edgectl.model.site import Sensor, Site
from edgectl.model.time import MS
from edgectl.testing.scripted import ScriptedLink

ASK, REPLY = bytes.fromhex("07 04 00 01 00 01 60 6c"), bytes.fromhex("07 04 02 00 e1 f1 78")


@dataclass
class Far:
    """The other end: it answers ASK with REPLY, and can go away."""

    link: Link
    cut: Callable[[], None]
    heard: list[bytes] = field(default_factory=list)


def serial_end(loop: asyncio.AbstractEventLoop) -> Far:
    master, slave = pty.openpty()
    tty.setraw(slave)
    far = Far(RtuLink(SerialLine(port=os.ttyname(slave))), lambda: None)

    def readable() -> None:
        data = os.read(master, 100)
        far.heard.append(data)
        if data == ASK:
            os.write(master, REPLY)

    def cut() -> None:
        loop.remove_reader(master)
        os.close(master)
        os.close(slave)

    loop.add_reader(master, readable)
    far.cut = cut
    return far


def tcp_end(loop: asyncio.AbstractEventLoop) -> Far:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    listener.setblocking(False)
    far = Far(TcpLink(TcpHost(host="127.0.0.1", port=listener.getsockname()[1])), lambda: None)
    peers: list[socket.socket] = []

    async def serve() -> None:
        peer, _ = await loop.sock_accept(listener)
        peers.append(peer)
        while data := await loop.sock_recv(peer, 100):
            far.heard.append(data)
            if data == ASK:
                await loop.sock_sendall(peer, REPLY)

    task = loop.create_task(serve())

    def cut() -> None:
        task.cancel()
        for peer in peers:
            peer.close()
        listener.close()

    far.cut = cut
    return far


def scripted_end(loop: asyncio.AbstractEventLoop) -> Far:
    link = ScriptedLink({ASK: REPLY})
    far = Far(link, lambda: link.cut("cut"))
    far.heard = link.written
    return far


ENDS = [serial_end, tcp_end, scripted_end]
LOOPS = [asyncio.run, uvloop.run]


@pytest.mark.parametrize("run", LOOPS, ids=["asyncio", "uvloop"])
@pytest.mark.parametrize("end", ENDS, ids=["serial", "tcp", "scripted"])
def test_bytes_go_out_and_come_in_and_a_loss_is_told_once(run, end) -> None:  # type: ignore[no-untyped-def]
    async def play() -> None:
        far = end(asyncio.get_running_loop())
        came, lost, told = bytearray(), [], asyncio.Event()
        news = asyncio.Event()

        def on_bytes(data: bytes) -> None:
            came.extend(data)
            news.set()

        def on_lost(why: str) -> None:
            lost.append(why)
            told.set()

        await far.link.open(on_bytes, on_lost)
        far.link.write(ASK)
        async with asyncio.timeout(60):
            while bytes(came) != REPLY:
                await news.wait()
                news.clear()
            assert far.heard == [ASK]
            far.cut()
            await told.wait()
        far.link.write(ASK)
        far.link.close()
        far.link.close()
        assert len(lost) == 1

    run(play())


@contextlib.contextmanager
def deaf_end(filled: int = 0) -> Iterator[tuple[RtuLink, int, int]]:
    """A serial link, and the two ends of its wire: nobody reads the far one, and so many bytes wait in it already."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    os.set_blocking(master, False)
    try:
        os.write(slave, bytes(filled))
        yield RtuLink(SerialLine(port=os.ttyname(slave))), slave, master
    finally:
        os.close(master)
        os.close(slave)


def heard_at_last(master: int) -> bytes:
    """What the far end hears when it goes on, until the order or nothing more comes."""
    heard = bytearray()
    while not heard.endswith(ASK) and select.select([master], [], [], 1)[0]:
        heard += os.read(master, 4096)
    return bytes(heard)


async def has_let_go(slave: int) -> None:
    """The link has closed its port, and its lock went with it."""
    async with asyncio.timeout(60):
        while True:
            try:
                return fcntl.flock(slave, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                await asyncio.sleep(0.01)


@pytest.mark.parametrize("run", LOOPS, ids=["asyncio", "uvloop"])
def test_a_port_that_takes_no_more_bytes_is_lost_and_the_loop_goes_on(run) -> None:  # type: ignore[no-untyped-def]
    async def play() -> None:
        with deaf_end() as (link, _, _):
            lost = asyncio.get_running_loop().create_future()
            await link.open(lambda _: None, lost.set_result)
            for _ in range(1 << 17):  # more than any port keeps
                if lost.done():
                    break
                link.write(ASK)
                await asyncio.sleep(0)
            async with asyncio.timeout(60):
                assert "takes no more bytes" in await lost

    run(play())


@pytest.mark.parametrize("run", LOOPS, ids=["asyncio", "uvloop"])
def test_an_order_to_a_port_that_has_just_gone_is_a_loss_and_no_outcry(run) -> None:  # type: ignore[no-untyped-def]
    """On a crowded machine an order leaves before the loop has heard that the adapter was pulled."""

    async def play() -> None:
        loop, cries = asyncio.get_running_loop(), list[object]()
        loop.set_exception_handler(lambda _, context: cries.append(context))
        far, lost = serial_end(loop), list[str]()
        told = asyncio.Event()
        await far.link.open(lambda _: None, lambda why: (lost.append(why), told.set()))  # type: ignore[func-returns-value]
        far.cut()
        far.link.write(ASK)
        far.link.write(ASK)
        async with asyncio.timeout(60):
            await told.wait()
        far.link.close()
        assert [why for why in lost if "Input/output error" in why] == lost
        assert len(lost) == 1
        assert not cries, "nothing is wrong with the program"

    run(play())


MORE_THAN_A_READER_KEEPS = 6000  # what waits behind it is still in the port


async def test_an_order_that_has_not_left_when_its_port_is_closed_never_leaves() -> None:
    with deaf_end() as (link, slave, master):
        await link.open(lambda _: None, lambda _: None)
        os.write(slave, bytes(MORE_THAN_A_READER_KEEPS))
        link.write(ASK)
        link.close()
        await has_let_go(slave)
        assert ASK not in heard_at_last(master)


async def test_an_order_that_somebody_left_in_a_port_does_not_leave_when_it_is_opened() -> None:
    with deaf_end(MORE_THAN_A_READER_KEEPS) as (link, slave, master):
        os.write(slave, ASK)
        await link.open(lambda _: None, lambda _: None)
        assert ASK not in heard_at_last(master)
        link.close()


async def test_who_is_refused_a_port_leaves_what_waits_in_it() -> None:
    with deaf_end(MORE_THAN_A_READER_KEEPS) as (link, slave, master):
        os.write(slave, ASK)
        fcntl.flock(slave, fcntl.LOCK_EX)
        with pytest.raises(LinkDown, match="in use by another program"):
            await link.open(lambda _: None, lambda _: None)
        assert ASK in heard_at_last(master)


@pytest.mark.parametrize("end", ENDS, ids=["serial", "tcp", "scripted"])
async def test_who_closes_is_not_told(end: Callable[[asyncio.AbstractEventLoop], Far]) -> None:
    far = end(asyncio.get_running_loop())
    lost: list[str] = []
    await far.link.open(lambda _: None, lost.append)
    far.link.close()
    await asyncio.sleep(0)
    far.cut()
    await asyncio.sleep(0)
    assert lost == []


@pytest.mark.parametrize(
    "link",
    [
        RtuLink(SerialLine(port="/dev/nothing-here")),
        RtuLink(SerialLine(port="/etc/hostname")),
        TcpLink(TcpHost(host="127.0.0.1", port=1)),
        ScriptedLink({}, refuse="not today"),
    ],
    ids=["no port", "no serial port", "nobody listens", "scripted"],
)
async def test_a_line_that_cannot_be_opened_says_why(link: Link) -> None:
    with pytest.raises(LinkDown) as caught:
        await link.open(lambda _: None, lambda _: None)
    assert len(str(caught.value)) > 8


async def test_the_bus_task_keeps_the_line_open_and_the_news_coming() -> None:
    site = Site(
        site_id="s",
        name="s",
        timezone="UTC",
        sensors={"t": Sensor(name="t", channel="air.temperature", unit="degC", poll_every=20 * MS)},
        actuators={},
        zones={},
    )
    device = Device(name="air", unit=7, profile=find("xy-md02"))
    bus = Bus(name="b", kind="modbus-rtu", line=SerialLine(port="x", baudrate=115200), devices=(device,))
    link = ScriptedLink({ASK: REPLY})
    came: asyncio.Queue[Input] = asyncio.Queue()
    clock = SystemClock()
    task = BusTask(BusOwner(bus, site), link, mono=lambda: clock.now().mono, deliver=came.put_nowait)
    running = asyncio.create_task(task.run())
    async with asyncio.timeout(60):
        first = await came.get()
        assert isinstance(first, Samples)
        assert first.block[0].value == pytest.approx(22.5)
        link.cut("unplugged")
        seen: list[Input] = []
        while not any(isinstance(item, DeviceHealth) and item.healthy for item in seen):
            seen.append(await came.get())
        assert any(isinstance(item, DeviceHealth) and "unplugged" in item.reason for item in seen)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

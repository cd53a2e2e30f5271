"""The doors of a running daemon: what stands behind them is put together here."""

import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from starlette.applications import Starlette

from edgectl.api import http
from edgectl.api.events import Happenings
from edgectl.api.giving import Access
from edgectl.api.inside import Inside
from edgectl.api.keepers import Address, Listens
from edgectl.api.pairing import Pairings
from edgectl.api.scheduler_routes import Desk
from edgectl.api.server import Door, context_of, door, tcp_socket, unix_socket
from edgectl.api.stream import Streams
from edgectl.api.tokens import TokenBook
from edgectl.daemon import task_views
from edgectl.daemon.aside import Aside
from edgectl.daemon.bench import DeviceBench
from edgectl.daemon.certificate import DoorCertificate
from edgectl.daemon.close_look import CloseLook
from edgectl.daemon.control import Control
from edgectl.daemon.curves import Curves
from edgectl.daemon.field import Field
from edgectl.daemon.house import DaemonHouse
from edgectl.daemon.looks import DaemonLooks
from edgectl.daemon.schedules import ScheduleDesk
from edgectl.daemon.service import ServiceDesk
from edgectl.daemon.views import alarms
from edgectl.drivers.wiring import Broker
from edgectl.engine.draft import Draft
from edgectl.host.credentials import credential_file
from edgectl.journal.reads import JournalReads
from edgectl.journal.writer import JournalWriter
from edgectl.model.ports import Clock
from edgectl.model.time import Nanos
from edgectl.model.timeline import Entry
from edgectl.observe.history import History

if TYPE_CHECKING:
    from edgectl.daemon.given import House
    from edgectl.daemon.mirror import Mirror
    from edgectl.daemon.telling import AlarmsOut
    from edgectl.daemon.telling_mqtt import AlarmsOnBroker


class Doors:
    """The local socket and the network. `should_exit` ends the streams, before anybody waits for them."""

    def __init__(
        self,
        asked: "House",
        house: DaemonHouse,
        control: Control,
        reads: JournalReads,
        writer: JournalWriter,
        clock: Clock,
        desk: Desk,
        field: Field,
    ) -> None:
        self._asked = asked
        self._history = History(tuple(control.stepper.state.site.sensors))
        self._closely = CloseLook(self._history, control, clock)
        self._certificate = DoorCertificate(asked, clock, control.offer)
        # What runs beside the doors as long as they are open.
        self.beside: list[tuple[str, Callable[[], Awaitable[None]]]] = [
            ("history", Curves(self._history, control, clock, reads, writer).run),
            ("close look", self._closely.run),
            ("certificate", self._certificate.run),
        ]
        house.counted.append(self._certificate.gauges)
        self._out = alarms_out(asked, control, clock)
        if self._out is not None:
            self.beside.append(("alarms out", self._out.run))
            house.counted.append(self._out.gauges)
        self._on_broker = on_broker(asked, control)
        if self._on_broker is not None:
            self.beside.append(("alarms on the broker", self._on_broker.run))
        if (picture := mirror(asked, control, clock)) is not None:
            self.beside.append(("the picture for Home Assistant", picture.run))
        self._clock = clock
        state = control.stepper.state
        aside = Aside(asked.state / "service.json", writer.journal_id)
        house.service = self._service = ServiceDesk(reads, clock, house.read, aside, state.seq)
        streams = Streams(house.leisure)
        happenings = Happenings(
            streams, writer.journal_id, state.seq, lambda entry: task_views.line(entry, state.site), reads.entries_after
        )
        book = TokenBook(asked.state / "tokens.json", lambda: clock.now().wall, streams.dismiss)
        self._inside = Inside(
            house=house,
            looks=DaemonLooks(control, reads, clock, self._history, house.read, house.leisure),
            desk=desk,
            devices=DeviceBench(house, field, lambda: Draft(control.stepper.state, clock.now())),
            calendar=ScheduleDesk(house, control, reads, clock),
            happenings=happenings,
            streams=streams,
            book=book,
            access=Access(book, Pairings(self._mono), house.ask),
            mono=self._mono,
            leisure=house.leisure,
            listens=self._listens,
        )
        self._place = "http://127.0.0.1", False  # until the door is open

    @property
    def should_exit(self) -> bool:
        """As a server has it."""
        return self._inside.streams.closing.is_set()

    @should_exit.setter
    def should_exit(self, end: bool) -> None:
        if end:
            self._inside.streams.close()

    def publish(self, entries: Sequence[Entry]) -> None:
        """Lines were committed."""
        self._inside.happenings.publish(entries)
        self._closely.read(entries)
        self._service.read(entries)
        if self._out is not None:
            self._out.read(entries)
        if self._on_broker is not None:
            self._on_broker.read(entries)

    @property
    def each(self) -> list[tuple[str, Callable[[], tuple[Door, socket.socket]]]]:
        """Every door by its name, and what opens it."""
        watched = [] if self._asked.metrics is None else [("metrics", self.numbers)]
        return [("http", self.network), ("socket", self.local), *watched]

    def local(self) -> tuple[Door, socket.socket]:
        """The socket of the command line. Raises DoorClosed."""
        listener = unix_socket(self._asked.socket)
        return door(http.local(self._inside), local=True), listener

    def network(self) -> tuple[Door, socket.socket]:
        """The address for programs and browsers. Raises DoorClosed."""
        server, listener = self._opened(http.network, self._asked.http)
        self._place = _address(listener, tls=self._certificate.wanted)
        return server, listener

    def numbers(self) -> tuple[Door, socket.socket]:
        """The address for those who watch. Raises DoorClosed."""
        assert self._asked.metrics is not None
        return self._opened(http.numbers, self._asked.metrics)

    def _opened(
        self, made: Callable[[Inside, Address], Starlette], where: tuple[str, int]
    ) -> tuple[Door, socket.socket]:
        asked, own = self._asked, socket.gethostname().lower()
        names = asked.names | {"localhost", own, f"{own}.local"}
        files = self._certificate.files()
        context = None if files is None else context_of(files)
        # What may keep it shut comes first: it is tried again every ten seconds, and what stands behind it is large.
        listener = tcp_socket(*where)
        address = Address(names=names, tls=files is not None, proxied=asked.proxied)
        server = door(made(self._inside, address), context=context)
        self._certificate.opened(server, files)
        return server, listener

    def _listens(self) -> Listens:
        address, reachable = self._place
        return Listens(address=address, reachable=reachable, fingerprint=self._certificate.fingerprint)

    def _mono(self) -> Nanos:
        return self._clock.now().mono


def alarms_out(asked: "House", control: Control, clock: Clock) -> "AlarmsOut | None":
    """Alarms to people, when the site file names some."""
    if asked.tell is None:
        return None
    from edgectl.daemon.telling import AlarmsOut

    return AlarmsOut(asked.site, asked.tell, control, clock)


def on_broker(asked: "House", control: Control) -> "AlarmsOnBroker | None":
    """Alarms on a broker, when the site file names one."""
    wanted = None if asked.tell is None else asked.tell.broker
    line = next((bus.line for bus in asked.buses if bus.name == wanted), None)
    if not isinstance(line, Broker):
        return None
    # Imported here: a house without a broker does not wait for the MQTT library.
    from edgectl.daemon.telling_mqtt import AlarmsOnBroker, testament
    from edgectl.drivers.links.mqtt import MqttLink

    site = asked.site.site_id
    link = MqttLink(line, f"edgectl-{site}-alarms", credential_file, will=testament(site))
    return AlarmsOnBroker(site, link, lambda: alarms(control.stepper.state), control.offer)


def _address(listener: socket.socket, *, tls: bool) -> tuple[str, bool]:
    """How one comes in, and whether from other machines. A door on every address is called by the machine's name."""
    host, port = listener.getsockname()[:2]
    place = ipaddress.ip_address(host)
    name = f"{socket.gethostname().lower()}.local" if place.is_unspecified else f"[{host}]" if ":" in host else host
    return f"{'https' if tls else 'http'}://{name}:{port}", not place.is_loopback


def mirror(asked: "House", control: Control, clock: Clock) -> "Mirror | None":
    """The picture for Home Assistant, when the site file asks for one."""
    wanted = asked.shown
    line = None if wanted is None else next((bus.line for bus in asked.buses if bus.name == wanted.broker), None)
    if wanted is None or not isinstance(line, Broker):
        return None
    from edgectl.daemon.mirror import Mirror, testament
    from edgectl.drivers.links.mqtt import MqttLink

    site = asked.site.site_id
    link = MqttLink(line, f"edgectl-{site}-mirror", credential_file, will=testament(site))
    return Mirror(link, wanted.prefix, lambda: control.stepper.state, clock.now)

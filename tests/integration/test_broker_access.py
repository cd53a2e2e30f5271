"""The shipped configuration on a real Mosquitto: TLS, certificates, and what two identities can do to each other."""

import asyncio
import socket
import ssl
import subprocess
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from edgectl.drivers.links import mqtt
from edgectl.drivers.links.mqtt import MqttLink
from edgectl.drivers.links.seam import LinkDown
from edgectl.drivers.wiring import Broker as Place
from edgectl.testing.broker import Broker

pytestmark = pytest.mark.timeout(240)

SHIPPED = Path(__file__).parents[2] / "systemd" / "mosquitto"
ROOT = "hydro/gh-1/zone-1"
KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")


@dataclass
class Client:
    """One identity at the broker, and what it heard."""

    client: paho.Client
    heard: list[tuple[str, bytes]] = field(default_factory=list)
    granted: list[bool] = field(default_factory=list)
    let_in: list[bool] = field(default_factory=list)

    def wait(self, condition: object, within_s: float = 60) -> bool:
        deadline = time.monotonic() + within_s
        while not condition():  # type: ignore[operator]
            if time.monotonic() > deadline:
                return False
            self.client.loop(0.02)
        return True

    def admitted(self) -> bool:
        """What the broker says to somebody at its door: yes, no, or it hangs up without a word."""
        deadline = time.monotonic() + 60
        while not self.let_in:
            assert time.monotonic() < deadline, "the broker says neither yes nor no"
            if self.client.loop(0.02) not in (paho.MQTT_ERR_SUCCESS, paho.MQTT_ERR_AGAIN):
                return any(self.let_in)
        return self.let_in[0]

    def say(self, topic: str, payload: str = "x", *, retain: bool = False) -> None:
        info = self.client.publish(topic, payload, 1, retain)
        self.wait(info.is_published)

    def hear(self, topics: str) -> None:
        before = len(self.granted)
        self.client.subscribe(topics, 1)
        assert self.wait(lambda: len(self.granted) > before)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate authority of the test, the broker's certificate, two nodes, and a stranger's own authority."""
    folder = tmp_path_factory.mktemp("certs")

    def run(*words: str) -> None:
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    for ca in ("ca", "other"):
        run("req", "-x509", *KEY, "-nodes", "-keyout", f"{ca}.key", "-out", f"{ca}.crt", "-days", "2",
            "-subj", f"/CN=test {ca}", "-addext", "basicConstraints=critical,CA:TRUE")  # fmt: skip
    (folder / "san").write_text("subjectAltName=IP:127.0.0.1\n")
    for name, ca in (("broker", "ca"), ("nd-1", "ca"), ("nd-2", "ca"), ("edgectl", "ca"), ("stranger", "other")):
        made = ("-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        run("req", *KEY, "-nodes", *made)
        run("x509", "-req", "-in", f"{name}.csr", "-CA", f"{ca}.crt", "-CAkey", f"{ca}.key", "-CAcreateserial",
            "-out", f"{name}.crt", "-days", "2", "-extfile", "san")  # fmt: skip
    for file, users in (("passwd", ("edgectl",)), ("plugs", ("plug-1", "plug-2", "homeassistant"))):
        (folder / file).touch()
        for user in users:
            subprocess.run(["mosquitto_passwd", "-b", str(folder / file), user, "pa55"], check=True)
    for file in folder.iterdir():
        file.chmod(0o600)
    return folder


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory, certificates: Path) -> Iterator[Broker]:
    """The shipped files with other paths and ports, and not one other change."""
    text = (SHIPPED / "edgectl.conf.example").read_text()
    text = "".join(line for line in text.splitlines(keepends=True) if not line.startswith("#"))
    for old, new in (
        ("/etc/mosquitto/certs", str(certificates)),
        ("/etc/mosquitto/edgectl.acl", str(SHIPPED / "edgectl.acl.example")),
        ("/etc/mosquitto/edgectl.passwd", str(certificates / "passwd")),
        ("/etc/mosquitto/plugs.passwd", str(certificates / "plugs")),
        ("listener 8883", "listener {port} 127.0.0.1"),
        ("listener 8884", "listener {third} 127.0.0.1"),
        ("listener 1883 127.0.0.1", "listener {other} 127.0.0.1"),
        ("persistence true", ""),
        ("autosave_interval 60", ""),
    ):
        assert text.count(old) >= 1, old
        text = text.replace(old, new)
    with Broker(tmp_path_factory.mktemp("broker"), config=text) as running:
        yield running


def connect(broker: Broker, certificates: Path, name: str, *, ca: str = "ca", certificate: bool = True) -> Client:
    """Connect by certificate. Raises OSError when the broker does not want us."""
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id=f"t-{name}-{time.monotonic_ns()}")
    files = {"certfile": str(certificates / f"{name}.crt"), "keyfile": str(certificates / f"{name}.key")}
    client.tls_set(ca_certs=str(certificates / f"{ca}.crt"), **(files if certificate else {}))
    return let_in(client, broker.port)


def plug(broker: Broker, certificates: Path, user: str, password: str = "pa55") -> Client:
    """Connect as a device that has a password and no certificate. Raises OSError when the broker does not want us."""
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id=f"p-{user}-{time.monotonic_ns()}")
    client.tls_set(ca_certs=str(certificates / "ca.crt"))
    client.username_pw_set(user, password)
    return let_in(client, broker.third)


def let_in(client: paho.Client, port: int) -> Client:
    """Somebody who listens. Raises OSError when the broker does not want them."""
    found = at_the_door(client, port)
    if not found.admitted():
        raise OSError("not let in")
    return found


def at_the_door(client: paho.Client, port: int) -> Client:
    """Somebody who has asked to come in."""
    found = Client(client)
    client.on_connect = lambda _c, _d, _f, code, _p: found.let_in.append(not code.is_failure)
    client.on_message = lambda _c, _d, message: found.heard.append((message.topic, message.payload))
    client.on_subscribe = lambda _c, _d, _m, codes, _p: found.granted.append(not codes[0].is_failure)
    client.connect("127.0.0.1", port)
    return found


def test_a_node_hears_its_own_orders_and_nobody_else_s(broker: Broker, certificates: Path) -> None:
    one, two = connect(broker, certificates, "nd-1"), connect(broker, certificates, "nd-2")
    edge = connect(broker, certificates, "edgectl")
    for node in (one, two):
        node.hear("#")
        node.hear(f"{ROOT}/nd-1/+/command")
        node.hear("hydro/+/+/+/+/command")
    edge.hear("hydro/#")
    edge.say(f"{ROOT}/nd-1/pump_main/command", "for one")
    edge.say(f"{ROOT}/nd-2/pump_main/command", "for two")
    edge.say("hydro/time/response", "the time")
    edge.say("hydro/gh-temp/zn-temp/nd-1/config", "its place")
    assert edge.wait(lambda: len(edge.heard) == 4), "the controller hears everything"
    for node, own, other in ((one, b"for one", b"for two"), (two, b"for two", b"for one")):
        assert node.wait(lambda node=node, own=own: own in [payload for _, payload in node.heard])
        node.wait(lambda: False, 0.3)
        assert other not in [payload for _, payload in node.heard]
        assert b"the time" in [payload for _, payload in node.heard]
    assert b"its place" in [payload for _, payload in one.heard]
    assert b"its place" not in [payload for _, payload in two.heard]


def test_a_node_speaks_under_its_own_name_only_and_gives_no_orders(broker: Broker, certificates: Path) -> None:
    one, edge = connect(broker, certificates, "nd-1"), connect(broker, certificates, "edgectl")
    edge.hear("hydro/#")
    allowed = [
        f"{ROOT}/nd-1/ph_sensor/telemetry",
        f"{ROOT}/nd-1/pump_main/command_response",
        f"{ROOT}/nd-1/storage_state/event",
        *(f"{ROOT}/nd-1/{kind}" for kind in ("status", "lwt", "heartbeat", "config_report", "error")),
        "hydro/node_hello",
        "hydro/time/request",
    ]
    forbidden = [
        f"{ROOT}/nd-1/pump_main/command",
        f"{ROOT}/nd-2/pump_main/command",
        f"{ROOT}/nd-2/pump_main/command_response",
        f"{ROOT}/nd-2/status",
        f"{ROOT}/nd-2/lwt",
        "hydro/gh-temp/zn-temp/nd-2/config",
        "hydro/time/response",
    ]
    for topic in [*forbidden, *allowed]:
        one.say(topic)
    one.say("hydro/node_hello", "the last")
    assert edge.wait(lambda: (("hydro/node_hello", b"the last")) in edge.heard)
    assert sorted({topic for topic, _ in edge.heard}) == sorted(allowed)


@pytest.mark.parametrize(("door", "a", "b"), [(connect, "nd-1", "nd-2"), (plug, "plug-1", "plug-2")])
def test_a_plug_of_either_maker_speaks_under_its_own_name_only_and_orders_nobody(
    broker: Broker, certificates: Path, door: Callable[[Broker, Path, str], Client], a: str, b: str
) -> None:
    one, two = door(broker, certificates, a), door(broker, certificates, b)
    edge = connect(broker, certificates, "edgectl")
    for topics in ("stat/#", "tele/#", "cmnd/#", "+/rpc", "+/online", "+/events/rpc", "edgectl-answers/#"):
        edge.hear(topics)
    for topics in ("#", "cmnd/+/+", f"cmnd/{b}/+", "+/rpc", f"{b}/rpc", "edgectl-answers/#"):
        two.hear(topics)
    allowed = [f"stat/{a}/RESULT", f"tele/{a}/LWT", f"{a}/online", f"{a}/events/rpc", "edgectl-answers/gh-1/nodes/rpc"]
    forbidden = [f"stat/{b}/RESULT", f"tele/{b}/LWT", f"cmnd/{b}/Power1", f"{b}/rpc", f"{a}/rpc", f"{b}/online"]
    for topic in [*forbidden, *allowed]:
        one.say(topic)
    edge.say(f"cmnd/{a}/Backlog0", "for one")
    edge.say(f"{a}/rpc", "for one")
    edge.say(f"{b}/rpc", "for two")
    assert edge.wait(lambda: len({topic for topic, _ in edge.heard}) == len(allowed) + 3)
    assert {topic for topic, _ in edge.heard} == {*allowed, f"cmnd/{a}/Backlog0", f"{a}/rpc", f"{b}/rpc"}
    assert two.wait(lambda: two.heard != [])
    two.wait(lambda: False, 0.3)
    assert {payload for _, payload in two.heard} == {b"for two"}, "nobody hears the orders and answers of others"


def test_home_assistant_sees_the_site_and_orders_nothing(broker: Broker, certificates: Path) -> None:
    looker, edge = plug(broker, certificates, "homeassistant"), connect(broker, certificates, "edgectl")
    for topics in ("#", "edgectl/#", "edgectl/1/#", "homeassistant/#", "hydro/#", "cmnd/#"):
        looker.hear(topics)
    for topics in ("hydro/#", "cmnd/#", "edgectl/#", "homeassistant/status"):
        edge.hear(topics)
    shown = ["edgectl/1/gh-1/sensor/ph", "homeassistant/device/edgectl_gh-1/config"]
    hidden = ["edgectl/gh-1/alarms", f"{ROOT}/nd-1/pump_main/command"]
    for topic in [*hidden, *shown]:
        edge.say(topic)
    assert looker.wait(lambda: len({topic for topic, _ in looker.heard}) >= 2)
    looker.wait(lambda: False, 0.3)
    assert {topic for topic, _ in looker.heard} == set(shown)
    for topic in (
        f"{ROOT}/nd-1/pump_main/command",
        "cmnd/plug-1/Power1",
        "edgectl/1/gh-1/sensor/ph",
        "hydro/time/response",
    ):
        looker.say(topic, "an order")
    looker.say("homeassistant/status", "an order")
    edge.say("hydro/node_hello", "the last")
    assert edge.wait(lambda: ("hydro/node_hello", b"the last") in edge.heard)
    assert b"an order" not in [payload for _, payload in edge.heard]


@pytest.mark.parametrize(
    ("name", "ca", "certificate"),
    [("stranger", "ca", True), ("nd-1", "ca", False), ("nd-1", "other", True)],
    ids=["a certificate of another authority", "no certificate", "a broker that the node does not know"],
)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # paho leaves the refused socket lying
def test_who_has_no_certificate_of_the_house_is_not_let_in(
    broker: Broker, certificates: Path, name: str, ca: str, certificate: bool
) -> None:
    with pytest.raises(OSError, match=r"."):
        connect(broker, certificates, name, ca=ca, certificate=certificate)


def our_end(broker: Broker, certificates: Path, **more: object) -> str:
    """Why the controller's own link was not let in, or did not go in; empty when it is."""
    own = {"ca": "ca.crt", "certificate": "edgectl.crt", "key": "edgectl.key"}
    place = Place(
        **{"host": "127.0.0.1", "port": broker.port, "protocol": "hydro2", "house": "gh-1", "tls": True, **own, **more}
    )  # type: ignore[arg-type]
    link = MqttLink(place, "edgectl-gh-1-nodes", lambda name: certificates / name)

    async def scene() -> str:
        try:
            await link.open((), lambda message: None, lambda why: None)
        except LinkDown as down:
            return str(down)
        link.close()
        return ""

    return asyncio.run(scene())


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({}, ""),
        ({"ca": "other.crt"}, "certificate verify failed"),
        ({"host": "localhost"}, "certificate is not valid for 'localhost'"),
        ({"certificate": "stranger.crt", "key": "stranger.key"}, "cannot be reached"),
        ({"certificate": "", "key": ""}, "cannot be reached"),
        ({"certificate": "lost.crt"}, "cannot be asked"),
        ({"tls": False}, "cannot be reached"),
    ],
)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # paho leaves the refused socket lying
def test_the_controller_goes_to_the_broker_that_it_knows_and_to_no_other(
    broker: Broker, certificates: Path, more: dict[str, object], why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if why:
        monkeypatch.setattr(mqtt, "CONNECT_WITHIN_S", 1.0)  # a broker that does not want us says nothing for so long
    said = our_end(broker, certificates, **more)
    assert bool(said) is bool(why), said
    assert why in said


@pytest.mark.parametrize(("newest", "let_in"), [(ssl.TLSVersion.TLSv1_1, False), (ssl.TLSVersion.TLSv1_2, True)])
def test_the_broker_speaks_no_old_tls(broker: Broker, certificates: Path, newest: ssl.TLSVersion, let_in: bool) -> None:
    context = ssl.create_default_context(cafile=str(certificates / "ca.crt"))
    context.load_cert_chain(certificates / "nd-1.crt", certificates / "nd-1.key")
    context.set_ciphers("ALL:@SECLEVEL=0")  # or this library would not even offer it
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, newest
    with socket.create_connection(("127.0.0.1", broker.port), timeout=10) as raw:
        try:
            context.wrap_socket(raw, server_hostname="127.0.0.1").close()
        except ssl.SSLError:
            assert not let_in
        else:
            assert let_in


@pytest.mark.parametrize(("user", "password"), [("edgectl", "pa55"), ("plug-1", "x"), ("nd-1", ""), ("", "")])
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # paho leaves the refused socket lying
def test_the_controller_s_password_opens_nothing_on_the_network(
    broker: Broker, certificates: Path, user: str, password: str
) -> None:
    with pytest.raises(OSError, match="not let in"):
        plug(broker, certificates, user, password)


@pytest.mark.parametrize(
    ("user", "password", "let_in"),
    [("plug-1", "pa55", False), ("edgectl", "pa55", True), ("edgectl", "x", False), ("", "", False)],
)
def test_on_this_machine_a_password_is_needed(broker: Broker, user: str, password: str, let_in: bool) -> None:
    client = paho.Client(CallbackAPIVersion.VERSION2)
    if user:
        client.username_pw_set(user, password)
    assert at_the_door(client, broker.other).admitted() is let_in

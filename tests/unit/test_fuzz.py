"""A million bent inputs for each decoder: no exception, no run without an end, no memory that grows.

A corpus of honest messages is bent by a seeded lot: bits, cuts, copies, pieces of other messages, words that parsers
stumble over. Where a checksum guards the depth it is put right again in a part of the runs, or nothing would ever get
past it. What a decoder may say is a fixed set of kinds; that the deep ones are reached at all is asserted too.
"""

import gc
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from edgectl.drivers.languages.ezo import Ezo
from edgectl.drivers.languages.lines import Lines
from edgectl.drivers.languages.modbus import Modbus
from edgectl.drivers.nodes.choice import protocol_of
from edgectl.drivers.pollplan import plan
from edgectl.drivers.profile import Profile
from edgectl.drivers.purpose import Look
from edgectl.drivers.reads import reads_of
from edgectl.drivers.registry import find
from edgectl.drivers.sim.node import Node
from edgectl.drivers.sim.plugs import ShellyPlug, TasmotaPlug
from edgectl.drivers.sim.streams import Console, Gas, Relays, Sonar
from edgectl.drivers.wiring import Broker, Bus, Device, SerialLine, TcpHost
from edgectl.model.inputs import Send
from edgectl.model.site import Actuator, FailSafe, Role, Sensor, Site
from edgectl.model.time import SECOND, Now
from tests.unit.test_faulty_wire import crc

pytestmark = pytest.mark.timeout(600)

RUNS = 1_000_000
CALM = 200_000  # runs after which nothing may be kept any more
GROWTH = 5_000  # blocks of memory; a leak of one block in a run would be a million
SLOWEST_S = 2.0  # of processor time for a thousand inputs, which take 0.05: a hang
WORDS = [
    b'"', b"{", b"}", b"[" * 40, b"null", b"true", b"1e999", b"-1", b"NaN", b"\\ud800", b"\xff\xfe", b"\x00", b"\r",
    b"\r\n", b"*OK\r", b"*ER\r", b"?i,", b",", b"9" * 60, b"-0.0", b'"POWER1":"ON"', b'"cmd_id":1', b'"ts":1e30',
    b"\xff\x86", b"\xa0", b"\x83\x02", b'{"a":' * 30,
]  # fmt: skip
WALL = 1_737_355_112


def bent(corpus: list[bytes], seed: int, repair: Callable[[bytes], bytes] | None) -> Iterator[bytes]:
    """Bent messages without an end. One in eight is bent again, one in eight stays honest, and one in eight of those
    with a sum is made whole again."""
    rng, size, again = random.Random(seed), len(corpus), b""
    while True:
        lot = rng.randbytes(4096 * 6)
        for at in range(0, 4096 * 6, 6):
            which, how, where, what, other, more = lot[at : at + 6]
            data = again or corpus[which % size]
            again = b""
            place = (where << 8 | other) % (len(data) + 1)
            match how & 7:
                case 0:
                    data = data[:place] + bytes((what,)) + data[place + 1 :]
                case 1:
                    data = data[:place]
                case 2:
                    data = data[:place] + data[place + (what & 15) :]
                case 3:
                    data = data[:place] + WORDS[what % len(WORDS)] + data[place:]
                case 4:
                    data = data[:place] + data[place // 2 : place // 2 + (what & 31)] + data[place:]
                case 5:
                    data = data[:place] + corpus[other % size][what & 15 :]
                case 6:
                    data = data[place:] + data[:place] if what & 1 else data + corpus[what % size]
                case _:
                    data = data[:place] + bytes((what, other)) + data[place + 2 :]
            if more < 32 and len(data) < 4000:
                again = data
                continue
            if repair is not None and more & 7 == 0:
                data = repair(data)
            yield corpus[which % size] if more & 7 == 1 else data


@dataclass
class Decoder:
    """What is fed, what eats it, and what it has to have said at least once."""

    corpus: list[bytes]
    eat: Callable[[bytes], object]
    reached: set[str]
    repair: Callable[[bytes], bytes] | None = None


def site(device: str, profile: Profile) -> Site:
    return Site(
        site_id="gh-1",
        name="s",
        timezone="UTC",
        sensors={name: Sensor(name=name, channel=f"{device}.{name}", unit="") for name in profile.channels},
        actuators={
            name: Actuator(name=name, channel=f"{device}.{name}", role=Role.LIGHT, fail_safe=FailSafe.NONE)
            for name in profile.outlets
        },
        zones={},
    )


def modbus(kind: str) -> Decoder:
    """Replies to reads of several kinds of number, and what a second master would say."""
    line = SerialLine(port="/dev/x") if kind == "modbus-rtu" else TcpHost(host="h")
    devices = tuple(
        Device(name=f"d{unit}", unit=unit, profile=find(name))
        for unit, name in ((1, "waveshare-relay-8ch"), (5, "qdy30a-level"), (7, "eastron-sdm230"))
    )
    bus = Bus(name="b", kind=kind, line=line, devices=devices)
    sites = {device.name: site(device.name, device.profile) for device in devices}
    questions, corpus = [], []
    for device in devices:
        alone = Bus(name="b", kind=kind, line=line, devices=(device,))
        language = Modbus(alone, sites[device.name])
        for block in plan(alone, sites[device.name]):
            question = language.question(device, Look(block=block))
            request = question.request
            data = request.reply_length - 2
            pdu = bytes([block.function, data]) + (b"\x00\x01\x3f\x80" * data)[:data]
            corpus.append(_framed(kind, request.unit, pdu))
            corpus.append(_framed(kind, request.unit, bytes([block.function | 0x80, 2])))
            questions.append(question)
    corpus.append(_framed(kind, 9, bytes([3, 0, 1, 0, 2])))
    language, turn = Modbus(bus, sites["d1"]), [0]

    def eat(data: bytes) -> object:
        turn[0] += 1
        if turn[0] & 7 == 0:
            return language.requests(data) or language.overheard(data)
        return questions[turn[0] % len(questions)].outcome(data)

    repair = (lambda data: data[:-2] + crc(data[:-2])) if kind == "modbus-rtu" else None
    return Decoder(corpus, eat, {"Measured", "Shown", "Refused"} | ({"tuple"} if repair else set()), repair)


def _framed(kind: str, unit: int, pdu: bytes) -> bytes:
    if kind == "modbus-rtu":
        return bytes([unit]) + pdu + crc(bytes([unit]) + pdu)
    return b"\0\0\0\0" + (len(pdu) + 1).to_bytes(2, "big") + bytes([unit]) + pdu


def ezo_line() -> Decoder:
    """A probe, a pump, and all that circuits print."""
    eaters = []
    for name in ("atlas-ezo-ec", "atlas-ezo-pmp"):
        device = Device(name="c", unit=None, profile=find(name), ml_per_s={"pump": 1.0})
        bus = Bus(name="b", kind="ezo-uart", line=SerialLine(port="/dev/x"), devices=(device,))
        language = Ezo(bus, site("c", device.profile))
        eaters += [
            language.question(device, Look(block=read)).outcome for read in reads_of(bus, site("c", device.profile))
        ]
        eaters.append(language.overheard)
    corpus = [
        b"7.012\r*OK\r", b"1413\r*OK\r", b"1413,700,0.69,1.001\r*OK\r", b"?i,pH,2.16\r*OK\r", b"?O,EC,TDS\r*OK\r",
        b"?D,10.50,1\r*OK\r", b"?ATV,434.50\r*OK\r", b"?PV,13.86\r*OK\r", b"*DONE,12.40\r", b"*RS\r*RE\r", b"*ER\r",
        b"*TOOFAST\r*ER\r", b"?C,0\r*OK\r", b"?,O,%,mg\r*OK\r", b"*OV\r", b"*SL\r",
    ]  # fmt: skip
    turn = [0]

    def eat(data: bytes) -> object:
        turn[0] += 1
        return eaters[turn[0] % len(eaters)](data)

    return Decoder(corpus, eat, {"Measured", "Shown", "Refused", "Lost"})


def frames() -> Decoder:
    """Sensors that are asked or speak by themselves, and a board."""
    eaters = []
    for name in ("a02yyuw", "mh-z19", "lcus-relay-4ch", "davis-vantage"):
        device = Device(name="d", unit=None, profile=find(name))
        bus = Bus(name="b", kind="serial-lines", line=SerialLine(port="/dev/x"), devices=(device,))
        asked = site("d", device.profile)
        question = Lines(bus, asked).question(device, Look(block=reads_of(bus, asked)[0]))
        eaters.append(question)
    sonar, board = Sonar(), Relays(4, lambda _number, _on: None)
    corpus = [sonar.frame() + sonar.frame() for _ in range(3)] + [Gas().frame(), board.frame(), board.frame()]
    corpus.append(Console().frame())
    turn = [0]

    def eat(data: bytes) -> object:
        turn[0] += 1
        question = eaters[turn[0] % len(eaters)]
        question.frame()
        half = len(data) // 2
        question.outcome(data[:half])
        return question.outcome(data)

    def whole(data: bytes) -> bytes:
        body = data[:8] if data[:2] == b"\xff\x86" else data[:3]
        return body + bytes([(-sum(body[1:]) if len(body) == 8 else sum(body)) & 0xFF])

    return Decoder(corpus, eat, {"Measured", "Shown"}, whole)


def protocol(kind: str) -> Decoder:
    """Messages of one protocol on their topics: topic and payload are bent together."""
    profiles = {"hydro2": "hydro2-irrig", "tasmota": "tasmota-plug", "shelly": "shelly-plus-1pm"}
    device = Device(name="it", unit=None, profile=find(profiles[kind]), node="nd-1", zone="zone-1", secret="s")
    line = Broker(host="h", port=1, protocol=kind, house="gh-1")
    speaks = protocol_of(Bus(name="b", kind="mqtt", line=line, devices=(device,)), lambda device: b"s3cret")
    now = Now(mono=100 * SECOND, wall=WALL * SECOND)
    output = next(iter(device.profile.outlets))
    send = Send(cmd_id="st-1", actuator="x", on=True, lease=5 * SECOND, not_after=now.mono + SECOND)
    orders = [speaks.ask(device, "q1", now), speaks.switch(device, output, send, "st-1", now)]
    said: list[tuple[str, bytes]] = []
    if kind == "hydro2":
        node = Node(name="nd-1", kind="irrig", secret="s3cret", synced=True)
        root = "hydro/gh-1/zone-1/nd-1/"
        for order in orders:
            for one in node.order(order.topic.split("/")[4], order.payload, now.mono, WALL):
                said.append((root + one.topic, json.dumps(one.body).encode()))
        status, event = {"status": "ONLINE", "ts": WALL}, {"event_code": "x", "ts": WALL, "snapshot": node.snapshot()}
        level = {"metric_type": "WATER_LEVEL_SWITCH", "value": 1, "ts": WALL}
        said += [
            (root + "status", json.dumps(status).encode()),
            (root + "config_report", json.dumps(node.report("gh-1", "zone-1")).encode()),
            (root + "storage_state/event", json.dumps(event).encode()),
            (root + "level_clean_min/telemetry", json.dumps(level).encode()),
            (root + "heartbeat", b'{"uptime":5,"free_heap":100}'),
            (root + "lwt", b"offline"),
        ]
        reached = {"Answer", "Measures", "Present", "Alive", "Happened", "Reports", "Unbelieved"}
    else:
        plug = (TasmotaPlug if kind == "tasmota" else ShellyPlug)(name="nd-1", watts=5.0)
        for order in orders:
            said += [(t, p.encode()) for t, p, _ in plug.hear(order.topic, order.payload.decode(), now.mono)]
        said += [(t, p.encode()) for t, p, _ in (*plug.hello(), *plug.telemetry())]
        if isinstance(plug, ShellyPlug):
            said += [(t, p.encode()) for t, p, _ in plug.press(1, now.mono)]
        reached = {"Answer", "Several", "Present", "Alive", "Happened", "Unbelieved"}
    corpus = [topic.encode() + b"\n" + payload for topic, payload in said]
    turn = [0]

    def eat(data: bytes) -> object:
        turn[0] += 1
        if kind != "hydro2" and turn[0] & 63 == 0:
            speaks.ask(device, "q1", now)  # an answer to it is good once
        topic, _, payload = data.partition(b"\n")
        return speaks.read(topic.decode("utf-8", "replace"), payload, retained=turn[0] & 31 == 0, now=now)

    return Decoder(corpus, eat, reached)


DECODERS: dict[str, Callable[[], Decoder]] = {
    "rtu": lambda: modbus("modbus-rtu"),
    "tcp": lambda: modbus("modbus-tcp"),
    "ezo": ezo_line,
    "frames": frames,
    **{kind: (lambda kind=kind: protocol(kind)) for kind in ("hydro2", "tasmota", "shelly")},  # type: ignore[misc]
}


def fuzzed(decoder: Decoder, seed: int, runs: int) -> tuple[Counter[type], float, int]:
    """Feed it. Returns what it said, its slowest batch, and how many blocks of memory it holds more than when calm."""
    said: Counter[type] = Counter()
    slowest, calm, eat = 0.0, 0, decoder.eat
    begin = time.process_time()
    for number, data in enumerate(bent(decoder.corpus, seed, decoder.repair), 1):
        said[type(eat(data))] += 1
        if number % 1000 == 0:
            end = time.process_time()
            slowest, begin = max(slowest, end - begin), end
            if number == min(CALM, runs // 5 // 1000 * 1000):
                gc.collect()
                calm, begin = sys.getallocatedblocks(), time.process_time()
        if number >= runs:
            break
    gc.collect()
    return said, slowest, sys.getallocatedblocks() - calm


@pytest.mark.parametrize("name", DECODERS)
def test_a_million_bent_inputs_break_nothing(name: str) -> None:
    decoder = DECODERS[name]()
    said, slowest, grown = fuzzed(decoder, 20, RUNS)
    assert said.total() == RUNS
    assert {kind.__name__ for kind in said} >= decoder.reached, "the bent inputs get past the first look"
    assert slowest < SLOWEST_S, f"a thousand inputs took {slowest:.1f} s"
    assert grown < GROWTH, f"{grown} blocks of memory more than after the first part"


def test_a_decoder_that_raises_or_keeps_what_it_heard_is_found() -> None:
    honest, kept = frames(), []
    with pytest.raises(UnicodeDecodeError):
        fuzzed(Decoder(honest.corpus, lambda data: data.decode("utf-8"), set()), 20, 5_000)
    _, _, grown = fuzzed(Decoder(honest.corpus, lambda data: kept.append(data + b"!"), set()), 20, 10_000)
    assert grown > GROWTH

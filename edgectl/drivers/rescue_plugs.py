"""Switch the relays of Tasmota and Shelly devices off without a daemon: tell them, ask, and believe what they show."""

import ssl
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from edgectl.drivers.nodes.choice import protocol_of
from edgectl.drivers.nodes.seam import Answer, Meaning, NodeProtocol, Several
from edgectl.drivers.profile import Outlet, Profile
from edgectl.drivers.rescue_session import Session
from edgectl.drivers.rescued import Means, Rescued
from edgectl.drivers.wiring import Broker, Bus, Device
from edgectl.model.inputs import ReplyStatus
from edgectl.model.ports import NoCredential
from edgectl.model.site import FailSafe
from edgectl.model.time import SECOND, Now, Trust

ANSWERS_WITHIN_S = 1.5
TRIES = 2


def rescue_plugs(bus: Mapping[str, Any], means: Means) -> list[Rescued]:
    """Switch every output of one MQTT bus of a safe plan off and look at it."""
    outputs = list(bus["outputs"])
    devices = {node: _device(node, [o for o in outputs if o["node"] == node]) for node in {o["node"] for o in outputs}}
    wired = Bus(name=bus["name"], kind="mqtt", line=Broker(**bus["line"]), devices=tuple(devices.values()))
    speaks = protocol_of(wired)
    now = Now(mono=0, wall=means.wall_s() * SECOND, trust=Trust.UNTRUSTED)
    shown: dict[tuple[str, str], bool] = {}  # by question and channel

    def heard(topic: str, payload: bytes, retained: bool) -> None:
        for answer in _answers(speaks.read(topic, payload, retained=retained, now=now)):
            if answer.status is ReplyStatus.DONE:
                shown.update({(answer.wire_id, channel): on for channel, on in answer.shows.items()})

    try:
        session = Session(bus["line"], means, [subscribed.topics for subscribed in speaks.subscriptions], heard)
    except (OSError, ssl.SSLError, NoCredential, ValueError) as error:
        return [Rescued(actuator=o["actuator"], proven=False, reason=f"bus {bus['name']}: {error}") for o in outputs]
    try:
        for _ in range(TRIES):
            asked = _off(session, speaks, devices, outputs, now)
            places = {output["actuator"]: (asked[output["node"]], output["channel"]) for output in outputs}
            session.wait(partial(_all_in, shown, tuple(places.values())), ANSWERS_WITHIN_S)
            rows = [_judge(name, shown.get(place)) for name, place in places.items()]
            if all(row.proven for row in rows):
                break
    finally:
        session.close()
    return rows


def _off(
    session: Session,
    speaks: NodeProtocol,
    devices: Mapping[str, Device],
    outputs: list[Mapping[str, Any]],
    now: Now,
) -> dict[str, str]:
    """OFF to all of them at once, then two questions to each device: the first one may be about its settings. Returns
    the id of the second by node."""
    asked = {}
    for output in outputs:
        order = speaks.off(devices[output["node"]], output["channel"], session.new_id(), now)
        session.publish(order.topic, order.payload)
    for node, device in devices.items():
        for _ in range(2):
            asked[node] = session.new_id()
            question = speaks.ask(device, asked[node], now)
            session.publish(question.topic, question.payload)
    return asked


def _device(node: str, outputs: list[Mapping[str, Any]]) -> Device:
    """As much of a device as an OFF and a look at it need."""
    outlets = {o["channel"]: Outlet(name=o["channel"], fail_safe=FailSafe.PULSE, number=o["number"]) for o in outputs}
    profile = Profile(
        name="it", title="", buses=frozenset({"mqtt"}), evidence="", source="", outlets=outlets,
        state=outputs[0]["state"],
    )  # fmt: skip
    return Device(name=node, unit=None, profile=profile, node=node)


def _answers(meaning: Meaning) -> Iterator[Answer]:
    for one in meaning.meanings if isinstance(meaning, Several) else (meaning,):
        if isinstance(one, Answer):
            yield one


def _all_in(shown: Mapping[tuple[str, str], bool], places: tuple[tuple[str, str], ...]) -> bool:
    return all(place in shown for place in places)


def _judge(name: str, on: bool | None) -> Rescued:
    reason = "it does not answer" if on is None else "it is still on" if on else ""
    return Rescued(actuator=name, proven=on is False, reason=reason)

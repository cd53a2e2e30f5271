"""Switch the outputs of nodes off without a daemon: connect, say OFF to all, and hear what they answer.

A node that shows its outputs is believed when it shows them off; of any other its DONE to the OFF is the proof.
"""

import secrets as lottery
import ssl
from collections.abc import Callable, Mapping
from typing import Any

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edgectl.drivers.codecs import hydro2_orders
from edgectl.drivers.codecs.hydro2 import Response, Status, place
from edgectl.drivers.codecs.hydro2_orders import Order
from edgectl.drivers.codecs.hydro2_read import message, snapshot
from edgectl.drivers.rescued import Means, Rescued
from edgectl.model.ports import NoCredential

CONNECT_WITHIN_S = 3.0
ANSWERS_WITHIN_S = 1.2
ROUND_S = 0.02
TRIES = 2
LIVES_S = 10


class _Session:
    """One short connection. `answers` are the first last words of nodes, by the id of the order."""

    def __init__(self, line: Mapping[str, Any], means: Means) -> None:
        self.answers: dict[str, Response] = {}
        self._house = str(line["house"])
        self._means = means
        self._ready = False
        self._life, self._number = lottery.token_hex(4), 0
        self._client = client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id=f"edgectl-rescue-{self._life}", protocol=paho.MQTTv5
        )
        if line.get("username"):
            password = means.credential(line["password"]).read_text().strip() if line.get("password") else None
            client.username_pw_set(line["username"], password)
        if line.get("tls"):
            client.tls_set_context(_tls(line, means))
        client.on_connect = self._connected
        client.on_subscribe = self._subscribed
        client.on_message = self._heard
        client.connect_timeout = CONNECT_WITHIN_S
        client.connect(line["host"], line["port"], clean_start=True)
        if not self.wait(lambda: self._ready, CONNECT_WITHIN_S):
            raise OSError("the broker does not answer, or does not let us in")

    def wait(self, until: Callable[[], bool], within_s: float) -> bool:
        """Let the network speak until something is so, for so many rounds at most."""
        for _ in range(round(within_s / ROUND_S)):
            if until():
                return True
            if self._client.loop(ROUND_S) != paho.MQTT_ERR_SUCCESS:
                break
        return until()

    def order(self, output: Mapping[str, Any], channel: str, cmd: tuple[str, dict[str, Any]]) -> str:
        """Say something to a node. Returns the id under which it will answer. Raises NoCredential and ValueError."""
        self._number += 1
        wire_id = f"r{self._life}-{self._number}"
        secret = self._means.credential(output["secret"]).read_bytes().strip()
        order = Order(cmd_id=wire_id, cmd=cmd[0], params=cmd[1], ts_s=self._means.wall_s())
        topic = hydro2_orders.topic(self._house, output["zone"], output["node"], channel)
        lives = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        lives.MessageExpiryInterval = LIVES_S
        self._client.publish(topic, hydro2_orders.signed(order, secret), 1, properties=lives)
        return wire_id

    def close(self) -> None:
        """Good-bye."""
        self._client.disconnect()
        self._client.loop(ROUND_S)

    def _connected(self, client: paho.Client, *_: object) -> None:
        client.subscribe(f"hydro/{self._house}/+/+/+/command_response", 1)

    def _subscribed(self, *_: object) -> None:
        self._ready = True

    def _heard(self, _client: object, _data: object, said: paho.MQTTMessage) -> None:
        where = None if said.retain else place(said.topic)
        answer = None if where is None else message(where, said.topic, bytes(said.payload))
        if isinstance(answer, Response) and answer.status is not Status.ACK:
            self.answers.setdefault(answer.cmd_id, answer)


def rescue_nodes(bus: Mapping[str, Any], means: Means) -> list[Rescued]:
    """Switch every output of one MQTT bus of a safe plan off and hear that it is."""
    outputs = list(bus["outputs"])
    if not outputs:
        return []
    try:
        session = _Session(bus["line"], means)
    except (OSError, ssl.SSLError, NoCredential, ValueError) as error:
        return [Rescued(actuator=o["actuator"], proven=False, reason=f"bus {bus['name']}: {error}") for o in outputs]
    told: dict[str, Rescued] = {}
    try:
        for _ in range(TRIES):
            open_ = [output for output in outputs if not getattr(told.get(output["actuator"]), "proven", False)]
            told |= {row.actuator: row for row in _off(session, open_)}
    finally:
        session.close()
    return [told[output["actuator"]] for output in outputs]


def _off(session: _Session, outputs: list[Mapping[str, Any]]) -> list[Rescued]:
    """One round: OFF to all of them at once, then a look at those that show themselves."""
    offs, looks, rows = {}, {}, []
    for output in outputs:
        name, lamp = output["actuator"], output["channel"] == "white_light"
        off: tuple[str, dict[str, Any]] = ("light_off", {}) if lamp else hydro2_orders.set_relay(False)
        try:
            offs[name] = session.order(output, output["channel"], off)
            looks[name] = session.order(output, output["state"], ("state", {})) if output["state"] else ""
        except (NoCredential, OSError, ValueError) as error:
            rows.append(Rescued(actuator=name, proven=False, reason=str(error)))
    awaited = {wire_id for wire_id in (*offs.values(), *looks.values()) if wire_id}
    session.wait(lambda: awaited <= set(session.answers), ANSWERS_WITHIN_S)
    for output in outputs:
        if (name := output["actuator"]) in looks:
            rows.append(_judge(output, session.answers.get(offs[name]), session.answers.get(looks[name])))
    return rows


def _judge(output: Mapping[str, Any], off: Response | None, look: Response | None) -> Rescued:
    name, reason = output["actuator"], ""
    if output["state"]:
        shown = None if look is None else snapshot(look.details.get("snapshot")).get(output["channel"])
        if shown is not False:
            reason = "no reply" if look is None else "it does not show itself" if shown is None else "it is still on"
    elif off is None or off.status not in (Status.DONE, Status.NO_EFFECT):
        reason = "no reply" if off is None else f"it answers {off.status.value} to OFF"
    return Rescued(actuator=name, proven=not reason, reason=reason)


def _tls(line: Mapping[str, Any], means: Means) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(means.credential(line["ca"])) if line.get("ca") else None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if line.get("certificate"):
        context.load_cert_chain(means.credential(line["certificate"]), means.credential(line["key"]))
    return context

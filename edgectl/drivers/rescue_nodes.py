"""Switch the outputs of nodes off without a daemon: connect, say OFF to all, and hear what they answer.

A node that shows its outputs is believed when it shows them off; of any other its DONE to the OFF is the proof.
"""

import ssl
from collections.abc import Mapping
from typing import Any

from edgectl.drivers.codecs import hydro2_orders
from edgectl.drivers.codecs.hydro2 import Response, Status, place
from edgectl.drivers.codecs.hydro2_orders import Order
from edgectl.drivers.codecs.hydro2_read import message, snapshot
from edgectl.drivers.nodes.hydro2 import NO_SUCH_ORDER
from edgectl.drivers.rescue_plugs import rescue_plugs
from edgectl.drivers.rescue_session import Session
from edgectl.drivers.rescued import Means, Rescued
from edgectl.model.ports import NoCredential

ANSWERS_WITHIN_S = 1.2
TRIES = 2


class _House:
    """The orders of one rescue. `answers` are the first last words of nodes, by the id of the order."""

    def __init__(self, line: Mapping[str, Any], means: Means) -> None:
        self.answers: dict[str, Response] = {}
        self._house, self._means = str(line["house"]), means
        self._session = Session(line, means, (f"hydro/{self._house}/+/+/+/command_response",), self._heard)
        self.wait, self.close = self._session.wait, self._session.close
        # Nodes that came up with us have no clock, and nobody else is here to tell them.
        self._session.publish(*hydro2_orders.the_time(means.wall_s()))

    def order(self, output: Mapping[str, Any], channel: str, cmd: tuple[str, dict[str, Any]]) -> str:
        """Say something to a node. Returns the id under which it will answer. Raises NoCredential and ValueError."""
        wire_id = self._session.new_id()
        secret = self._means.credential(output["secret"]).read_bytes().strip()
        order = Order(cmd_id=wire_id, cmd=cmd[0], params=cmd[1], ts_s=self._means.wall_s())
        topic = hydro2_orders.topic(self._house, output["zone"], output["node"], channel)
        self._session.publish(topic, hydro2_orders.signed(order, secret))
        return wire_id

    def _heard(self, topic: str, payload: bytes, retained: bool) -> None:
        where = None if retained else place(topic)
        answer = None if where is None else message(where, topic, payload)
        if isinstance(answer, Response) and answer.status is not Status.ACK:
            self.answers.setdefault(answer.cmd_id, answer)


def rescue_nodes(bus: Mapping[str, Any], means: Means) -> list[Rescued]:
    """Switch every output of one MQTT bus of a safe plan off and hear that it is."""
    outputs = list(bus["outputs"])
    if not outputs:
        return []
    if bus["line"].get("protocol") in ("shelly", "tasmota"):
        return rescue_plugs(bus, means)
    try:
        session = _House(bus["line"], means)
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


def _off(session: _House, outputs: list[Mapping[str, Any]]) -> list[Rescued]:
    """One round: OFF to all of them at once, then a look at those that show themselves."""
    offs, looks, rows = {}, {}, []
    for output in outputs:
        name, lamp = output["actuator"], output["channel"] == "white_light"
        off = hydro2_orders.switched(
            output.get("order") or ("light" if lamp else ""), False
        )  # older plans name no order
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
        if off is not None and off.error_code in NO_SUCH_ORDER:
            reason = "it knows no OFF: a run that has begun ends by itself"
    return Rescued(actuator=name, proven=not reason, reason=reason)

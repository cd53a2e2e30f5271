"""What one bus has to tell the engine: answers to orders, states of outputs, samples, and who is well."""

from edgectl.drivers.health import Health
from edgectl.drivers.reads import Read
from edgectl.model.deadman import DeviceSet
from edgectl.model.inputs import DeviceHealth, Input, ReadBack, Reply, ReplyStatus, Send
from edgectl.model.time import Nanos


class News:
    """Collected until somebody takes it."""

    def __init__(self) -> None:
        self._items: list[Input] = []

    def take(self) -> list[Input]:
        """Everything since the last time, once."""
        items, self._items = self._items, []
        return items

    def tell(self, item: Input) -> None:
        """One more."""
        self._items.append(item)

    def reply(self, send: Send, status: ReplyStatus, now: Nanos, evidence: str = "") -> None:
        """What became of an order."""
        self.tell(Reply(cmd_id=send.cmd_id, status=status, at=now, evidence=evidence))

    def blind(self, block: Read, now: Nanos, why: str) -> None:
        """The outputs of a read cannot be seen."""
        for name in block.outputs:
            self.tell(ReadBack(actuator=name, on=None, at=now, evidence=why))

    def drop(self, item: Send | Read, now: Nanos, why: str) -> None:
        """Something that waited will not be sent."""
        if isinstance(item, Send):
            self.reply(item, ReplyStatus.SEND_FAILED, now, why)
        else:
            self.blind(item, now, why)

    def ill(self, health: Health, why: str, now: Nanos) -> None:
        """A device cannot be relied on. Told once until it is well."""
        told, health.down, health.why = health.down, True, why
        if not told:
            self.tell(DeviceHealth(device=health.device.name, healthy=False, at=now, reason=why))

    def armed(self, health: Health, now: Nanos) -> None:
        """What was written into a device has been read back."""
        for put in health.put:
            self.tell(DeviceSet(device=health.device.name, what=put.what, before=put.before, after=put.value, at=now))
        health.put.clear()

    def well(self, health: Health, now: Nanos) -> None:
        """A device answers, and has shown who it is."""
        if health.down and not health.unverified:
            health.down = False
            self.tell(DeviceHealth(device=health.device.name, healthy=True, at=now))

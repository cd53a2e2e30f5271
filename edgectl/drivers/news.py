"""What one bus has to tell the engine: answers to orders, states of outputs, samples, and who is well."""

from collections.abc import Iterator
from dataclasses import replace
from math import nan

from edgectl.drivers.clones import Clone
from edgectl.drivers.decode import samples_of
from edgectl.drivers.health import Health
from edgectl.drivers.reads import Read
from edgectl.drivers.wirelog import WireLog
from edgectl.model.channel import Absence
from edgectl.model.codes import Code
from edgectl.model.deadman import DeviceSet
from edgectl.model.inputs import Concern, DeviceHealth, Input, ReadBack, Reply, ReplyStatus, Samples, Send
from edgectl.model.time import Nanos

Values = tuple[tuple[str, float | str], ...]
ENOUGH = 3  # reads in a row


class News:
    """Collected until somebody takes it."""

    def __init__(self) -> None:
        self._items: list[Input] = []
        self._strange: dict[str, int] = {}  # device -> reads in a row that only a clone explains

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

    def ill(self, health: Health, why: str, now: Nanos, asked_by: str = "", advice: str = "") -> None:
        """A device cannot be relied on. Told once until it is well."""
        told, health.down, health.why = health.down, True, why
        if not told:
            name = health.device.name
            self.tell(DeviceHealth(device=name, healthy=False, at=now, reason=why, asked_by=asked_by, advice=advice))

    def measured(self, health: Health, values: Values, began: Nanos, ids: Iterator[int], log: WireLog) -> None:
        """What a device measured. Of one that warms up nothing is believed, and a clone is named."""
        block = samples_of(values, began, ids, log)
        if health.device.profile.warm_up and health.cold(began):
            block = tuple(replace(one, value=nan, why=Absence.WARMING_UP) for one in block)
        self.tell(Samples(block=block))
        self._suspect(health, values)

    def _suspect(self, health: Health, values: Values) -> None:
        """One strange number is a bad moment, several in a row are another device. Only what was told is taken back."""
        strange = [(full, why) for full, why in values if isinstance(why, str)]
        if not strange and not self._strange:
            return
        device = health.device
        clones = [f"{full} {why}" for full, why in strange if isinstance(why, Clone)]
        if clones:
            self._strange[device.name] = count = self._strange.get(device.name, 0) + 1
            if count == ENOUGH:
                name = device.profile.name
                what = f"{device.name} is wired as a {name}, and counts otherwise: {clones[0]}"
                do = f"write the profile that it names in the site file, or put a real {name} there"
                self.tell(_concern(device.name, what, do, active=True))
        elif not strange and self._strange.pop(device.name, 0) >= ENOUGH:
            self.tell(_concern(device.name, active=False))

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


def _concern(device: str, message: str = "", advice: str = "", *, active: bool) -> Concern:
    return Concern(code=Code.WRONG_SCALE, subject=device, active=active, message=message, advice=advice)

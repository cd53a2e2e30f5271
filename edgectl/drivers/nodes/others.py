"""Somebody else who gives orders to devices of a bus: a person is called, for two who order cannot both be right.

Nothing is switched off for it, as it is on a wire: orders at a broker do not destroy each other, and what the other one
switched is seen at the outputs.
"""

from collections.abc import Iterable

from edgectl.drivers.news import News
from edgectl.drivers.nodes.told import plain
from edgectl.model.codes import Code
from edgectl.model.inputs import Concern
from edgectl.model.time import SECOND, Nanos

QUIET: Nanos = 600 * SECOND  # after so long without a word the other one is gone
_ADVICE = (
    "find who else speaks to it (another controller, Home Assistant, an app) and take its right to: the access list in "
    "systemd/mosquitto lets this controller alone give orders"
)


class Others:
    """When each device was last ordered something that we did not say.

    Whoever was heard in a former life has left an alarm of which this one knows nothing: a device that is left alone
    for as long from the start on is said to be so once.
    """

    def __init__(self, devices: Iterable[str], news: News) -> None:
        self._news = news
        self._heard_at: dict[str, Nanos] = {}
        self._unheard = set(devices)
        self._since: Nanos | None = None  # the first look of this life

    def heard(self, device: str, why: str, now: Nanos) -> None:
        """An order of somebody else."""
        if device not in self._heard_at:
            message = f"{device}: {plain(why)}"
            self._news.tell(
                Concern(code=Code.FOREIGN_MASTER, subject=device, active=True, message=message, advice=_ADVICE)
            )
        self._heard_at[device] = now
        self._unheard.discard(device)

    def watch(self, now: Nanos) -> None:
        """Who has been left alone for long enough?"""
        self._since = now if self._since is None else self._since
        alone = [name for name, at in self._heard_at.items() if now - at >= QUIET]
        if self._unheard and now - self._since >= QUIET:
            alone += sorted(self._unheard)
            self._unheard.clear()
        for device in alone:
            self._heard_at.pop(device, None)
            self._news.tell(Concern(code=Code.FOREIGN_MASTER, subject=device, active=False))

"""What happens to the controller itself: a device falls silent, the disk refuses, the power of the house is asked off.

Each becomes one alarm with what to do, and is calmed when its cause is gone.
"""

from edgectl.engine.draft import Draft
from edgectl.engine.rules import crashes, explained
from edgectl.engine.rules.alarms import silence, together
from edgectl.engine.rules.orders import switch_off
from edgectl.model.deadman import DeviceSet
from edgectl.model.inputs import ClockStepped, Concern, DeviceHealth, MakeSafe, ReserveUsed, Shutdown, Storage
from edgectl.model.site import Site

FAR_S = 10.0  # a smaller correction of the clock hides no dose


def device(draft: Draft, news: DeviceHealth) -> None:
    """A device began or ceased to answer. Its zone stops by the guards; here a person is told."""
    subject = news.device
    if news.healthy:
        draft.note("DEVICE_BACK", device=subject)
        draft.calm(silence(draft.state.site, subject), subject)
        return
    draft.note("DEVICE_SILENT", device=subject, why=news.reason)
    explained.by_silence(draft, subject)
    if not news.advice and together(draft, subject):
        return
    node = subject in draft.state.site.nodes
    look = f"check power and network of {subject}" if node else f"check power, cable and address of {subject}"
    look += f", then {news.asked_by}" if news.asked_by else ""
    look = news.advice or look
    draft.alert(
        silence(draft.state.site, subject),
        subject,
        f"{subject}: {news.reason}",
        f"{look}; {_meaning(draft.state.site, subject)}",
    )


def device_set(draft: Draft, news: DeviceSet) -> None:
    """A device would not have fallen safe by itself, and now does. A person should know who had it otherwise."""
    draft.note(
        "DEVICE_SET_UP",
        device=news.device,
        who="engine",
        why="a silent controller must not leave it as it is",
        what=news.what,
        before=news.before,
        after=news.after,
    )


def storage(draft: Draft, news: Storage) -> None:
    """The disk failed a commit, or takes entries again. What waited is written with the next commit."""
    if news.ok:
        draft.note("STORAGE_BACK")
        draft.calm("storage_degraded", "journal")
        return
    draft.alert(
        "storage_degraded",
        "journal",
        f"the journal does not take entries: {news.reason}",
        "make room on the disk or change the card; until then nothing is switched on, and what runs ends by itself",
    )


def reserve_used(draft: Draft, news: ReserveUsed) -> None:
    """The disk is full; the reserve lets the last words through, and then it is over. Once it can be laid again there
    is room."""
    if news.back:
        draft.calm("storage_tight", "disk")
        return
    draft.alert(
        "storage_tight",
        "disk",
        "the disk is full: this was written only because a reserve was given up for it",
        "make room now; when the rest is used up nothing is switched on any more",
    )


def clock_stepped(draft: Draft, news: ClockStepped) -> None:
    """The wall clock was set. Durations do not notice; the calendar looks again, and the accounts of the last day no
    longer believe the wall for what was given before: a clock set forward by a day must not empty them. One that nobody
    believed has dated nothing, and is right only now: plants that were dry before a power cut are so after it."""
    draft.note("CLOCK_STEPPED", seconds=round(news.seconds, 3))
    if news.believed and abs(news.seconds) >= FAR_S:
        for ledger in draft.ledgers():
            draft.put(ledger.adrift())


def concern(draft: Draft, news: Concern) -> None:
    """Somebody beside the loop, such as the uplink, has something that a person must know."""
    if news.active:
        draft.alert(news.code, news.subject, news.message, news.advice)
    else:
        draft.calm(news.code, news.subject)


def shutdown(draft: Draft, order: Shutdown) -> None:
    """The controller is asked to end: every output that may be on goes off now, and nothing starts any more."""
    draft.note("SHUTDOWN", why=order.why)
    crashes.end_well(draft)
    for output in draft.owed():
        switch_off(draft, output, planned=False, why=f"the controller ends: {order.why}")
    for name in draft.dangerous():
        draft.effect(MakeSafe(actuator=name, reason=order.why))


def _meaning(site: Site, silent: str) -> str:
    outputs = sorted(name for name, actuator in site.actuators.items() if actuator.device == silent)
    if outputs:
        return f"until it answers nothing switches {', '.join(outputs)} on"
    sensors = {name for name, sensor in site.sensors.items() if sensor.devices == {silent}}
    stopped = sorted(
        name
        for name, actuator in site.actuators.items()
        if any(condition.sensor in sensors for condition in (*actuator.requires, *actuator.stop_if))
    )
    if stopped:
        return f"until it answers {', '.join(stopped)} stays off"
    proofs = sorted(zone.name for zone in site.zones.values() if {zone.flow, zone.meter, zone.tank} & sensors)
    return f"until it answers {', '.join(proofs)} may not be watered" if proofs else "nothing else depends on it"

"""Does every stage fit into the limits of what it opens? Work that cannot end as planned is a mistake in the file."""

from edgectl.config.findings import Findings
from edgectl.config.parts import Parts
from edgectl.config.quantities import show
from edgectl.config.rules.outputs import outlet_of
from edgectl.drivers.profile import Outlet
from edgectl.engine.workflows.fit import Span, spans
from edgectl.model.site import FailSafe, Site
from edgectl.model.time import SECOND, Nanos

# What makes a fill shorter than its longest.
FILLS = {
    "clean_fill": "fill_rate of the circuit",
    "refill": "fill_rate of the circuit",
    "solution_fill": "rate of the zone, or solution_rate of the circuit,",
    "irrigation_fill": "rate of the chemistry",
}


def report(site: Site, parts: Parts, findings: Findings) -> None:
    """Report each output whose limit is shorter than the longest stage that needs it."""
    longest: dict[str, Span] = {}
    for span in spans(site):
        if span.lease > longest.get(span.actuator, span).lease or span.actuator not in longest:
            longest[span.actuator] = span
    for name, span in sorted(longest.items()):
        entry = parts.actuators[name]
        path = ("actuators", name, "max_on")
        needs = f"the {show(_whole(span.lease))} that {span.workflow} of {span.zone} needs it ({span.stage})"
        hint = f"write at least {show(_whole(span.lease))}"
        if span.stage in FILLS:
            hint += f"; a known {FILLS[span.stage]} may ask for less"
        limit = site.actuators[name].max_on
        if limit is not None and limit < span.lease:
            findings.value(path, f"{show(limit)} is shorter than {needs}", hint)
            continue
        timer = _timer(outlet_of(parts, entry))
        if timer is not None and timer < span.lease:
            what = f"the timer of {entry.to} can count {show(timer)}, which is shorter than {needs}"
            findings.value(("actuators", name, "to"), what, "use an output with a longer timer, or tell the rates")


def _timer(outlet: Outlet | None) -> Nanos | None:
    pulsed = outlet is not None and outlet.fail_safe is FailSafe.PULSE
    return outlet.pulse_max if outlet is not None and pulsed else None


def _whole(lease: Nanos) -> Nanos:
    return -(-lease // SECOND) * SECOND

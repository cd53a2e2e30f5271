"""What a person says after pressing an output: did the load behind it move? Kept until the wire is another one."""

from edgectl.engine.draft import Draft
from edgectl.model.hands import Tried
from edgectl.model.inputs import Answer
from edgectl.model.timeline import Latch


def tried(draft: Draft, order: Tried) -> None:
    """Write down what was seen. The newest word counts; the timeline keeps them all."""
    actuator = draft.state.site.actuators.get(order.actuator)
    if actuator is None:
        known = ", ".join(sorted(draft.state.site.actuators))
        why = f"there is no output {order.actuator[:60]!r}; there are: {known}"
        draft.effect(Answer(token=order.token, ok=False, code="unknown_actuator", body={"why": why}))
        return
    draft.put(
        Latch(
            name=f"tried:{actuator.name}",
            held=True,
            since=draft.now.wall,
            who=order.who,
            why=actuator.channel,
            value=float(order.moved),
        )
    )
    draft.note(
        "OUTPUT_TRIED",
        actuator=actuator.name,
        channel=actuator.channel,
        moved=order.moved,
        read_back=order.read_back,
        who=order.who,
        why=order.why,
    )
    draft.effect(Answer(token=order.token, ok=True, code="ok", body={"moved": order.moved}))

"""What the centre asks for is heard like anything else: same guards, same deadlines, and its answer is a line.

The answer is written in the commit that makes it true. So a request that is delivered again after a crash has either
been answered, or nothing of it was done.
"""

from collections.abc import Callable

from edgectl.engine.draft import Draft
from edgectl.engine.rules.latched import latch_name
from edgectl.engine.rules.overrides import named
from edgectl.model.codes import Code
from edgectl.model.hands import Override
from edgectl.model.inputs import Answer, CentreRequest, Input, Restrain

FROM_CENTRE = "centre:"


def hear(draft: Draft, item: CentreRequest, hear_wish: Callable[[Draft, Input], None]) -> None:
    """Do what is asked, or say in words why not."""
    ask = item.ask
    code, why = _refusal(draft, item)
    ok, task_id = False, None
    if not code:
        assert item.wish is not None, "what is not understood is refused"
        hear_wish(draft, item.wish)
        given = next(e for e in draft.effects if isinstance(e, Answer) and e.token == item.token)
        ok, code, why = given.ok, str(given.code), str(given.body.get("why", ""))
        task_id = given.body.get("task_id")
    else:
        draft.effect(Answer(token=item.token, ok=False, code=code, body={"why": why}))
    draft.note(
        "CENTRE_REQUEST_ANSWERED",
        task_id=task_id,
        request_id=ask.request_id,
        kind=ask.kind,
        who=ask.who,
        ok=ok,
        code=code,
        why=why,
    )


def _refusal(draft: Draft, item: CentreRequest) -> tuple[str, str]:
    if item.refusal:
        return item.code, item.refusal
    if item.ask.expires_at <= draft.now.wall:
        return Code.EXPIRED, "it arrived after its end"
    before = draft.latch(_undone(item.wish))
    if before is not None and before.held and not before.who.startswith(FROM_CENTRE):
        # Whoever stands there may have a reason that nobody sees from afar.
        return Code.HELD_ON_SITE, f"{before.who} put it on at the site, and only there it is released or changed"
    return "", ""


def _undone(wish: Input | None) -> str:
    """The latch that this would release or put another in the place of. Another hold or value is the end of the one
    before, even a longer one: whoever gave it could take it back."""
    match wish:
        case Restrain():
            return latch_name(wish.what, wish.zone)
        case Override():
            return named(wish.zone, wish.setting)
    return ""

"""A request of the centre becomes an input of the engine, or a refusal with a sentence."""

import asyncio
import logging
import math
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Protocol

from edgectl.daemon.control import Control, Refused
from edgectl.engine.state import Phase
from edgectl.journal.errors import JournalError
from edgectl.model.ask import Ask, SendRaw, Tighten
from edgectl.model.hands import Override
from edgectl.model.inputs import Cancel, CentreRequest, Restrain, Restraint, TaskRequest, Wish
from edgectl.model.ports import Clock
from edgectl.model.task import Task
from edgectl.model.time import Nanos, from_datetime, seconds

LOG = logging.getLogger("edgectl")
ANSWER_WITHIN_S = 10.0
LONGEST_S = 1e8
WORDS = 200
MOST_SENSORS = 200


class Reads(Protocol):
    """What must be looked up before the engine is asked."""

    async def answered(self, request_id: str) -> bool:
        """Was this request answered already?"""

    async def task_by_correlation(self, correlation_id: str) -> Task | None:
        """The task that bears a correlation id."""


class _Unclear(Exception):
    """The request cannot be understood; the sentence says where."""


class CentreDesk:
    """Brings requests of the centre into the inbox and waits for their answers to be on the disk."""

    def __init__(self, control: Control, reads: Reads, clock: Clock) -> None:
        self._control, self._reads, self._clock = control, reads, clock

    async def answer(self, ask: Ask) -> bool:
        """Have it answered. False while the house is not ready: nothing may wait there unseen."""
        if self._control.stepper.state.phase is not Phase.READY:
            return False
        try:
            if await self._reads.answered(ask.request_id):
                return True
            wish, code, why = await self.understood(ask)
            async with asyncio.timeout(ANSWER_WITHIN_S):
                await self._control.ask(
                    lambda token: CentreRequest(
                        token=token, ask=ask, wish=None if wish is None else wish(token), code=code, refusal=why
                    )
                )
        except (TimeoutError, Refused, JournalError) as error:
            LOG.warning("request %s of the centre has to wait: %s", ask.request_id, error)
            return False
        return True

    async def understood(self, ask: Ask) -> tuple[Callable[[int], Wish] | None, str, str]:
        """What it comes to, as an input still without its token; else a code and a sentence."""
        if ask.flaw:
            return None, "payload_invalid", ask.flaw
        try:
            match ask.kind:
                case "task":
                    return await self._task(ask), "", ""
                case "hold" | "release":
                    return self._hold(ask), "", ""
                case "override":
                    return self._override(ask), "", ""
                case "limits":
                    return self._limits(ask), "", ""
                case "raw":
                    return self._raw(ask), "", ""
                case "cancel":
                    task_id = _text(ask.payload, "task_id")
                    return lambda token: Cancel(token=token, task_id=task_id, who=ask.who), "", ""
        except _Unclear as unclear:
            return None, "payload_invalid", str(unclear)
        known = "task, hold, release, override, limits, raw and cancel are"
        return None, "unknown_request", f"{ask.kind[:40]!r} is nothing that this site can be asked for; {known}"

    async def _task(self, ask: Ask) -> Callable[[int], Wish]:
        payload = ask.payload.get("payload", {})
        if not isinstance(payload, dict):
            raise _Unclear("payload.payload must be an object")
        zone, kind = self._zone(ask.payload), _text(ask.payload, "task_type")
        correlation = ask.correlation_id or f"centre:{ask.request_id}"
        known = await self._reads.task_by_correlation(correlation)
        # It asks for now, to begin by its due_at at the latest; under the same name it is the same wish as before.
        asked_at = self._clock.now().wall if known is None else known.scheduled_for
        scheduled = _instant(ask.payload, "scheduled_for")
        return lambda token: TaskRequest(
            token=token,
            zone=zone,
            task_type=kind,
            payload=payload,
            source="centre",
            correlation_id=correlation,
            scheduled_for=min(asked_at, ask.due_at) if scheduled is None else scheduled,
            due_at=ask.due_at,
            expires_at=ask.expires_at,
            known=known,
            later=scheduled is not None,
        )

    def _hold(self, ask: Ask) -> Callable[[int], Wish]:
        zone, on = self._zone(ask.payload), ask.kind == "hold"
        lasts = seconds(_number(ask.payload, "seconds")) if on else None
        why = str(ask.payload.get("why", ""))[:WORDS]
        return lambda token: Restrain(
            token=token, what=Restraint.HOLD, on=on, who=ask.who, zone=zone, why=why, lasts=lasts
        )

    def _override(self, ask: Ask) -> Callable[[int], Wish]:
        zone, setting = self._zone(ask.payload), _text(ask.payload, "setting")
        value, lasts = _number(ask.payload, "value"), seconds(_number(ask.payload, "seconds"))
        why = str(ask.payload.get("why", ""))[:WORDS]
        return lambda token: Override(
            token=token, zone=zone, setting=setting, value=value, lasts=lasts, who=ask.who, why=why
        )

    def _limits(self, ask: Ask) -> Callable[[int], Wish]:
        revision, limits = int(_number(ask.payload, "revision")), {**ask.payload}
        del limits["revision"]
        back = limits == {"back": True}
        wanted = {} if back else limits
        return lambda token: Tighten(token=token, revision=revision, limits=wanted, who=ask.who, back=back)

    def _raw(self, ask: Ask) -> Callable[[int], Wish]:
        named = ask.payload.get("sensors", [])
        if not isinstance(named, list) or len(named) > MOST_SENSORS or not all(isinstance(one, str) for one in named):
            raise _Unclear("payload.sensors must be a list of names; without it every sensor is meant")
        sensors, lasts = tuple(one[:WORDS] for one in named), seconds(_number(ask.payload, "seconds"))
        return lambda token: SendRaw(token=token, name=ask.request_id, sensors=sensors, lasts=lasts, who=ask.who)

    def _zone(self, payload: Mapping[str, Any]) -> str:
        """A zone by its name, or by the number that it has at the centre."""
        wanted = payload.get("zone", payload.get("zone_id"))
        if isinstance(wanted, int) and not isinstance(wanted, bool):
            zones = self._control.stepper.state.site.zones.values()
            return next((zone.name for zone in zones if zone.number == wanted), str(wanted))
        if not isinstance(wanted, str):
            raise _Unclear("payload.zone must be the name or the number of a zone")
        return wanted[:WORDS]


def _text(payload: Mapping[str, Any], name: str) -> str:
    found = payload.get(name)
    if not isinstance(found, str) or not found:
        raise _Unclear(f"payload.{name} must be a text")
    return found[:WORDS]


def _instant(payload: Mapping[str, Any], name: str) -> Nanos | None:
    """An instant that may be left out. One without an offset would be a guess."""
    if payload.get(name) is None:
        return None
    try:
        return from_datetime(datetime.fromisoformat(_text(payload, name)))
    except (ValueError, OverflowError):
        raise _Unclear(f"payload.{name} must be an instant with its offset: 2026-06-01T06:00:00+00:00") from None


def _number(payload: Mapping[str, Any], name: str) -> float:
    found = payload.get(name)
    if not isinstance(found, int | float) or isinstance(found, bool) or not math.isfinite(found):
        raise _Unclear(f"payload.{name} must be a number")
    return min(max(float(found), -LONGEST_S), LONGEST_S)

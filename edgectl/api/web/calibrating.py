"""Probes and pumps against something known, led through on a phone: the same steps as `edgectl calibrate`.

Nothing is kept here. What was measured stands in the address of the page, so that a phone that was put down goes on
where it was; what may be believed the engine decides, and a refusal leaves everything as it is.
"""

import asyncio
from statistics import fmean
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from edgectl.api.access import Person
from edgectl.api.house import Body, Unavailable
from edgectl.api.web.deeds import form_of, number_of, seconds_of
from edgectl.api.web.pages import Pages
from edgectl.api.web.probes import kind_of, known_of, probes, pumps
from edgectl.model.hands import ENOUGH, STEADY

if TYPE_CHECKING:
    from edgectl.api.inside import Inside

SETTLES_WITHIN_S = 60
LOOK_AGAIN_S = 1.0
Points = list[tuple[float, float]]


class Calibrating:
    """One page for all of them, one for each, and its buttons."""

    def __init__(self, inside: "Inside", pages: Pages) -> None:
        self._inside, self._pages = inside, pages

    async def calibrations(self, request: Request, person: Person) -> Response:
        """Every probe and every dosing pump: when it was calibrated last, and when it is due."""
        status = await self._status()
        fields: Body = {"status": status, "probes": probes(status), "pumps": pumps(status)}
        return await self._pages.drawn(request, person, "calibrations.html", **fields)

    async def calibration(self, request: Request, person: Person) -> Response:
        """One of them, step by step."""
        query = request.query_params
        return await self._page(request, person, points_of(query.get("points", "")), done="done" in query)

    async def begin(self, request: Request, person: Person) -> Response:
        """It is taken out: from now on it is Missing."""
        return await self._step(request, person, {"step": "begin"}, [])

    async def point(self, request: Request, person: Person) -> Response:
        """What it shows in something known, once it is steady."""
        subject, form = self._subject(request), await form_of(request)
        points = points_of(form.get("points", ""))
        try:
            known = number_of(form.get("known", ""))
            points.append((await self._settled(subject), known))
        except Unavailable as no:
            return await self._page(request, person, points, no=no)
        return _to(subject, points=text_of(points[-2:]))

    async def finish(self, request: Request, person: Person) -> Response:
        """It is back in its place: what was measured counts from now on, if it can be believed."""
        subject, form = self._subject(request), await form_of(request)
        points = points_of(form.get("points", ""))
        step: Body = {"step": "finish", "points": [list(pair) for pair in points]}
        step |= {"kind": kind_of(await self._status(), subject) or "", "accept": form.get("accept") == "1"}
        return await self._step(request, person, step, points, settles=form.get("accept") != "1")

    async def give_back(self, request: Request, person: Person) -> Response:
        """It counts again as it was before."""
        form = await form_of(request)
        step: Body = {"step": "cancel", "accept": form.get("accept") == "1"}
        return await self._step(request, person, step, points_of(form.get("points", "")))

    async def pump_runs(self, request: Request, person: Person) -> Response:
        """A dosing pump runs into a measure, by its own end."""
        subject = self._subject(request)
        lasts = seconds_of(await form_of(request))
        try:
            await self._inside.house.output_on(subject, lasts, person.who, service=True)
        except Unavailable as no:
            return await self._page(request, person, [], no=no)
        return _to(subject, points=text_of([(lasts, 0.0)]))

    async def pump_gave(self, request: Request, person: Person) -> Response:
        """What is in the measure."""
        form = await form_of(request)
        points = points_of(form.get("points", ""))
        try:
            ml = number_of(form.get("ml", ""))
        except Unavailable as no:
            return await self._page(request, person, points, no=no)
        step: Body = {"step": "finish", "kind": "pump", "points": [[seconds, ml] for seconds, _ in points[:1]]}
        return await self._step(request, person, step, points)

    # -- inside

    async def _step(
        self, request: Request, person: Person, step: Body, points: Points, *, settles: bool = False
    ) -> Response:
        subject = self._subject(request)
        try:
            if settles:
                await self._settled(subject)
            await self._inside.house.calibrate(subject, step, person.who)
        except Unavailable as no:
            return await self._page(request, person, points, no=no)
        return _to(subject, **({} if step["step"] == "begin" else {"done": "1"}))

    async def _page(
        self,
        request: Request,
        person: Person,
        points: Points,
        *,
        no: Unavailable | None = None,
        done: bool = False,
    ) -> Response:
        status, subject = await self._status(), self._subject(request)
        row = next((one for one in [*probes(status), *pumps(status)] if one["name"] == subject), None)
        if row is None:
            raise Unavailable(404, "unknown_sensor", f"there is no probe or dosing pump {subject[:60]!r}", "go back")
        fields: Body = {"status": status, "row": row, "points": points, "kept": text_of(points), "done": done}
        fields |= {"no": no, "known": known_of(row["kind"], row.get("unit", ""))}
        http = 200 if no is None else no.http
        return await self._pages.drawn(request, person, "calibrate.html", http, **fields)

    async def _settled(self, sensor: str) -> float:
        """What it shows once it is steady, in its unit and without correction. Raises Unavailable."""
        kind = kind_of(await self._status(), sensor) or "level"
        seen: list[float] = []
        for _ in range(SETTLES_WITHIN_S):
            row = next((row for row in (await self._status())["readings"] if row["sensor"] == sensor), None)
            if row is None or row["shown"] is None:
                raise Unavailable(409, "shows_nothing", "it shows nothing: look at its cable", "")
            seen = [*seen, float(row["shown"])][-ENOUGH:]
            if len(seen) == ENOUGH and max(seen) - min(seen) <= STEADY[kind]:
                return round(fmean(seen), 4)
            await asyncio.sleep(LOOK_AGAIN_S)
        raise Unavailable(409, "not_steady", "it did not become steady: is the solution stirred, the probe clean?", "")

    async def _status(self) -> Body:
        await self._inside.house.prepare()
        return self._inside.house.status()

    def _subject(self, request: Request) -> str:
        return str(request.path_params["subject"])


def points_of(text: str) -> Points:
    """What was measured so far, as shown:known,shown:known. Raises Unavailable."""
    found = []
    for pair in filter(None, text.split(",")):
        shown, _, known = pair.partition(":")
        found.append((number_of(shown), number_of(known)))
    return found[:2]


def text_of(points: Points) -> str:
    """The same as a field of a form."""
    return ",".join(f"{_plain(shown)}:{_plain(known)}" for shown, known in points)


def _plain(value: float) -> str:
    """A number as `number_of` reads it: never with an exponent."""
    return f"{value:.6f}".rstrip("0").rstrip(".")


def _to(subject: str, **query: Any) -> Response:
    """The page of one of them, as an address that may be loaded again."""
    return RedirectResponse(f"/page/calibrate/{quote(subject, safe='')}?{urlencode(query)}", status_code=303)

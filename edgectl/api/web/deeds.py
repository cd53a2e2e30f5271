"""What the page does. Each is one order to the house under the name of the person, and the guards restrain it."""

import logging
import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote, urlsplit
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from edgectl.api.access import Person, Role
from edgectl.api.body import raw_body
from edgectl.api.house import Body, Unavailable
from edgectl.api.keepers import NetworkKeeper, cookie_of, same_origin
from edgectl.api.web.words import LANGUAGES
from edgectl.model.codes import Code
from edgectl.model.time import SECOND, Nanos

if TYPE_CHECKING:
    from edgectl.api.inside import Inside

LOG = logging.getLogger("edgectl")
Said = Callable[..., Awaitable[Response]]
LONGEST_FORM = 4096
A_YEAR_S = 365 * 86_400
PAGE_LASTS_S = 180 * 86_400
DOUBLE_TAP: Nanos = 3 * SECOND  # who wants the same water twice asks again after that
# As people write a number. What else a program takes for one (1_0, 1e3, nan) was not meant so.
NUMBER = re.compile(r"[+-]?(?:[0-9]{1,6}(?:[.,][0-9]{0,6})?|[.,][0-9]{1,6})")


class Deeds:
    """The buttons. `said` tells the reader that an order was taken on."""

    def __init__(self, inside: "Inside", keeper: NetworkKeeper, said: Said) -> None:
        self._inside, self._keeper, self.said = inside, keeper, said
        self._wishes: dict[tuple[str, str, str], tuple[Nanos, str]] = {}

    async def stop_water(self, request: Request, person: Person) -> Response:
        """Pumps, valves, dosing off, latched."""
        await self._inside.house.restrain("stop_water", "", {"why": "by the page"}, on=True, who=person.who)
        return await self.said(request, "the water is stopped")

    async def stop_all(self, request: Request, person: Person) -> Response:
        """Everything dangerous off, latched."""
        await self._inside.house.stop_all(person.who)
        return await self.said(request, "everything dangerous was ordered off")

    async def resume(self, request: Request, person: Person) -> Response:
        """Release the stop."""
        answer = await self._inside.house.resume(person.who)
        if not answer["released"]:
            return await self.said(request, "nothing is stopped any more: somebody has released it before")
        return await self.said(request, "released; no run was resumed: schedules and vents go on from now")

    async def water(self, request: Request, person: Person) -> Response:
        """One run by hand: a task like any other."""
        form = await form_of(request)
        wish = self._wish(person.who, request.path_params["zone"], form)
        task: Body = {
            "zone": request.path_params["zone"],
            "task_type": "irrigation",
            "payload": {"duration_s": seconds_of(form)},
            "source": "page",
            "correlation_id": f"page:{person.who[-9:-1]}:{wish}",
        }
        taken = await self._inside.house.submit(task, person.who)
        if (behind := self._in_its_way(taken["task_id"])) is not None:
            return await self.said(request, "watering was asked for; it waits {behind}", behind=behind)
        return await self.said(request, "watering was asked for")

    def _in_its_way(self, task_id: str) -> str | None:
        """What a task that was taken on waits for; None when it has begun."""
        waiting = self._inside.house.status()["waiting"]
        return next((one["behind"] for one in waiting if one["task_id"] == task_id), None)

    def _wish(self, who: str, zone: str, form: dict[str, str]) -> str:
        """The same press twice, because the answer was lost on the way, is one run; a double tap is one press."""
        now, asked = self._inside.mono(), form.get("wish", "")
        self._wishes = {key: kept for key, kept in self._wishes.items() if now - kept[0] < DOUBLE_TAP}
        wish = asked if asked.isalnum() and len(asked) <= 64 else uuid4().hex
        return self._wishes.setdefault((who, zone, form.get("seconds", "")), (now, wish))[1]

    async def schedule_run(self, request: Request, person: Person) -> Response:
        """A schedule once, now; one that is held only for whoever has said that they know."""
        anyway = (await form_of(request)).get("anyway") == "1"
        name = request.path_params["name"]
        await self._inside.calendar.run_now(name, who=person.who, anyway=anyway, source="page")
        return await self.said(request, "it was asked to run now")

    async def schedule_hold(self, request: Request, person: Person) -> Response:
        """One schedule rests for a while."""
        lasts = seconds_of(await form_of(request))
        await self._inside.calendar.hold(request.path_params["name"], lasts, who=person.who, why="by the page")
        return await self.said(request, "the schedule is held")

    async def schedule_release(self, request: Request, person: Person) -> Response:
        """A held schedule goes on."""
        order = self._inside.calendar.release(request.path_params["name"], who=person.who)
        return await self._end(request, "the hold is released", order)

    async def hold(self, request: Request, person: Person) -> Response:
        """No scheduled work for a while."""
        seconds = seconds_of(await form_of(request))
        wish: Body = {"seconds": seconds, "why": "by the page"}
        answer = await self._restrain(request, "hold", wish, on=True, person=person)
        if (before := answer["before"]) is not None:
            phrase = "the zone is held; until now {who} held it until {until}"
            return await self.said(request, phrase, who=before["who"], until=before["until"])
        return await self.said(request, "the zone is held")

    async def release(self, request: Request, person: Person) -> Response:
        """Scheduled work again."""
        order = self._restrain(request, "hold", {}, on=False, person=person)
        return await self._end(request, "the hold is released", order)

    async def lock(self, request: Request, person: Person) -> Response:
        """Somebody works there."""
        why = (await form_of(request)).get("why", "")
        answer = await self._restrain(request, "lock", {"why": why}, on=True, person=person)
        if (before := answer["before"]) is not None:
            return await self.said(request, "the zone stays locked; until now it said: {why}", why=before["why"])
        return await self.said(request, "the zone is locked")

    async def unlock(self, request: Request, person: Person) -> Response:
        """The work there is over."""
        order = self._restrain(request, "lock", {}, on=False, person=person)
        return await self._end(request, "the lock is released", order)

    async def mode(self, request: Request, person: Person) -> Response:
        """Who starts the work of a zone."""
        wanted = (await form_of(request)).get("mode", "")
        await self._inside.house.set_mode(request.path_params["zone"], wanted, person.who)
        return await self.said(request, "the mode was changed")

    async def override(self, request: Request, person: Person) -> Response:
        """A setting of a zone otherwise for a while: its vents, or that nothing is dosed there."""
        form = await form_of(request)
        wish: Body = {"value": number_of(form.get("value", "")), "seconds": seconds_of(form), "why": "by the page"}
        zone, setting = request.path_params["zone"], request.path_params["setting"]
        answer = await self._inside.house.override(zone, setting, wish, person.who)
        if (there_s := answer["there_s"]) is not None:
            phrase = "the vents go there as far as wind and rain allow, within {span}; it ends by itself"
            if late := there_s > wish["seconds"]:
                phrase = "it ends before the vents are there: with the rests of their motor that takes {span}"
            return await self.said(request, phrase, span=there_s, warns=late)
        return await self.said(request, "it is set; it ends by itself")

    async def override_end(self, request: Request, person: Person) -> Response:
        """The setting is the controller's again."""
        zone, setting = request.path_params["zone"], request.path_params["setting"]
        order = self._inside.house.override(zone, setting, {}, person.who)
        return await self._end(request, "it is left to the controller again", order)

    async def output_on(self, request: Request, person: Person) -> Response:
        """An output on for a while."""
        seconds = seconds_of(await form_of(request))
        await self._inside.house.output_on(request.path_params["name"], seconds, person.who)
        return await self.said(request, "ordered on; it ends by itself")

    async def output_off(self, request: Request, person: Person) -> Response:
        """An output off."""
        await self._inside.house.output_off(request.path_params["name"], person.who)
        return await self.said(request, "ordered off")

    async def acknowledge(self, request: Request, person: Person) -> Response:
        """An alarm was seen."""
        await self._inside.house.acknowledge(request.path_params["alarm_id"], {}, person.who)
        return await self.said(request, "acknowledged")

    async def shelve(self, request: Request, person: Person) -> Response:
        """Silence an alarm for a while."""
        seconds = seconds_of(await form_of(request))
        await self._inside.house.shelve(request.path_params["alarm_id"], seconds, person.who)
        return await self.said(request, "silenced for a while; it comes back by itself")

    async def unshelve(self, request: Request, person: Person) -> Response:
        """End the silence of an alarm."""
        order = self._inside.house.shelve(request.path_params["alarm_id"], None, person.who)
        return await self._end(request, "it is silent no more", order)

    async def cancel(self, request: Request, person: Person) -> Response:
        """End a task before its time."""
        await self._inside.house.cancel(request.path_params["task_id"], person.who)
        return await self.said(request, "ordered to end")

    async def approve(self, request: Request, person: Person) -> Response:
        """Release a proposed task."""
        await self._inside.house.approve(request.path_params["task_id"], person.who)
        return await self.said(request, "released")

    async def language(self, request: Request, _: Person) -> Response:
        """The language of this reader, from now on."""
        wanted = (await form_of(request)).get("lang", "")
        answer = RedirectResponse(left_page(request), status_code=303)
        if wanted in LANGUAGES:
            answer.set_cookie("language", wanted, max_age=A_YEAR_S, samesite="strict", httponly=True)
        return answer

    async def leave(self, request: Request, person: Person) -> Response:
        """This page forgets who one is, and the book does too."""
        secret = cookie_of(request.headers, self._keeper.address.cookie)
        token = self._inside.book.known(secret, "page")
        if token is not None:
            try:
                await self._inside.access.take(token.token_id, person.who)
            except Unavailable as no:  # this page forgets it all the same
                LOG.error("%s has left: %s", person.who, no.message)
        answer = RedirectResponse("/pair", status_code=303)
        give_cookie(self._keeper, answer, "", lasts=0)
        return answer

    # -- inside

    async def _end(self, request: Request, phrase: str, order: Awaitable[object]) -> Response:
        """What has ended before is as this person wants it: the second tap of two is no mistake of theirs."""
        try:
            await order
        except Unavailable as no:
            if no.code != Code.NOT_HELD:
                raise
            phrase = "it has ended before: it is as you want it"
        return await self.said(request, phrase)

    async def _restrain(self, request: Request, what: str, wish: Body, *, on: bool, person: Person) -> Body:
        zone, engineer = request.path_params["zone"], person.role.may(Role.ENGINEER)
        return await self._inside.house.restrain(what, zone, wish, on=on, who=person.who, engineer=engineer)


def give_cookie(keeper: NetworkKeeper, answer: Response, secret: str, lasts: int = PAGE_LASTS_S) -> None:
    """The cookie by which a page is known from now on."""
    address = keeper.address
    answer.set_cookie(
        address.cookie,
        secret,
        max_age=lasts,
        path="/",
        httponly=True,
        samesite="strict",
        secure=address.tls or address.proxied,
    )


def left_page(request: Request) -> str:
    """The path of the page that was left; never another site."""
    path = urlsplit(request.headers.get("referer", "/")).path
    return quote(path) if path.startswith("/") and not path.startswith("//") else "/"


async def form_of(request: Request) -> dict[str, str]:
    """The fields of a form, unless it comes from another page: not even a code is taken from there."""
    same_origin(request.headers)
    raw = await raw_body(request, LONGEST_FORM)
    try:
        fields = parse_qs(raw.decode(), max_num_fields=20)
    except ValueError as error:  # also what is no UTF-8
        raise Unavailable(400, "no_form", "this is no form that can be read", "open the page itself") from error
    found = {name: values[0] for name, values in fields.items()}
    if any(not char.isprintable() for text in found.values() for char in text):
        raise Unavailable(422, "payload_invalid", "the form holds control characters", "type it anew")
    return found


def seconds_of(form: dict[str, str]) -> float:
    """How long, from a field of seconds, minutes or hours. Raises Unavailable."""
    for name, factor in (("seconds", 1), ("minutes", 60), ("hours", 3600)):
        text = form.get(name, "")
        if text and 0 < (value := number_of(text) * factor) < 1e8:
            return value
    raise Unavailable(422, "payload_invalid", "it must be said for how long", "choose a time")


def number_of(text: str) -> float:
    """A number as people type it. Raises Unavailable."""
    if NUMBER.fullmatch(text.strip()) is None:
        raise Unavailable(422, "payload_invalid", "a number is wanted here", "type it as 7,00 or 7.00")
    return float(text.replace(",", "."))

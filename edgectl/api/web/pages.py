"""What the page shows. What it does stands in deeds.py."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from itertools import count
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from edgectl.api.access import Person, Role
from edgectl.api.house import Body, Unavailable
from edgectl.api.keepers import NetworkKeeper, cookie_of
from edgectl.api.routes import PRESETS
from edgectl.api.stream import MOST_STREAMS, EventStream, event
from edgectl.api.web import spark, strip
from edgectl.api.web.deeds import form_of, give_cookie, left_page
from edgectl.api.web.draw import Drawing, static
from edgectl.api.web.lines import curves_of
from edgectl.api.web.state_word import word_of
from edgectl.api.web.words import Words, language_of

if TYPE_CHECKING:
    from edgectl.api.inside import Inside

LOOK_EVERY_S = 2.0
ALL_AGAIN = 8  # looks: so often everything is sent, changed or not, for a reader who skipped a piece
# What the page counts on by itself: no reason to send a piece again.
VOLATILE = re.compile(
    r'<span class="(?:clock|age|live)[^>]*>[^<]*|<span id="live".*|data-(?:count|ends)="[^"]*">[^<]*| value="[^"]*"'
)
SHARED_S = 1.0  # no piece is older, and none is from before the newest line
DAY_FRESH_S = 20.0
SHOWN = 50


class Pages:
    """One page after the other. Every method answers a request of a person who may see it."""

    def __init__(self, inside: "Inside", keeper: NetworkKeeper) -> None:
        self._inside, self._keeper = inside, keeper
        self._draw = Drawing()
        self._day: tuple[int, Body] | None = None
        self._drawing = asyncio.Lock()
        # For whom, as of which line, when, and what.
        self._recent: dict[tuple[str, ...], tuple[int, int, dict[str, str]]] = {}

    async def home(self, request: Request, person: Person) -> Response:
        """Is it well, what runs, what is next, what needs me."""
        return await self.drawn(request, person, "home.html", **await self._now())

    async def zone(self, request: Request, person: Person) -> Response:
        """One zone: curves, the day, and what one can do by hand."""
        now = await self._now()
        zone = self._zone(now, request.path_params["zone"])
        mine = strip.rows(now["day"], zone["zone"])
        hands = await self._by_hand(zone)
        return await self.drawn(request, person, "zone.html", **now, **hands, zone=zone, rows=mine)

    async def tasks(self, request: Request, person: Person) -> Response:
        """What ran, searched and by preset."""
        preset = request.query_params.get("preset", "all")
        preset = preset if preset in PRESETS else "all"
        search = request.query_params.get("search", "")[:100]
        # People search for what they have read, in their language; the journal knows codes.
        codes = self._words(request).codes_about(search)
        found = await self._inside.looks.tasks(preset, None, search, SHOWN, codes)
        status = await self._status()
        fields: Body = {"status": status, "tasks": found, "preset": preset, "search": search, "presets": PRESETS}
        fields["shown"] = SHOWN
        return await self.drawn(request, person, "tasks.html", **fields)

    async def task(self, request: Request, person: Person) -> Response:
        """One task, told."""
        found = await self._inside.house.task(request.path_params["task_id"])
        status = await self._status()
        zone = next((one for one in status["zones"] if one["zone"] == found["zone"]), None)
        fields: Body = {"status": status, "task": found, **curves_of(found, zone)}
        fields["readings"] = {row["sensor"]: row for row in status["readings"]}
        return await self.drawn(request, person, "task.html", **fields)

    async def day(self, request: Request, person: Person) -> Response:
        """What was, is and will be; with `date` any day of the calendar."""
        date = request.query_params.get("date") or None
        day = await self._inside.looks.day(date)
        fields: Body = {"status": await self._status(), "day": day, "rows": strip.rows(day), "date": date}
        return await self.drawn(request, person, "day.html", **fields)

    async def alarms(self, request: Request, person: Person) -> Response:
        """What needs a person."""
        return await self.drawn(request, person, "alarms.html", status=await self._status())

    async def pair(self, request: Request, _: Person) -> Response:
        """Where a code is entered."""
        return await self._draw.page("pair.html", self._words(request), wrong=False, shown=self._shown())

    async def enter(self, request: Request, _: Person) -> Response:
        """A code was entered: a good one becomes a cookie."""
        code = (await form_of(request)).get("code", "")
        self._keeper.may_guess(request.scope)
        let_in = await self._inside.access.enter(code)
        if let_in is None:
            self._keeper.guessed(request.scope)
            return await self._draw.page("pair.html", self._words(request), 401, wrong=True, shown=self._shown())
        answer = RedirectResponse("/", status_code=303)
        give_cookie(self._keeper, answer, let_in[1])
        return answer

    def _shown(self) -> str:
        """The fingerprint of the certificate that this door shows."""
        return self._inside.listens().fingerprint

    async def static(self, request: Request, _: Person) -> Response:
        """A file."""
        return await static(request, request.path_params["name"])

    async def live(self, request: Request, person: Person) -> Response:
        """The pieces of a page as they change."""
        if self._inside.streams.open >= MOST_STREAMS:
            raise Unavailable(503, "too_many_streams", "too many pages are open", "close some, then try again")
        if task := request.query_params.get("task"):
            await self._inside.house.task(task)  # one that is not there gets its sentence, and no stream
        about = tuple(request.query_params.get(name, "") for name in ("zone", "probe", "alarms", "task"))
        pieces = self._pieces(self._words(request), person, about)
        return EventStream(self._inside.streams, pieces, person.token_id)

    async def problem(self, request: Request, person: Person, no: Unavailable) -> Response:
        """A refusal, as a piece where the page asked for a piece, else as a page."""
        words = self._words(request)
        name = "said.html" if "hx-request" in request.headers else "problem.html"
        fields: Body = {"message": no.message, "hint": no.hint, "code": no.code, "good": False}
        return await self._draw.page(name, words, no.http, **fields)

    async def said(self, request: Request, phrase: str, *, warns: bool = False, **told: Any) -> Response:
        """An order was taken on. Of what is `told` a `span` is in seconds, `until` an instant, and
        `behind` the rule that something waits by."""
        if "hx-request" not in request.headers:
            return RedirectResponse(left_page(request), status_code=303)
        words = self._words(request)
        as_read: dict[str, Callable[[Any], str]] = {
            "span": words.minutes,
            "until": words.minute,
            "behind": lambda rule: words.named(f"behind_{rule}"),
        }
        spoken = words(phrase, **{name: as_read.get(name, str)(value) for name, value in told.items()})
        fields: Body = {"spoken": spoken, "message": phrase, "hint": "", "code": "", "good": True, "warns": warns}
        return await self._draw.page("said.html", words, **fields)

    async def drawn(self, request: Request, person: Person, name: str, http: int = 200, **fields: Any) -> Response:
        """A page with its head. `status` is one of the fields."""
        words = self._words(request)
        head: Body = {"word": word_of(fields["status"]), "person": person, "may_run": person.role.may(Role.OPERATOR)}
        return await self._draw.page(name, words, http, **head, **fields, path=request.url.path)

    # -- inside

    async def _now(self) -> Body:
        """Everything of the first look. The day is asked for anew only now and then: it is read from the journal."""
        mono = self._inside.mono()
        if self._day is None or mono - self._day[0] > DAY_FRESH_S * 1e9:
            self._day = mono, await self._inside.looks.day(None)
        status = await self._status()
        day = self._day[1]
        rows = strip.rows(day)
        pasts = {name: self._past(name) for zone in status["zones"] for name in zone["shown"]}
        mine = {zone["zone"]: [row for row in rows if row["zone"] == zone["zone"]] for zone in status["zones"]}
        readings = {row["sensor"]: row for row in status["readings"]}
        outputs = {row["output"]: row for row in status["outputs"]}
        return {
            "status": status,
            "day": day,
            "missed": {zone: strip.last_missed(found) for zone, found in mine.items()},
            "ended": {zone: strip.last_done(found) for zone, found in mine.items()},
            "pasts": pasts,
            "readings": readings,
            "outputs": outputs,
        }

    async def _by_hand(self, zone: Body) -> Body:
        """What one may do there: asked where the forms are drawn, and nowhere else."""
        looks = self._inside.looks
        reaches = await looks.vents_reach(zone["zone"]) if "vent" in zone["settings"] else {}
        return {"offers": await looks.by_hand(zone["outputs"]), "reaches": reaches}

    async def _status(self) -> Body:
        await self._inside.house.prepare()
        return self._inside.house.status()

    def _past(self, sensor: str) -> Body:
        at, values = self._inside.looks.curve(sensor)
        return {"lines": spark.points(at, values), "span_s": spark.span(at)}

    async def _pieces(self, words: Words, person: Person, about: tuple[str, ...]) -> AsyncIterator[str]:
        """What has changed since it was sent last, piece by piece."""
        sent: dict[str, str] = {}
        for turn in count():
            pieces = await self._shared(words, person, about)
            for name, text in pieces.items():
                lasting = VOLATILE.sub("", text)
                if sent.get(name) != lasting or turn % ALL_AGAIN == 0:
                    sent[name] = lasting
                    yield event(name, text)
            yield event("beat", "")
            await self._inside.streams.news(LOOK_EVERY_S)
            # Ten lines of one turn are one change.
            await asyncio.sleep(0.3)

    async def _shared(self, words: Words, person: Person, about: tuple[str, ...]) -> dict[str, str]:
        """The pieces as they are now, drawn once for all who look at the same: fifty phones cost what one does."""
        who = person.who if about[0] else ""  # by hand one sees who one is
        key = words.language, person.role, who, *about
        async with self._drawing:
            line, mono = self._inside.happenings.last, self._inside.mono()
            known = self._recent.get(key)
            if known is not None and known[0] == line and mono - known[1] < SHARED_S * 1e9:
                return known[2]
            pieces = await self._drawn(words, person, about)
            if len(self._recent) >= MOST_STREAMS:
                self._recent.clear()
            self._recent[key] = line, mono, pieces
            return pieces

    async def _drawn(self, words: Words, person: Person, about: tuple[str, ...]) -> dict[str, str]:
        now = await self._now()
        fields = {**now, "word": word_of(now["status"]), "person": person, "may_run": person.role.may(Role.OPERATOR)}
        zone, probe, alarms, task = about
        pieces = {"head": await self._draw.text("_head.html", words, **fields)}
        if task:
            found = await self._inside.house.task(task)
            names = {"task": "_task.html", "timeline": "_timeline.html"}
            return pieces | {
                name: await self._draw.text(file, words, **fields, task=found) for name, file in names.items()
            }
        if alarms:
            return pieces | {"alarms": await self._draw.text("_alarms.html", words, **fields)}
        if probe:
            row = now["readings"].get(probe)
            return pieces if row is None else pieces | {"shown": await self._draw.text("_shown.html", words, row=row)}
        zones = [one for one in now["status"]["zones"] if zone in ("", one["zone"])]
        for one in zones:
            pieces[f"zone-{one['number']}"] = await self._draw.text("_zone.html", words, **fields, zone=one)
        if zone:
            for one in zones:
                hands = await self._by_hand(one)
                pieces["hands"] = await self._draw.text("_hands.html", words, **fields, **hands, zone=one)
                pieces["schedules"] = await self._draw.text("_schedules.html", words, **fields, zone=one)
        else:
            pieces["glance"] = await self._draw.text("_glance.html", words, **fields)
            pieces["needs"] = await self._draw.text("_needs.html", words, **fields)
        return pieces

    def _words(self, request: Request) -> Words:
        chosen = cookie_of(request.headers, "language")
        wanted = language_of(request.query_params.get("lang"), chosen, request.headers.get("accept-language", ""))
        return Words(wanted, self._inside.house.timezone)

    def _zone(self, now: Body, name: str) -> Body:
        for zone in now["status"]["zones"]:
            if name in (zone["zone"], str(zone["number"])):
                return dict(zone)
        raise Unavailable(404, "unknown_zone", f"there is no zone {name[:60]!r}", "the first page lists them")

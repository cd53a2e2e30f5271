"""Templates and static files. Everything is drawn on another thread: a page takes milliseconds that control needs."""

import asyncio
import gzip
import hashlib
from functools import lru_cache
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from edgectl.api.house import Unavailable
from edgectl.api.web import badges, lines, probes, state_word, strip
from edgectl.api.web.words import LANGUAGES, Words

POLICY = "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src 'none'"
GUARDED = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cache-control": "no-store",
}
KINDS = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml", "txt": "text/plain"}


class Drawing:
    """The templates, compiled once."""

    def __init__(self) -> None:
        self._templates = Environment(
            loader=PackageLoader("edgectl.api.web"),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._templates.globals.update(
            sla=badges.sla,
            done=badges.done,
            task_status=badges.status,
            marks=strip.marks,
            now_at=strip.now_at,
            beyond=strip.beyond,
            asset=asset,
            languages=LANGUAGES,
            waiting=probes.waiting,
            still=state_word.still,
            code_of=lines.code_of,
            not_known=lines.not_known,
            zone_hold=state_word.zone_hold,
            by_gravity=state_word.by_gravity,
            others=state_word.others,
            kept=strip.kept,
            still_kept=strip.still_kept,
        )
        for name in self._templates.list_templates():
            self._templates.get_template(name)

    async def page(self, name: str, words: Words, http: int = 200, **fields: Any) -> Response:
        """A whole page."""
        text = await self.text(name, words, **fields)
        return HTMLResponse(text, status_code=http, headers=GUARDED)

    async def text(self, name: str, words: Words, **fields: Any) -> str:
        """A template as text."""
        template = self._templates.get_template(name)
        return await asyncio.to_thread(template.render, _=words, lang=words.language, **fields)


def asset(name: str) -> str:
    """The address of a static file; it changes with what is in it, so that browsers may keep it for ever."""
    return f"/static/{name}?{hashlib.sha256(_file(name)).hexdigest()[:10]}"


async def static(request: Request, name: str) -> Response:
    """One file, small on the wire."""
    folder = resources.files("edgectl.api.web") / "static"
    known = {path.name for path in folder.iterdir()} | {f"vendor/{path.name}" for path in (folder / "vendor").iterdir()}
    if name not in known or name == "vendor":
        raise Unavailable(404, "no_such_path", f"there is no file {name[:80]!r}", "open the page itself")
    kind = KINDS.get(name.rsplit(".", 1)[-1], "application/octet-stream")
    headers = {
        "cache-control": "public, max-age=31536000, immutable",
        "x-content-type-options": "nosniff",
        "content-security-policy": POLICY,
        "vary": "accept-encoding",
    }
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return Response(_file(name), media_type=kind, headers=headers)
    small = await asyncio.to_thread(_small, name)
    return Response(small, media_type=kind, headers={**headers, "content-encoding": "gzip"})


@lru_cache(maxsize=32)
def _file(name: str) -> bytes:
    return (resources.files("edgectl.api.web") / "static" / name).read_bytes()


@lru_cache(maxsize=32)
def _small(name: str) -> bytes:
    return gzip.compress(_file(name), 9, mtime=0)

"""Every failure of a route is an answer with a sentence; no exception text leaks."""

import logging
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from edgectl.api.house import Unavailable

LOG = logging.getLogger("edgectl")
Handler = Callable[[Request], Awaitable[Response]]


def guarded(handler: Handler) -> Handler:
    """A handler whose every failure is an answer."""

    async def guarded(request: Request) -> Response:
        try:
            return await handler(request)
        except Unavailable as no:
            body = {"status": "error", "code": no.code, "message": no.message, "hint": no.hint, "detail": no.detail}
            return JSONResponse(body, status_code=no.http)
        except Exception as error:  # our own mistake: the asker gets a sentence, the log gets the rest
            LOG.exception("%s %s", request.method, request.url.path)
            message = f"edgectl could not answer this: {type(error).__name__}"
            body = {
                "status": "error",
                "code": "internal",
                "message": message,
                "hint": "the log of the daemon says more",
            }
            return JSONResponse(body, status_code=500)

    return guarded

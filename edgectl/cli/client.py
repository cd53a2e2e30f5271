"""How a command talks to the daemon: HTTP over its local socket, and a sentence when that fails."""

import http.client
import json
import os
import socket
import sys
from collections.abc import Callable
from typing import Any, NoReturn

import click

from edgectl.cli.words import speak_of

DEFAULT_STATE = "/var/lib/edgectl"
DEFAULT_SOCKET = "/run/edgectl/edgectl.sock"
DEFAULT_METRICS = "127.0.0.1:9401"  # where somebody wants them at an address of their own
DEFAULT_SITE = "/etc/edgectl/site.yaml"
UNREACHABLE = 3
OFFLINE = "edgectl.offline"  # under this name a command's context keeps that the journal is to be asked
ANSWER_WITHIN_S = 15.0


class NoDaemon(SystemExit):
    """Nobody answers: for whoever has another way."""


class Unreachable(SystemExit):
    """No daemon answers, or it broke off in the middle; its sentence was told, unless the caller kept it for itself."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(UNREACHABLE)
        self.message, self.hint = message, hint


class Refused(SystemExit):
    """The daemon said no, and its sentence was told, unless the caller kept it for itself. `detail` is what it said
    besides: for whoever can use that."""

    def __init__(self, detail: dict[str, Any], message: str, hint: str) -> None:
        super().__init__(1)
        self.detail, self.message, self.hint = detail, message, hint


class _Local(http.client.HTTPConnection):
    def __init__(self, path: str, within_s: float) -> None:
        super().__init__("localhost", timeout=within_s)
        self._path, self._within_s = path, within_s

    def connect(self) -> None:
        """Connect to the socket file."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self._within_s)
        self.sock.connect(self._path)


def ask(
    method: str,
    path: str,
    body: dict[str, Any] | None = None,
    *,
    quiet: bool = False,
    within_s: float = ANSWER_WITHIN_S,
    kept: Callable[[dict[str, Any]], bool] = lambda _: False,
) -> Any:
    """One request. Returns its data. Exits 3 when no daemon answers and 1 when it says no, each with a sentence.

    `quiet` leaves the first sentence out: the caller has another way. A no whose detail is to be `kept` is told by the
    caller; so is that nobody answers, which has no detail.
    """
    if method == "GET" and offline() is not None:
        from edgectl.cli.offline import read

        return read(path)
    where, told = os.environ.get("EDGECTL_SOCKET", DEFAULT_SOCKET), not kept({})
    try:
        data = fetch(method, path, body, within_s)
    except (FileNotFoundError, ConnectionRefusedError):
        if quiet:
            raise NoDaemon(UNREACHABLE) from None
        hint = "is it running? systemctl status edgectl, or set EDGECTL_SOCKET"
        _unreachable(f"no daemon answers at {where}", hint, told)
    except PermissionError:
        _unreachable(f"you may not use {where}", "join the group edgectl, or use sudo", told)
    except ValueError:
        _unreachable(f"the daemon at {where} gave no answer of its own", "it may be overloaded: try again", told)
    except (OSError, http.client.HTTPException) as error:
        _unreachable(f"the daemon at {where} broke off: {error}", "look at its log: journalctl -u edgectl", told)
    if "timezone" in data:
        speak_of(data["timezone"])
    if data.get("status") == "ok":
        return data["data"]
    if "checks" in data:
        return data
    detail = data.get("detail") or {}
    part = {"so_far": detail["so_far"]} if "so_far" in detail else {}
    refused = Refused(detail, str(data.get("message", data)), str(data.get("hint", "")))
    if not kept(detail):
        complain(refused.message, refused.hint, **part)
    raise refused


def fetch(method: str, path: str, body: dict[str, Any] | None, within_s: float) -> Any:
    """What the daemon answers, as it is. Raises OSError, HTTPException, and ValueError where it is no answer."""
    connection = _Local(os.environ.get("EDGECTL_SOCKET", DEFAULT_SOCKET), within_s)
    try:
        payload = None if body is None else json.dumps(body)
        connection.request(method, path, payload, {"Content-Type": "application/json"})
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()


def refuse(message: str, hint: str = "", **part: Any) -> NoReturn:
    """Say what is wrong and what to do next, and exit 1. A `part` of what was asked for goes along as JSON."""
    complain(message, hint, **part)
    raise SystemExit(1)


def complain(message: str, hint: str = "", **part: Any) -> None:
    """A sentence for a person on stderr; for a program that asked for JSON the same sentence on stdout."""
    clear_line()
    context = click.get_current_context(silent=True)
    if context is not None and context.params.get("as_json"):
        click.echo(json.dumps({"ok": False, "message": message, "hint": hint, **part}, ensure_ascii=False))
        return
    click.echo(message, err=True)
    if hint:
        click.echo(f"  {hint}", err=True)


def clear_line() -> None:
    """Take away what a terminal shows of how far something is, before words come that stay."""
    if sys.stderr.isatty():
        click.echo("\r\033[K", nl=False, err=True)


def show(data: object, as_json: bool) -> bool:
    """Print JSON if that was asked for. Returns whether it was. What the journal says of a house that nobody drives is
    wrapped: no program shall take it for the house of now."""
    if as_json and (wanted := offline()) is not None:
        from edgectl.model.time import iso

        data = {"offline": True, "last_line_at": iso(wanted.house.last) if wanted.house.last else None, "data": data}
    if as_json:
        click.echo(json.dumps(data, ensure_ascii=False))
    return as_json


def offline() -> Any:
    """Where a command that was called with --offline looks; None where a daemon is asked."""
    context = click.get_current_context(silent=True)
    return None if context is None else context.meta.get(OFFLINE)


def _unreachable(message: str, hint: str, told: bool) -> NoReturn:
    context = click.get_current_context(silent=True)
    if context is not None and any(option.name == "offline" for option in context.command.params):
        hint += "; --offline reads its journal"
    if told:
        complain(message, hint)
    raise Unreachable(message, hint) from None

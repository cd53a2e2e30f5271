"""/openapi.json: made from the table of operations and the models, so it cannot say what the doors do not do."""

import json
import re
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from edgectl import __version__
from edgectl.api import answers
from edgectl.api.access import Role
from edgectl.api.operation import Operation

REF = "#/components/schemas/{model}"
ALWAYS = {
    Role.ANYONE: (421, 429, 500),
    Role.VIEWER: (401, 403, 421, 429, 500, 503),
}
MEANS = {
    400: "The body is no JSON object.",
    401: "No token, or one that is not known.",
    403: "The role is too low, or the request comes from another page.",
    404: "There is no such thing.",
    409: "Not now, or not under this name.",
    413: "The body is too long.",
    415: "The body is not sent as JSON.",
    421: "The controller is not known by this host name.",
    422: "A field is wrong; the message says which.",
    429: "Too many requests.",
    500: "A mistake of the program.",
    503: "Not ready, or no answer in time.",
}


def document(operations: Iterable[Operation]) -> bytes:
    """The whole document as JSON."""
    table = list(operations)
    given: set[type[BaseModel]] = {getattr(answers, one.answer) for one in table if one.answer}
    given.add(answers.Refusal)
    given.update(one.wish for one in table if one.wish is not None)
    models = sorted(given, key=lambda model: model.__name__)
    _, schemas = models_json_schema([(model, "validation") for model in models], ref_template=REF)
    paths: dict[str, dict[str, Any]] = {}
    for one in table:
        paths.setdefault(one.path, {})[one.method.lower()] = _operation(one)
    whole = {
        "openapi": "3.1.0",
        "info": {"title": "edgectl", "version": __version__, "description": "One greenhouse, driven safely."},
        "paths": paths,
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "page": {"type": "apiKey", "in": "cookie", "name": "edgectl"},
            },
        },
    }
    return json.dumps(whole, ensure_ascii=False).encode()


def _operation(one: Operation) -> dict[str, Any]:
    always = ALWAYS[Role.ANYONE if one.role is Role.ANYONE else Role.VIEWER]
    refusals = {*always, *one.refusals, *((400, 413, 415, 422) if one.wish is not None else ())}
    said: dict[str, Any] = {
        "operationId": re.sub(r"\W+", "_", f"{one.method.lower()}{one.path}").strip("_"),
        "summary": one.says,
        "description": f"Role: {one.role}.",
        "x-role": one.role.value,
        "parameters": [*_path(one.path), *_queries(one)],
        "responses": {
            "200": {"description": "So it is.", "content": _content(one)},
            **{str(code): {"description": MEANS[code], "content": _json(_ref("Refusal"))} for code in sorted(refusals)},
        },
        "security": [] if one.role is Role.ANYONE else [{"token": []}, {"page": []}],
    }
    if one.path == "/health/ready":
        said["responses"]["503"] = {"description": "Not ready.", "content": _json(_ref("Readiness"))}
    if one.wish is not None:
        said["requestBody"] = {"required": True, "content": _json(_ref(one.wish.__name__))}
    return said


def _content(one: Operation) -> dict[str, Any]:
    match one.path:
        case "/metrics":
            return {"text/plain": {"schema": {"type": "string"}}}
        case "/events":
            return {"text/event-stream": {"schema": {"type": "string"}}}
        case "/openapi.json":
            return _json({"type": "object"})
    assert one.answer is not None, f"{one.path} must say what it answers"
    if one.path.startswith("/health/"):
        return _json(_ref(one.answer))
    wrapped = {
        "type": "object",
        "required": ["status", "data"],
        "properties": {"status": {"const": "ok"}, "data": _ref(one.answer), "timezone": {"type": "string"}},
    }
    return _json(wrapped)


def _path(path: str) -> list[dict[str, Any]]:
    names = re.findall(r"{(\w+)}", path)
    return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]


def _queries(one: Operation) -> list[dict[str, Any]]:
    return [{"name": q.name, "in": "query", "schema": dict(q.schema), "description": q.says} for q in one.queries]


def _ref(name: str) -> dict[str, str]:
    return {"$ref": REF.format(model=name)}


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}

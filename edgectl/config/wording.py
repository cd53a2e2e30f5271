"""What the schema library objects to, in words for the person who wrote the line."""

import re
import types
from collections.abc import Mapping
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from edgectl.config.findings import nearest

_KINDS = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a group of keys",
    "model_type": "a group of keys",
    "model_attributes_type": "a group of keys",
}


def sentence(error: ErrorDetails, model: Any, inside: tuple[str | int, ...]) -> tuple[str, str]:
    """What and hint for one objection. `model` is what was validated, `inside` the path within it."""
    kind, context, value = error["type"], error.get("ctx", {}), error["input"]
    field = _field(model, inside, value)
    about = field.description if field is not None and field.description else ""
    if kind == "extra_forbidden":
        return "is not a known key", nearest(str(inside[-1]), _keys(model, inside[:-1], value))
    if kind == "missing":
        return "is missing", f"add {inside[-1]}: {about}"
    if kind in ("literal_error", "union_tag_invalid"):
        return _literal(kind, context, value)
    if kind == "union_tag_not_found":
        return "has no type", "add type: modbus-rtu, modbus-tcp, modbus-rtu-over-tcp, ezo-uart, serial-lines or mqtt"
    if kind == "site":
        return str(context["what"]), str(context["hint"])
    if kind in _KINDS:
        return f"{shown(value)} is not {_KINDS[kind]}", f"write {about}" if about else ""
    if kind == "string_pattern_mismatch":
        hint = about or "a name begins with a letter and holds letters, digits, - and _ (48 at most)"
        return f"{shown(value)} is not written as expected", f"write {hint}"
    if kind in ("greater_than", "greater_than_equal", "less_than", "less_than_equal"):
        words = {"gt": "above", "ge": "at least", "lt": "below", "le": "at most"}
        bound = " and ".join(f"{words[key]} {limit:g}" for key, limit in context.items() if key in words)
        return f"{shown(value)} is out of bounds", f"it has to be {bound}"
    if kind in ("too_short", "too_long"):
        return f"a list of {context['actual_length']} does not fit here", f"write {about}" if about else ""
    return str(error["msg"])[:200], f"write {about}" if about else ""


def shown(value: Any) -> str:
    """A value as a sentence quotes it, never longer than a line."""
    match value:
        case dict():
            return "a group of keys"
        case list():
            return "a list"
        case bool():
            return "'true'" if value else "'false'"
    text = str(value)
    return f"'{text[:60]}…'" if len(text) > 60 else f"'{text}'"


def _literal(kind: str, context: Mapping[str, Any], value: Any) -> tuple[str, str]:
    if kind == "union_tag_invalid":
        allowed = [tag.strip(" '") for tag in str(context["expected_tags"]).split(",")]
        value = context["tag"]
    else:
        allowed = [text or number for text, number in re.findall(r"'([^']*)'|([0-9]+)", str(context["expected"]))]
    what = f"{shown(value)} is not known here"
    return what, nearest(str(value), allowed)


def _keys(model: Any, inside: tuple[str | int, ...], value: Any) -> list[str]:
    return [name for one in _models(model, inside) for name in _names(one)]


def _names(model: type[BaseModel]) -> dict[str, FieldInfo]:
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _field(model: Any, inside: tuple[str | int, ...], value: Any) -> FieldInfo | None:
    named = [part for part in inside if isinstance(part, str)]
    if not named:
        return None
    # Only a chain of groups can be walked; the first model that knows the key describes it.
    for one in _models(model, tuple(inside[: inside.index(named[-1])])):
        if named[-1] in _names(one):
            return _names(one)[named[-1]]
    return None


def _models(annotation: Any, inside: tuple[str | int, ...]) -> list[type[BaseModel]]:
    """The models that may describe the group at a path."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        if not inside:
            return [annotation]
        field = _names(annotation).get(str(inside[0]))
        return [] if field is None else _models(field.annotation, inside[1:])
    origin = get_origin(annotation)
    if origin is Annotated:
        return _models(get_args(annotation)[0], inside)
    if origin in (Union, types.UnionType):
        return [found for part in get_args(annotation) for found in _models(part, inside)]
    if origin is list:
        return _models(get_args(annotation)[0], inside[1:] if inside and isinstance(inside[0], int) else inside)
    return []

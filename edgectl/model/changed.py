"""A frozen value with some of its fields changed: what `dataclasses.replace` does, in less than half of the time.

The turn makes whole new values all day long, and the largest has forty fields. The fields are copied slot by slot, and
no constructor runs: no value here does anything in it.
"""

from collections.abc import Callable
from dataclasses import fields
from typing import Any, TypeVar

V = TypeVar("V")
_Slot = tuple[Callable[[Any], Any], Callable[[Any, Any], None]]
_KNOWN: dict[type[Any], dict[str, _Slot]] = {}


def replace(value: V, **changes: Any) -> V:
    """The same value with these fields. Raises KeyError for a field that it has not got."""
    kind: type[Any] = type(value)
    made: V = object.__new__(kind)
    slots = _KNOWN.get(kind) or _slots(kind)
    for read, write in slots.values():
        write(made, read(value))
    for name, new in changes.items():
        slots[name][1](made, new)
    return made


def _slots(kind: type[Any]) -> dict[str, _Slot]:
    descriptors = {field.name: getattr(kind, field.name) for field in fields(kind)}
    _KNOWN[kind] = {name: (slot.__get__, slot.__set__) for name, slot in descriptors.items()}
    return _KNOWN[kind]

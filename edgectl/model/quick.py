"""A frozen value is made by a constructor that goes through the door of each slot, and not through `setattr` by name.

`dataclass` writes the fields of a frozen value one by one by their names, which takes two to three times as long as it
must; a turn makes dozens of values, a busy line hundreds in a second. What is frozen stays frozen, and a value made so
is equal to any other. Only for values that do nothing in their constructor.
"""

from dataclasses import MISSING, fields
from typing import Any, TypeVar

V = TypeVar("V")


def quick(kind: type[V]) -> type[V]:
    """Give a frozen, slotted, keyword-only dataclass the faster constructor. Raises TypeError for any other class."""
    if not _is_value(kind):
        raise TypeError(f"{kind.__name__} is no frozen value without a constructor of its own")
    known: dict[str, Any] = {}
    asked, written = list[str](), list[str]()
    for field in fields(kind):  # type: ignore[arg-type]  # that it is a dataclass has just been seen
        name = field.name
        known[f"_put_{name}"] = getattr(kind, name).__set__
        if field.default_factory is not MISSING:
            known[f"_new_{name}"], known["_unset"] = field.default_factory, MISSING
            asked.append(f"{name}=_unset")
            written.append(f"    _put_{name}(self, _new_{name}() if {name} is _unset else {name})")
            continue
        if field.default is not MISSING:
            known[f"_default_{name}"] = field.default
        asked.append(name if field.default is MISSING else f"{name}=_default_{name}")
        written.append(f"    _put_{name}(self, {name})")
    source = f"def __init__(self, *, {', '.join(asked)}):\n" + "\n".join(written)
    made: dict[str, Any] = {}
    exec(source, known, made)  # as `dataclass` itself does it: every name in it is a field of this class
    made["__init__"].__qualname__ = f"{kind.__qualname__}.__init__"
    kind.__init__ = made["__init__"]  # type: ignore[method-assign]
    return kind


def _is_value(kind: type[Any]) -> bool:
    """Frozen, with a slot for each field, all of them named by whoever makes it, and nothing done with them."""
    parameters: Any = getattr(kind, "__dataclass_params__", None)
    if parameters is None or not parameters.frozen or "__slots__" not in vars(kind):
        return False
    return not hasattr(kind, "__post_init__") and all(field.kw_only and field.init for field in fields(kind))

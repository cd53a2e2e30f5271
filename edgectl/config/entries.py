"""A site file as one line of text for each of its entries: what an audit compares between two starts."""

import json

from edgectl.config.source import Table, plain


def entries(root: Table) -> dict[str, str]:
    """`actuators.pump` -> its keys and values, in an order of their own. What is no group of names is one entry."""
    found: dict[str, str] = {}
    for section, value in plain(root).items():
        if isinstance(value, dict):
            found |= {f"{section}.{name}": _line(inside) for name, inside in value.items()}
        else:
            found[section] = _line(value)
    return found


def _line(value: object) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)

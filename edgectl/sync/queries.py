"""The SQL of the uplink by name. It lives in a file of its own, with a sentence for each query."""

import re
from functools import cache
from importlib import resources


@cache
def query(name: str) -> str:
    """One query of queries.sql."""
    return _all()[name]


@cache
def _all() -> dict[str, str]:
    text = (resources.files("edgectl.sync") / "queries.sql").read_text()
    parts = re.split(r"^-- name: (\w+)\n", text, flags=re.M)[1:]
    return {name: body.strip() for name, body in zip(parts[::2], parts[1::2], strict=True)}

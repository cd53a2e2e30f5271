"""The way to the page."""

from collections.abc import Sequence
from typing import Any

from starlette.routing import BaseRoute


def page_routes(inside: Any, keeper: Any) -> Sequence[BaseRoute]:
    """Routes."""
    return []

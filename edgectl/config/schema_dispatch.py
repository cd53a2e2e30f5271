"""Who may dispatch: the lease of the house, and the doors for a scheduler elsewhere."""

from typing import Annotated, Literal

from pydantic import Field

from edgectl.config.written import Name, SomeTime, Strict


class Credential(Strict):
    """A secret lives elsewhere; here stands its name only."""

    credential: Name = Field(description="the name of a systemd credential or of a file that only the service reads")


class HostLease(Strict):
    """One host drives the site; a second daemon on it waits."""

    type: Literal["host"]


class PostgresLease(Strict):
    """Two hosts, of which one drives the site; a database on the site says which."""

    type: Literal["postgres"]
    dsn: Credential = Field(description="dsn: {credential: NAME}")
    ttl: SomeTime | None = Field(None, description="how long the lead lasts without a sign, for example 15s")


Lease = Annotated[HostLease | PostgresLease, Field(discriminator="type")]


class ApiSection(Strict):
    """Who may use the doors of the daemon."""

    outside_scheduler: bool = Field(False, description="true, when a scheduler elsewhere may send tasks under a lease")

"""Who may dispatch: the lease of the house, and the doors for a scheduler elsewhere."""

from typing import Annotated, Literal

from pydantic import Field

from edgectl.config.written import Name, SomeTime, Strict, Words


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
    listen: Annotated[str, Field(pattern=r"^[^\s]{1,60}:[0-9]{1,5}$")] | None = Field(
        None, description='where page and programs come in: "0.0.0.0:9405" is every address of this machine'
    )
    metrics: Annotated[str, Field(pattern=r"^[^\s]{1,60}:[0-9]{1,5}$")] | None = Field(
        None, description='health and metrics at an address of their own as well: "127.0.0.1:9401"'
    )
    certificate: Credential | None = Field(None, description="{credential: door}: edgectl door open makes it")
    names: Annotated[list[Words], Field(min_length=1, max_length=20)] | None = Field(
        None, description="more host names by which it is asked for: [greenhouse.example]"
    )

"""Where the centre is, from a connection string, and how far its line may be trusted.

One rule: over a network the line is encrypted and the other end proves who it is. A string that asks for less is
refused; one that says nothing gets `sslmode=verify-full`.
"""

import ipaddress
import ssl
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from edgectl.sync.errors import CentreRefuses

FORM = "postgresql://ROLE:PASSWORD@HOST:5432/DATABASE?sslrootcert=/etc/edgectl/centre-ca.pem"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """One centre. `secure` is False only for a server on this very machine."""

    host: str
    port: int
    user: str
    password: str | None
    database: str
    secure: bool
    authorities: Path | None = None  # who may vouch for the server; None is whom the system trusts

    def __str__(self) -> str:
        return f"{self.user}@{self.host}:{self.port}/{self.database}"

    def line(self) -> ssl.SSLContext | bool:
        """What encrypts the line. Reads files: call it off the loop. Raises CentreRefuses."""
        if not self.secure:
            return False
        try:
            return ssl.create_default_context(cafile=None if self.authorities is None else str(self.authorities))
        except (OSError, ssl.SSLError) as error:
            raise CentreRefuses(
                f"the certificates in {self.authorities} cannot be read: {error}",
                "sslrootcert in the connection string names the file of the authority that signed the centre's",
            ) from error


def address(dsn: str) -> Address:
    """Understand a connection string. Raises CentreRefuses; its sentence never holds the password."""
    try:
        parts = urlsplit(dsn.strip())
        port = parts.port or 5432
    except ValueError as error:
        raise CentreRefuses("the connection string of the centre cannot be read", f"write it as {FORM}") from error
    options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    if parts.scheme not in ("postgresql", "postgres") or not parts.hostname or not parts.username:
        raise CentreRefuses("the connection string of the centre names no server or no role", f"write it as {FORM}")
    unknown = sorted(set(options) - {"sslmode", "sslrootcert"})
    if unknown:
        raise CentreRefuses(f"the connection string of the centre says {unknown[0]}, which is not known", FORM)
    near = _near(parts.hostname)
    mode = options.get("sslmode", "disable" if near and "sslrootcert" not in options else "verify-full")
    if mode != "verify-full" and not near:
        raise CentreRefuses(
            f"the connection string asks for sslmode={mode}: anybody on the way could be the centre",
            "write sslmode=verify-full, and sslrootcert=FILE if your own authority signed its certificate",
        )
    return Address(
        host=parts.hostname,
        port=port,
        user=unquote(parts.username),
        password=None if parts.password is None else unquote(parts.password),
        database=unquote(parts.path.lstrip("/")) or "edgectl",
        secure=mode == "verify-full",
        authorities=Path(options["sslrootcert"]) if "sslrootcert" in options else None,
    )


def _near(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

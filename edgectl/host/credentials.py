"""Secrets live outside of the site file: in what systemd hands over, or in a file that only the service reads."""

import os
import stat
from pathlib import Path

from edgectl.model.ports import NoCredential
from edgectl.model.said import plainly

HOME = Path("/etc/edgectl/credentials")
LARGEST = 1024 * 1024  # bytes: also every authority that a machine believes fits in
RIGHTS = "it must belong to the user of the service, mode 0600"


class CredentialMissing(NoCredential):
    """There is no such secret, or too many people can read it. `hint` says what to do next."""


def folder_of_credentials() -> Path:
    """Where secrets lie that systemd does not hand over."""
    return Path(os.environ.get("EDGECTL_CREDENTIALS", HOME))


def credential(name: str) -> str:
    """The text of a secret. It is read anew each time, so that a new one needs no restart where a file holds it."""
    path = credential_file(name)
    try:
        return path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise CredentialMissing(f"the credential {path} cannot be read: {plainly(error)}", RIGHTS) from error


def credential_file(name: str) -> Path:
    """Where a secret lies, for whoever reads it at once, and for libraries that read certificates themselves: a file of
    a known size, which is read without waiting for anybody. Raises CredentialMissing."""
    handed = os.environ.get("CREDENTIALS_DIRECTORY")
    own = folder_of_credentials()
    for folder in [Path(handed), own] if handed else [own]:
        path = folder / name
        try:
            if folder == own and path.stat().st_mode & 0o077:
                raise CredentialMissing(f"others can read the credential {path}", f"chmod 600 {path}")
            _look(path)
            return path
        except FileNotFoundError:
            continue
        except OSError as error:
            raise CredentialMissing(f"the credential {path} cannot be read: {plainly(error)}", RIGHTS) from error
    raise CredentialMissing(
        f"there is no credential {name}", f"write it to {own / name} (mode 0600), or let systemd load it"
    )


def _look(path: Path) -> None:
    """Can it be read, and is it read at once? A pipe without a writer would hold up whoever opens it, and with him the
    OFF that he was to sign."""
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise CredentialMissing(f"the credential {path} is not an ordinary file", "write the secret into a file")
    if found.st_size > LARGEST:
        raise CredentialMissing(
            f"the credential {path} is larger than {LARGEST // 1024} kB", "is this really a secret?"
        )
    os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC))

"""A key and a certificate of this house's own, in one file, so that one rename changes both.

Nobody but itself signs for it: a browser that meets it for the first time warns, and a person compares its fingerprint.
It may sign for nobody else, so whoever steals the key can pretend to be this house and no other place. The daemon reads
certificates in a process beside it (`python -m edgectl.host.certificate FILE`): the library is large, and is used once.
"""

import hashlib
import ipaddress
import json
import re
import ssl
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edgectl.model.time import SECOND, Nanos, from_datetime, to_datetime

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

DAY: Nanos = 86_400 * SECOND
LASTS: Nanos = 820 * DAY  # phones of one maker refuse what is good for more than 825
BEFORE: Nanos = DAY  # the clock of a phone may be behind ours
LARGEST = 256 * 1024  # bytes of a file: a chain of certificates takes some thousand
LONGEST_NAME = 64  # letters of a common name
_PEM = re.compile("-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


class NoCertificate(Exception):
    """What stands in a file is no certificate. The sentence says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a certificate says: from when to when it is good (wall), for which names, and its SHA-256 fingerprint."""

    begins: Nanos
    ends: Nanos
    names: tuple[str, ...]
    fingerprint: str


def make(names: tuple[str, ...], addresses: tuple[str, ...], wall: Nanos) -> bytes:
    """A new key and a certificate for it, as PEM."""
    # Imported here, as everywhere in this file: only who makes or reads one pays for the library.
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key()
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:LONGEST_NAME])])
    called: list[x509.GeneralName] = [x509.DNSName(name) for name in names]
    called += [x509.IPAddress(ipaddress.ip_address(address)) for address in addresses]
    begins = (wall - BEFORE) // SECOND * SECOND
    own_id = x509.SubjectKeyIdentifier.from_public_key(public)
    signed = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(to_datetime(begins))
        .not_valid_after(to_datetime(begins + LASTS))
        .add_extension(x509.SubjectAlternativeName(called), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(own_id, critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own_id), critical=False)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    return secret + signed.public_bytes(serialization.Encoding.PEM)


def facts(pem: str) -> Facts:
    """What the first certificate of a text says. Raises NoCertificate."""
    from cryptography import x509

    try:
        read = x509.load_pem_x509_certificate(_first(pem).encode())
        names = _names(read)
        begins, ends = from_datetime(read.not_valid_before_utc), from_datetime(read.not_valid_after_utc)
    except ValueError as error:  # also what is no Unicode, and extensions that contradict themselves
        raise NoCertificate(f"its certificate cannot be read: {str(error)[:200]}") from error
    return Facts(begins=begins, ends=ends, names=names, fingerprint=fingerprint(pem))


def fingerprint(pem: str) -> str:
    """The SHA-256 of the first certificate, as browsers show it. Raises NoCertificate."""
    try:
        der = ssl.PEM_cert_to_DER_cert(_first(pem))
    except ValueError as error:
        raise NoCertificate("its certificate is no base64") from error
    return hashlib.sha256(der).digest().hex(":").upper()


def text_of(path: Path) -> str:
    """What stands in a file. Raises NoCertificate."""
    try:
        with path.open() as file:
            return file.read(LARGEST)
    except (OSError, UnicodeDecodeError) as error:
        raise NoCertificate(f"{path} cannot be read: {getattr(error, 'strerror', '') or error}") from error


def _first(pem: str) -> str:
    found = _PEM.search(pem)
    if found is None:
        raise NoCertificate("there is no certificate in it")
    return found[0]


def _names(read: "Certificate") -> tuple[str, ...]:
    from cryptography import x509

    try:
        called = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    addresses = (str(address) for address in called.get_values_for_type(x509.IPAddress))
    return (*called.get_values_for_type(x509.DNSName), *addresses)


if __name__ == "__main__":
    try:
        sys.stdout.write(json.dumps(asdict(facts(text_of(Path(sys.argv[1]))))))
    except NoCertificate as none:
        sys.stdout.write(json.dumps({"why": str(none)}))

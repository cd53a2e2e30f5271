"""A certificate of the house's own: what it says, whom it lets pretend what, and when it calls a person."""

import hashlib
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from edgectl.api.server import Certificate
from edgectl.api.web.words import Words
from edgectl.daemon import certificate
from edgectl.daemon.certificate import DoorCertificate
from edgectl.host.certificate import DAY, LASTS, Facts, NoCertificate, facts, fingerprint, make
from edgectl.model.inputs import Concern
from edgectl.model.time import SECOND, Now, Trust

WALL = 1_780_000_000 * SECOND
NAMES, ADDRESSES = ("greenhouse.local", "greenhouse"), ("192.168.1.7", "2001:db8::7")


def made(folder: Path, wall: int = WALL) -> Path:
    path = folder / "door"
    path.write_bytes(make(NAMES, ADDRESSES, wall))
    path.chmod(0o600)
    return path


def shakes_hands(path: Path, trusted: Path, host: str) -> None:
    """A whole handshake in memory. Raises ssl.SSLError when the client does not believe the server."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(path)
    shown_by(server, trusted, host)


def shown_by(server: ssl.SSLContext, trusted: Path, host: str) -> str:
    """The fingerprint that a client meets who believes what is `trusted`."""
    client = ssl.create_default_context(cafile=str(trusted))
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        client.wrap_bio(to_client, to_server, server_hostname=host),
        server.wrap_bio(to_server, to_client, server_side=True),
    ]
    for _ in range(4):
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
    assert ends[0].version() in ("TLSv1.2", "TLSv1.3")
    der = ends[0].getpeercert(binary_form=True)
    assert der
    return hashlib.sha256(der).digest().hex(":").upper()


def test_it_names_this_house_and_signs_for_nobody_else(tmp_path: Path) -> None:
    pem = made(tmp_path).read_text()
    read = x509.load_pem_x509_certificate(pem[pem.index("-----BEGIN CERT") :].encode())
    key = read.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert key.curve.name == "secp256r1"
    assert read.extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False
    usage = read.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [x509.oid.ExtendedKeyUsageOID.SERVER_AUTH]
    said = facts(pem)
    assert said.names == (*NAMES, *ADDRESSES)
    assert said.begins == WALL - DAY, "a phone whose clock is behind takes it too"
    assert said.ends - said.begins == LASTS <= 825 * DAY
    der = ssl.PEM_cert_to_DER_cert(pem[pem.index("-----BEGIN CERT") :])
    assert bytes.fromhex(said.fingerprint.replace(":", "")) == hashlib.sha256(der).digest()
    assert fingerprint(pem) == said.fingerprint
    assert make(NAMES, (), WALL) != make(NAMES, (), WALL)


def test_whoever_trusts_it_believes_this_house_and_no_other(tmp_path: Path) -> None:
    now = time.time_ns()
    mine, other = made(tmp_path, now), tmp_path / "other"
    other.write_bytes(make(NAMES, ADDRESSES, now))
    for host in (*NAMES, *ADDRESSES):
        shakes_hands(mine, mine, host)
    with pytest.raises(ssl.SSLCertVerificationError):
        shakes_hands(mine, mine, "elsewhere.local")
    with pytest.raises(ssl.SSLCertVerificationError):
        shakes_hands(other, mine, NAMES[0])


@pytest.mark.parametrize(
    "text",
    ["", "hello", *(f"-----BEGIN CERTIFICATE-----\n{inside}\n-----END CERTIFICATE-----" for inside in ("", "AAAA"))],
)
def test_what_is_no_certificate_is_said_to_be_none(text: str) -> None:
    with pytest.raises(NoCertificate):
        facts(text)


@dataclass
class Watched:
    """A door that nobody has opened, its clock, and what it told."""

    now: Now = field(default_factory=lambda: Now(mono=0, wall=WALL, trust=Trust.SYNCED))
    told: list[Concern] = field(default_factory=list)
    room: bool = True

    async def looks(self, one: DoorCertificate, *, after: int = 0, **more: Any) -> str | None:
        """Time goes by, and it looks. What it says anew; None when nothing new is to be said."""
        self.now = replace(self.now, mono=self.now.mono + 100 * SECOND, wall=self.now.wall + after, **more)
        before = len(self.told)
        await one.look()
        if len(self.told) == before:
            return None
        assert self.told[-1].active == bool(self.told[-1].message)
        return self.told[-1].message

    def take(self, concern: Concern, then: Callable[[], None]) -> None:
        """What the engine is told; `then` when it is on the disk, and never where there was no room for it."""
        self.told.append(concern)
        if self.room:
            then()


async def test_it_calls_a_person_in_time_and_takes_up_what_is_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGECTL_CREDENTIALS", str(tmp_path))
    path, house = made(tmp_path), Watched()
    clock = SimpleNamespace(now=lambda: house.now)
    asked: Any = SimpleNamespace(certificate=None, credential="door")
    one = DoorCertificate(asked, clock, house.take)  # type: ignore[arg-type]
    assert [gauge.value for gauge in one.gauges()] == [None], "no number before it was read"
    assert await house.looks(one) == "", "also what a former life had to say is over"
    assert [gauge.value for gauge in one.gauges()] == [facts(path.read_text()).ends / SECOND]
    assert await house.looks(one, after=780 * DAY) is None
    assert "ends on 20" in str(await house.looks(one, after=10 * DAY))
    assert await house.looks(one) is None, "once"
    assert await house.looks(one, after=-700 * DAY, trust=Trust.UNTRUSTED) is None, "a clock that may be wrong"
    assert "has ended on 20" in str(await house.looks(one, after=800 * DAY, trust=Trust.SYNCED))
    path.write_bytes(make(NAMES, ADDRESSES, house.now.wall))
    assert await house.looks(one) == ""
    path.chmod(0o644)
    said = str(await house.looks(one))
    assert said == f"the certificate of the door is of no use: others can read the credential {path}"
    assert Words("ru", "UTC").told(said) == f"сертификат входа не годится: секрет {path} могут прочесть другие"
    assert house.told[-1].advice.startswith(f"chmod 600 {path}; or edgectl door renew"), "the cheap way comes first"
    path.chmod(0o600)
    assert await house.looks(one) == ""
    path.write_text("no certificate")
    assert "is of no use" in str(await house.looks(one))
    path.unlink()
    assert "there is no credential door" in str(await house.looks(one))
    made(tmp_path, house.now.wall + 10 * DAY)
    assert "and not yet" in str(await house.looks(one))


async def test_a_house_without_a_lock_on_its_door_has_nothing_to_say() -> None:
    house = Watched()
    asked: Any = SimpleNamespace(certificate=None, credential="")
    one = DoorCertificate(asked, SimpleNamespace(now=lambda: house.now), house.take)  # type: ignore[arg-type]
    assert one.files() is None
    assert await house.looks(one) == ""
    assert not house.told[-1].active


async def test_what_was_not_taken_is_said_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGECTL_CREDENTIALS", str(tmp_path))
    house = Watched(room=False)
    asked: Any = SimpleNamespace(certificate=None, credential="door")
    one = DoorCertificate(asked, SimpleNamespace(now=lambda: house.now), house.take)  # type: ignore[arg-type]
    for _ in range(2):
        assert "there is no credential door" in str(await house.looks(one))
    house.room = True
    assert "there is no credential door" in str(await house.looks(one))
    assert await house.looks(one) is None


@pytest.mark.parametrize("planted", [False, True])
async def test_one_that_is_exchanged_between_two_readings_is_shown_under_its_own_fingerprint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, planted: bool
) -> None:
    monkeypatch.setenv("EDGECTL_CREDENTIALS", str(tmp_path))
    path, house, shown = made(tmp_path, time.time_ns()), Watched(), []
    asked: Any = SimpleNamespace(certificate=None, credential="door")
    one = DoorCertificate(asked, SimpleNamespace(now=lambda: house.now), house.take)  # type: ignore[arg-type]
    one.opened(cast(Any, SimpleNamespace(show=shown.append)), Certificate(cert=path, key=path))
    read = certificate.read_beside

    async def exchanged(file: Path) -> Facts:
        """The reader is a process, which takes a while to come."""
        monkeypatch.setattr(certificate, "read_beside", read)
        new = tmp_path / "new"
        new.mkdir()
        made(new, time.time_ns()).rename(path)
        return await read(file)

    monkeypatch.setattr(certificate, "read_beside", exchanged)
    if planted:  # whoever looks at the file once only takes the two for one
        monkeypatch.setattr(one, "_stamp", lambda: ((1,),))
    for _ in range(3):
        await house.looks(one)
    if not planted:
        assert shown_by(shown[-1], path, NAMES[0]) == one.fingerprint == fingerprint(path.read_text())
        return
    with pytest.raises(ssl.SSLCertVerificationError):
        shown_by(shown[-1], path, NAMES[0])

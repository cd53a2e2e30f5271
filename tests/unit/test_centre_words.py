"""Connection strings, secrets, gaps and standings: what is understood, what is refused, and how it is said."""

import asyncio
import base64
import json
import os
import re
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgectl.api.web.draw import Drawing
from edgectl.api.web.words import Words
from edgectl.cli.central import lines
from edgectl.cli.status import centre
from edgectl.host import credentials
from edgectl.host.credentials import LARGEST, CredentialMissing, credential
from edgectl.model.parcel import DaySum, Line
from edgectl.sync.dsn import address
from edgectl.sync.errors import CentreRefuses
from edgectl.sync.parity import Gap, compare, narrow
from edgectl.sync.queries import query
from edgectl.sync.rows import enveloped
from edgectl.sync.steps import WRITES, steps


def test_a_line_over_a_network_is_verified_unless_it_cannot_be_misread() -> None:
    far = address("postgresql://edgectl_site_gh-1:s%40crt@db.example.org/centre")
    assert (far.secure, far.port, far.password, far.database) == (True, 5432, "s@crt", "centre")
    assert "s@crt" not in str(far)
    assert not address("postgresql://a:b@127.0.0.1:5433/x").secure
    own = address("postgresql://a:b@[::1]/x?sslrootcert=/etc/ca.pem")
    assert own.secure
    assert own.authorities == Path("/etc/ca.pem")
    for mode in ("disable", "prefer", "require", "verify-ca"):
        with pytest.raises(CentreRefuses, match=f"asks for sslmode={mode}: anybody on the way could be the centre"):
            address(f"postgresql://a:b@db.example.org/x?sslmode={mode}")


@pytest.mark.parametrize(
    "dsn", ["", "nonsense", "postgresql://host/x", "mysql://a:secret@b/c", "postgresql://a:secret@b:x/"]
)
def test_a_string_that_is_none_is_refused_without_its_password(dsn: str) -> None:
    with pytest.raises(CentreRefuses) as refused:
        address(dsn)
    assert "secret" not in str(refused.value) + refused.value.hint
    assert "postgresql://" in refused.value.hint


def test_an_option_that_is_not_known_is_named() -> None:
    with pytest.raises(CentreRefuses, match="says ssl, which is not known"):
        address("postgresql://a:b@db.example.org/x?ssl=off")


def test_a_secret_that_others_can_read_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGECTL_CREDENTIALS", str(tmp_path))
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    with pytest.raises(CredentialMissing, match="there is no credential centre"):
        credential("centre")
    path = tmp_path / "centre"
    path.write_text("postgresql://a:b@c/d\n")
    path.chmod(0o644)
    with pytest.raises(CredentialMissing, match="others can read"):
        credential("centre")
    path.chmod(0o600)
    assert credential("centre") == "postgresql://a:b@c/d"
    handed = tmp_path / "handed"
    handed.mkdir()
    (handed / "centre").write_text("from systemd")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(handed))
    assert credential("centre") == "from systemd"


@pytest.mark.parametrize("kind", ["pipe", "folder", "socket", "far too large"])
def test_a_secret_that_would_keep_its_reader_waiting_is_told(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGECTL_CREDENTIALS", str(tmp_path))
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    monkeypatch.chdir(tmp_path)  # a socket takes short names only
    path = tmp_path / "node-ph"
    with socket.socket(socket.AF_UNIX) as door:
        if kind == "pipe":
            os.mkfifo(path)
        elif kind == "folder":
            path.mkdir()
        elif kind == "socket":
            door.bind(path.name)
        else:
            path.touch()
            os.truncate(path, LARGEST + 1)
        path.chmod(0o700)
        told = "larger than 1024 kB" if kind == "far too large" else "not an ordinary file"
        with pytest.raises(CredentialMissing, match=told):
            credential("node-ph")


def test_the_bug_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credentials, "_look", lambda path: None)
    with pytest.raises(AssertionError):
        test_a_secret_that_would_keep_its_reader_waiting_is_told("folder", tmp_path, monkeypatch)


def _sum(day: str, digest: bytes) -> DaySum:
    return DaySum(journal_id="j" * 32, day=day, lines=3, first=1, last=3, digest=digest)


def test_days_that_add_up_are_no_gaps() -> None:
    here = [_sum("2026-06-01", b"a"), _sum("2026-06-02", b"b"), _sum("2026-06-03", b"c")]
    gaps = compare(here, [_sum("2026-06-01", b"a"), _sum("2026-06-02", b"x")])
    assert [(gap.day, gap.there) for gap in gaps] == [("2026-06-02", 3), ("2026-06-03", 0)]


@given(
    st.dictionaries(st.integers(1, 40), st.sampled_from([b"a", b"b"])),
    st.dictionaries(st.integers(1, 40), st.sampled_from([b"a", b"b"])),
)
def test_a_gap_names_each_line_once(here: dict[int, bytes], there: dict[int, bytes]) -> None:
    gap = narrow(Gap(journal_id="j" * 32, day="2026-06-01", here=0, there=0), here, there)

    def spread(spans: tuple[tuple[int, int], ...]) -> set[int]:
        return {seq for first, last in spans for seq in range(first, last + 1)}

    assert spread(gap.missing) == set(here) - set(there)
    assert spread(gap.foreign) == set(there) - set(here)
    assert spread(gap.different) == {seq for seq in set(here) & set(there) if here[seq] != there[seq]}
    assert str(len(here)) in gap.words()


@given(st.binary())
def test_an_envelope_holds_the_bytes_as_they_were(raw: bytes) -> None:
    body = raw.decode("utf-8", "surrogateescape")
    line = enveloped(Line(seq=1, wall=0, event_type="X", task_id=None, zone=None, body=body, hash=b""))
    assert base64.b64decode(json.loads(line.body)["base64"]) == raw


def test_each_step_has_a_number_of_its_own_and_each_query_a_sentence() -> None:
    assert [step.number for step in steps()] == list(range(1, WRITES + 1))
    assert query("take_lines").startswith("-- ")


STANDING = {
    "contact": "offline",
    "for_s": 75.0,
    "why": "the centre does not answer",
    "advice": "work goes on",
    "again_in_s": 12.0,
    "heard_s": 80.0,
    "waiting": 3,
    "journals": [{"journal": "0123456789abcdef", "head": 9, "acknowledged": 6, "in_use": True}],
    "gaps": [],
}


@pytest.mark.parametrize(
    ("contact", "told"),
    [
        ("online", "The centre hears what happens here."),
        ("rejected", "The centre says no; 3 lines wait here."),
        ("offline", "its last answer came 1 min 20 s ago. 3 lines wait here, and work goes on."),
        ("connecting", "The centre is not reached, its last answer came 1 min 20 s ago."),
    ],
)
def test_the_page_says_how_it_stands(contact: str, told: str) -> None:
    calm = {name: [] for name in ("alarms", "restraints", "proposed", "zones", "readings", "outputs")}
    status = {**calm, "centre": {**STANDING, "contact": contact}}
    text = asyncio.run(Drawing().text("_needs.html", Words("en", "UTC"), status=status, may_run=False))
    assert told in " ".join(re.sub(r"<[^>]+>", "", text).split())
    without = asyncio.run(
        Drawing().text("_needs.html", Words("en", "UTC"), status={**status, "centre": None}, may_run=False)
    )
    assert "centre" not in without.lower()


def test_how_it_stands_is_said_in_words() -> None:
    assert centre(STANDING) == "offline for 1 min 15 s, 3 lines wait: the centre does not answer; asked again in 12 s"
    aged = {**STANDING, "oldest": "2026-06-07T12:01:00+00:00"}
    assert ", 3 lines wait, the oldest since Sun " in centre(aged)
    online = {**STANDING, "contact": "online", "why": "", "again_in_s": None, "waiting": 0}
    assert centre(online) == "online, everything has arrived"
    assert centre({**online, "waiting": 1, "gaps": ["a gap"]}) == "online, 1 line waits; a gap"
    assert lines(STANDING) == [
        "offline for 1 min 15 s · heard 1 min 20 s ago · 3 lines wait",
        "  the centre does not answer",
        "  work goes on",
        "  asked again in 12 s; at once with: edgectl central drain",
        "journal 01234567  6 of 9 lines arrived  in use",
    ]

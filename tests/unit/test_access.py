"""Who may come in: the book of tokens, codes for phones, and how often somebody may ask."""

import json
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import Response

from edgectl.api.access import Role
from edgectl.api.house import Unavailable
from edgectl.api.keepers import Address, NetworkKeeper, SocketKeeper, host_of
from edgectl.api.limits import Rate
from edgectl.api.pairing import GOOD_FOR, Pairings, spoken
from edgectl.api.tokens import MOST, PAGE_LASTS, Token, TokenBook
from edgectl.api.web.deeds import give_cookie
from edgectl.model.time import SECOND


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.at = 1_800_000_000 * SECOND

    def __call__(self) -> int:
        return self.at


def book(folder: Path, clock: Clock) -> TokenBook:
    return TokenBook(folder / "tokens.json", clock)


def let_in(tokens: TokenBook, name: str, role: Role, kind: str = "token") -> tuple[Token, str]:
    token, secret = tokens.draw(name, role, kind=kind)
    tokens.add(token)
    return token, secret


# ---------------------------------------------------------------- the book


def test_a_token_is_long_kept_as_a_hash_and_readable_by_nobody_else(tmp_path: Path) -> None:
    tokens = book(tmp_path, Clock())
    token, secret = let_in(tokens, "prometheus", Role.VIEWER)
    assert len(secret) >= 43, "256 bits in base 64"
    text = (tmp_path / "tokens.json").read_text()
    assert secret not in text
    assert token.digest in text
    assert (tmp_path / "tokens.json").stat().st_mode & 0o777 == 0o600


def test_a_token_is_known_after_a_restart_and_unknown_once_it_is_revoked(tmp_path: Path) -> None:
    clock = Clock()
    token, secret = let_in(book(tmp_path, clock), "prometheus", Role.VIEWER)
    again = book(tmp_path, clock)
    found = again.known(secret, "token")
    assert found is not None
    assert (found.name, found.role) == ("prometheus", Role.VIEWER)
    assert again.known(secret, "page") is None, "the token of a program is no cookie"
    assert again.known(secret[:-1], "token") is None
    again.revoke(token.token_id)
    assert again.known(secret, "token") is None
    assert book(tmp_path, clock).known(secret, "token") is None
    with pytest.raises(Unavailable, match="there is no token"):
        again.revoke(token.token_id)


def test_a_paired_page_ends_by_itself(tmp_path: Path) -> None:
    clock = Clock()
    tokens = book(tmp_path, clock)
    _, secret = let_in(tokens, "Ana's phone", Role.OPERATOR, kind="page")
    clock.at += PAGE_LASTS - 1
    assert tokens.known(secret, "page") is not None
    clock.at += 1
    assert tokens.known(secret, "page") is None


def test_the_book_has_an_end(tmp_path: Path) -> None:
    tokens = book(tmp_path, Clock())
    tokens._put(tuple(let_in(tokens, "a", Role.VIEWER)[0] for _ in range(1)) * MOST)
    with pytest.raises(Unavailable, match=f"there are {MOST} tokens"):
        tokens.draw("one more", Role.VIEWER)


def test_a_name_stands_in_the_book_for_one_program_and_for_any_number_of_phones(tmp_path: Path) -> None:
    tokens = book(tmp_path, Clock())
    first, _ = let_in(tokens, "grafana", Role.VIEWER)
    with pytest.raises(Unavailable, match=f"has a token already: {first.token_id}", check=lambda no: no.http == 409):
        tokens.draw("grafana", Role.ENGINEER)
    for _ in range(2):
        let_in(tokens, "phone", Role.OPERATOR, kind="page")
    tokens.revoke(first.token_id)
    assert let_in(tokens, "grafana", Role.VIEWER)[0].token_id != first.token_id


def test_whoever_is_put_out_is_out_although_the_book_takes_no_writes(tmp_path: Path) -> None:
    folder, clock = tmp_path / "state", Clock()
    folder.mkdir()
    gone: list[str] = []
    tokens = TokenBook(folder / "tokens.json", clock, gone.append)
    token, secret = let_in(tokens, "grafana", Role.VIEWER)
    folder.rename(tmp_path / "away")
    for _ in range(2):
        with pytest.raises(Unavailable, match="until the next start only"):
            tokens.revoke(token.token_id)
        assert (tokens.known(secret, "token"), tokens.listed()) == (None, ())
    assert gone[0] == token.token_id, "and its streams end"
    (tmp_path / "away").rename(folder)
    tokens.revoke(token.token_id)
    assert book(folder, clock).listed() == ()


def test_whoever_was_put_out_on_a_full_disk_stands_in_no_book_that_is_written_later(tmp_path: Path) -> None:
    folder, clock = tmp_path / "state", Clock()
    folder.mkdir()
    tokens = book(folder, clock)
    (first, secret), (other, _) = (let_in(tokens, name, Role.VIEWER) for name in ("grafana", "prometheus"))
    folder.rename(tmp_path / "away")
    with pytest.raises(Unavailable, match="until the next start only"):
        tokens.revoke(first.token_id)
    (tmp_path / "away").rename(folder)
    tokens.revoke(other.token_id)
    assert book(folder, clock).known(secret, "token") is None


def test_a_damaged_book_lets_nobody_in_and_is_kept(tmp_path: Path) -> None:
    clock = Clock()
    _, secret = let_in(book(tmp_path, clock), "prometheus", Role.VIEWER)
    path = tmp_path / "tokens.json"
    path.write_text(path.read_text()[:-9])
    again = book(tmp_path, clock)
    assert again.known(secret, "token") is None
    assert (tmp_path / "tokens.json.damaged").exists()
    let_in(again, "new", Role.VIEWER)
    assert len(json.loads(path.read_text())) == 1


# ---------------------------------------------------------------- codes


def test_a_code_is_good_once_and_for_ten_minutes() -> None:
    clock = Clock()
    pairings = Pairings(clock)
    invitation = pairings.invite("phone", Role.OPERATOR)
    assert pairings.redeem("BBBB-BBBB-BBBB-BBBB") is None
    assert pairings.redeem(spoken(invitation.code).lower()) == invitation, "as people type it"
    assert pairings.redeem(invitation.code) is None, "once"
    late = pairings.invite("phone", Role.OPERATOR)
    clock.at += GOOD_FOR
    assert pairings.redeem(late.code) is None


# ---------------------------------------------------------------- rates


def test_who_asks_too_often_waits_and_others_do_not() -> None:
    clock = Clock()
    rate = Rate(clock, burst=3, per_s=1)
    assert [rate.take("a") for _ in range(3)] == [0, 0, 0]
    assert 0 < rate.take("a") <= 1
    assert rate.take("b") == 0
    clock.at += 2 * SECOND
    assert [rate.take("a") for _ in range(2)] == [0, 0]
    assert rate.take("a") > 0


def test_a_crowd_of_strangers_costs_no_memory_and_gets_no_further_together() -> None:
    rate = Rate(Clock(), burst=10, per_s=1, remembered=100, crowd=2000)
    taken = sum(rate.take(number) == 0 for number in range(100_000))
    assert len(rate) <= 100
    assert taken == 2000


def test_one_loud_neighbour_does_not_use_up_what_is_for_all() -> None:
    rate = Rate(Clock(), burst=10, per_s=1, remembered=100, crowd=40)
    assert sum(rate.take("loud") == 0 for _ in range(1000)) == 10
    assert [rate.take("other") for _ in range(10)] == [0] * 10


# ---------------------------------------------------------------- keepers


def scope(method: str = "GET", path: str = "/status", client: str = "10.0.0.9", **headers: str) -> dict[str, Any]:
    raw = [
        (name.replace("_", "-").encode(), value.encode()) for name, value in ({"host": "house.lan"} | headers).items()
    ]
    return {"type": "http", "method": method, "path": path, "headers": raw, "client": (client, 5)}


def keeper(tmp_path: Path, clock: Clock, **more: Any) -> tuple[NetworkKeeper, TokenBook]:
    tokens = book(tmp_path, clock)
    address = Address(names=frozenset({"house.lan", "localhost"}), **more)
    asked, strange = Rate(clock, burst=20, per_s=1), Rate(clock, burst=20, per_s=1, crowd=40)
    wrong = Rate(clock, burst=3, per_s=0.01)
    return NetworkKeeper(address, tokens, asked=asked, strange=strange, wrong=wrong), tokens


def refused(code: int) -> Any:
    return pytest.raises(Unavailable, check=lambda no: no.http == code)


def test_another_name_is_refused_before_anything_else(tmp_path: Path) -> None:
    door, tokens = keeper(tmp_path, Clock())
    _, secret = let_in(tokens, "a", Role.ENGINEER)
    bearer = {"authorization": f"Bearer {secret}"}
    for host in ("evil.example", "house.lan.evil.example", "", "[::1", "house.lan@evil.example"):
        with refused(421):
            door.know(scope(**bearer, host=host), Role.VIEWER)
    for host in ("house.lan", "House.LAN:9405", "localhost:1", "127.0.0.1:9405", "[::1]:9405", "192.168.1.7"):
        assert door.know(scope(**bearer, host=host), Role.ENGINEER).by == "token"


def test_a_cookie_changes_nothing_unless_our_own_page_asks(tmp_path: Path) -> None:
    door, tokens = keeper(tmp_path, Clock())
    _, secret = let_in(tokens, "phone", Role.OPERATOR, kind="page")
    cookie = {"cookie": f"theme=dark; edgectl={secret}"}
    assert door.know(scope(**cookie), Role.VIEWER).by == "page", "looking needs no origin"
    for foreign in (
        {},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://house.lan.evil.example"},
        {"origin": "http://house.lan", "sec_fetch_site": "cross-site"},
    ):
        with refused(403):
            door.know(scope("POST", "/stop-all", **cookie, **foreign), Role.OPERATOR)
    own = {"origin": "http://house.lan", "sec_fetch_site": "same-origin"}
    assert door.know(scope("POST", "/stop-all", **cookie, **own), Role.OPERATOR).role is Role.OPERATOR


@pytest.mark.parametrize("book", ["[" * 200_000, '[{"digest": 5}]', "{}", "[[]]"])
def test_a_book_of_another_shape_lets_nobody_in(tmp_path: Path, book: str) -> None:
    path = tmp_path / "tokens.json"
    path.write_text(book)
    assert TokenBook(path, lambda: 0).known("whatever", "token") is None


@pytest.mark.parametrize(("key", "value"), [("digest", 5), ("digest", "ä" * 64), ("until", "noon"), ("name", None)])
def test_a_line_with_a_wrong_value_lets_nobody_in(tmp_path: Path, key: str, value: object) -> None:
    path = tmp_path / "tokens.json"
    book = TokenBook(path, lambda: 0)
    _, secret = let_in(book, "phone", Role.VIEWER)
    rows = json.loads(path.read_text())
    path.write_text(json.dumps([{**rows[0], key: value}]))
    assert TokenBook(path, lambda: 0).known(secret, "token") is None


def test_a_cookie_that_another_host_of_the_domain_planted_is_not_read_over_tls(tmp_path: Path) -> None:
    door, tokens = keeper(tmp_path, Clock(), tls=True)
    _, secret = let_in(tokens, "phone", Role.VIEWER, kind="page")
    with refused(401):
        door.know(scope(cookie=f"edgectl={secret}"), Role.VIEWER)
    assert door.know(scope(cookie=f"__Host-edgectl={secret}"), Role.VIEWER).role is Role.VIEWER


def test_a_code_is_not_even_looked_at_for_somebody_who_was_wrong_too_often(tmp_path: Path) -> None:
    door, _ = keeper(tmp_path, clock := Clock())
    for _ in range(3):
        door.may_guess(scope())
        door.guessed(scope())
    with refused(429):
        door.may_guess(scope())
    door.may_guess(scope(client="10.0.0.8"))
    clock.at += 100 * SECOND
    door.may_guess(scope())


@pytest.mark.parametrize("how", [{}, {"tls": True}, {"proxied": True}])
def test_the_cookie_of_a_page_is_for_this_door_alone(tmp_path: Path, how: dict[str, bool]) -> None:
    door, _ = keeper(tmp_path, Clock(), **how)
    answer = Response()
    give_cookie(door, answer, "secret")
    name, *more = answer.headers["set-cookie"].lower().split("; ")
    assert {"httponly", "samesite=strict", "path=/"} <= set(more)
    assert not [part for part in more if part.startswith("domain")]
    assert ("secure" in more) is (name == "__host-edgectl=secret") is bool(how)


def test_guessing_ends_soon_and_a_stop_is_never_refused_for_asking_too_often(tmp_path: Path) -> None:
    clock = Clock()
    door, tokens = keeper(tmp_path, clock)
    _, secret = let_in(tokens, "panel", Role.OPERATOR)
    for _ in range(3):
        with refused(401):
            door.know(scope(authorization="Bearer wrong"), Role.VIEWER)
    with refused(429):
        door.know(scope(authorization="Bearer wrong"), Role.VIEWER)
    bearer = {"authorization": f"Bearer {secret}", "client": "10.0.0.7"}
    for _ in range(20):
        door.know(scope(**bearer), Role.VIEWER)
    with refused(429):
        door.know(scope(**bearer), Role.VIEWER)
    for _ in range(100):
        assert door.know(scope("POST", "/stop-all", **bearer), Role.OPERATOR)


def test_however_many_strangers_ask_a_known_one_is_answered(tmp_path: Path) -> None:
    door, tokens = keeper(tmp_path, Clock())
    _, secret = let_in(tokens, "phone", Role.OPERATOR, kind="page")
    for number in range(40):
        door.know(scope(client=f"10.0.{number}.9"), Role.ANYONE)
    for number in range(2000):
        with refused(429):  # the crowd of them has a measure of its own
            door.know(scope(client=f"10.1.{number % 250}.9"), Role.ANYONE)
    assert door.know(scope(client="10.0.1.9", cookie=f"edgectl={secret}"), Role.VIEWER).by == "page"


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR, Role.ENGINEER])
def test_a_role_may_what_the_ones_before_it_may_and_no_more(tmp_path: Path, role: Role) -> None:
    door, tokens = keeper(tmp_path, Clock())
    _, secret = let_in(tokens, "a", role)
    for needed in Role:
        if role.may(needed):
            assert door.know(scope(authorization=f"Bearer {secret}"), needed).role is role
        else:
            with refused(403):
                door.know(scope(authorization=f"Bearer {secret}"), needed)


def test_members_of_the_group_run_the_house_and_give_nobody_access() -> None:
    other = {"client": ("ana", 4711)}
    assert SocketKeeper().know(other, Role.OPERATOR).who == "ana"
    with refused(403):
        SocketKeeper().know(other, Role.ENGINEER)
    assert SocketKeeper().know({"client": ("root", 0)}, Role.ENGINEER).role is Role.ENGINEER
    with refused(401):
        SocketKeeper().know({"client": None}, Role.VIEWER)


def test_a_host_header_that_is_nonsense_names_nobody() -> None:
    assert host_of("[::1") == ""
    assert host_of("a:b:c") in ("a", "")

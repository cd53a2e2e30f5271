"""No secret leaves the house in a support bundle."""

import pytest

from edgectl.observe.redact import MARK, redacted

CANARY = "kanarienvogel-7f3a"
PLACES = [
    f"password: {CANARY}",
    f'secret: "{CANARY}"',
    f"dsn: postgresql://edge:{CANARY}@db.example/plants",
    f'"token": "{CANARY} with a space"',
    f"EDGECTL_API_KEY={CANARY}",
    f"Authorization: Bearer {CANARY}",
    f"mqtt://user:{CANARY}@127.0.0.1:1883",
    f"-----BEGIN EC PRIVATE KEY-----\n{CANARY}\n-----END EC PRIVATE KEY-----",
    f"hmac_key = '{CANARY}'",
    f"secret: {{credential: {CANARY}}}",
    f"host=db user=edge password={CANARY} dbname=plants",
    f"postgresql://edge:a/b@{CANARY}@db.example/plants",
    f"tgram://123456789:{CANARY}/-100200300",
    f"slack://T1JJ3T3L2/{CANARY}/TIiajkdnlazkcOXrIdevi7FQ",
    f"mailto://grower:{CANARY}@example.org",
    f"https://hooks.example.org/services/T000/{CANARY}",
    f"https://api.example.org/bot123456:{CANARY}/sendMessage",
    f"Cookie: edgectl={CANARY}",
    f"Authorization: Basic {CANARY}==",
    '"key": "-----BEGIN PRIVATE KEY-----\\n' + CANARY + '\\n-----END PRIVATE KEY-----"',
    f"{'k4n4/7f3a+' * 6}\nAbc+/9==\n-----END PRIVATE KEY-----",
    "it is c2VjcmV0LWthbmFyaWVudm9nZWw=",
    f"http://tgram://{CANARY}",
    f"password={{ {CANARY}",
    f"secret: {{a: {'x' * 2000}, b: {CANARY}}}",
]


@pytest.mark.parametrize("place", PLACES)
def test_a_secret_is_taken_out_and_leaves_a_mark(place: str) -> None:
    text = redacted(f"before\n{place}\nafter")
    assert not [secret for secret in (CANARY, "k4n4", "c2VjcmV0") if secret in text]
    assert MARK in text
    assert text.startswith("before")
    assert text.endswith("after")


def test_what_is_no_secret_stays() -> None:
    for text in (
        "main_pump: {to: board.relay_1, role: pump, max_on: 10m}",
        "http://127.0.0.1:9405/page/tasks/st-e05e37f6fa2714bfd6e3",
        "sch:z1:irrigation:008844abe4f59760d944",
        "/dev/serial/by-id/usb-FTDI_FT232R_USB_UART_A50285BI-if00-port0",
        "nodes: {type: mqtt, url: mqtt://127.0.0.1:1883, protocol: hydro2}",
        "https://www.waveshare.com/wiki/Modbus_RTU_Relay",
        "11:32:36.529  OUTPUT_OFF_ORDERED       pump · stage water: done",
        "the lamp is on at 60 % == 0.6; a=b",
    ):
        assert redacted(text) == text


def test_a_bare_token_of_ours_is_known_by_its_length() -> None:
    assert redacted("it is " + "A5aC8oDpROq2dLNtJt_f5A3RCQDnshXnTD_Lvdc1KtY") == f"it is {MARK}"


def test_a_key_that_was_cut_off_at_its_end_is_taken_out_too() -> None:
    assert redacted(f"log\n-----BEGIN RSA PRIVATE KEY-----\n{CANARY}\nMIIEow") == f"log\n{MARK}"


ENDLESS = [
    *("a", "a.", "_token", "token.", "http://", "tgram://http://", "x://a@b ", "-----BEGIN ", "-----END ", "bearer "),
    *("token={", "token={\n", 'token="', "token='", f"{'QUJD' * 6}\n", f"{'QUJD' * 6}\n\n", "token \n", "-", "="),
]


@pytest.mark.timeout(60)  # all of it takes a second; whoever goes over the same characters again needs many minutes
@pytest.mark.parametrize("piece", ENDLESS)
def test_a_text_without_an_end_is_gone_over_once(piece: str) -> None:
    assert redacted("it is " + piece * (300_000 // len(piece))).startswith("it is ")

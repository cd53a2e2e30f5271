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
]


@pytest.mark.parametrize("place", PLACES)
def test_a_secret_is_taken_out_and_leaves_a_mark(place: str) -> None:
    text = redacted(f"before\n{place}\nafter")
    assert CANARY not in text
    assert MARK in text
    assert text.startswith("before")
    assert text.endswith("after")


def test_what_is_no_secret_stays() -> None:
    for text in (
        "main_pump: {to: board.relay_1, role: pump, max_on: 10m}",
        "http://127.0.0.1:9405/page/tasks/st-e05e37f6fa2714bfd6e3",
        "sch:z1:irrigation:008844abe4f59760d944",
        "/dev/serial/by-id/usb-FTDI_FT232R_USB_UART_A50285BI-if00-port0",
    ):
        assert redacted(text) == text


def test_a_bare_token_of_ours_is_known_by_its_length() -> None:
    assert redacted("it is " + "A5aC8oDpROq2dLNtJt_f5A3RCQDnshXnTD_Lvdc1KtY") == f"it is {MARK}"

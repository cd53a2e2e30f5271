"""Secrets are taken out of what leaves the house. Pure: text in, text out.

A value is a secret by the name it stands under or by its shape. What is taken out leaves a mark, so that a reader sees
that something was there.
"""

import re

MARK = "[taken out]"
_WORDS = r"secret|passw(?:or)?d|passphrase|token|credential|api[_-]?key|private[_-]?key|dsn|hmac|cookie"
_NAMES = rf"(?:[\w.-]*(?:{_WORDS})[\w.-]*)"
# name: value, name=value, "name": "value"; what stands behind, up to the end of the line or of the quoted text
_NAMED = re.compile(rf"(?i)(\"?{_NAMES}\"?\s*[:=]\s*)(\"(?:[^\"\\]|\\.)*\"|'[^']*'|{{[^}}]*}}|[^\s,}}\]\"']+)")
# Up to the last @ of an address: a password may hold a slash or another @.
_URL = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://)([^\s\"'<>]*)@")
# Where messages go: tgram://TOKEN/CHAT, slack://A/B/C, and addresses of hooks on the web hold nothing but secrets.
_TOLD = re.compile(
    r"(?i)\b(?!(?:https?|mqtts?|wss?|tcp|file|unix|postgres(?:ql)?)://)([a-z][a-z0-9+.-]+://)[^\s\"'<>]+"
)
_HOOK = re.compile(r"(?i)\b(https?://)[^\s\"'<>]*(?:hook|/bot\d)[^\s\"'<>]*")
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[\w~+/=.-]{8,}")
_LONG = re.compile(r"(?<![\w/.-])[A-Za-z0-9_-]{40,}(?![\w/.-])")
_BASE64 = re.compile(r"(?<![\w/+.-])[A-Za-z0-9+/]{22,}={1,2}(?![\w=])")
# A key whole, one whose end was cut off, and the lines before an end whose beginning was cut off.
_PEM = re.compile(r"-----BEGIN [^-]*PRIVATE KEY-----.*?(?:-----END [^-]*PRIVATE KEY-----|\Z)", re.S)
_PEM_REST = re.compile(r"(?:^[A-Za-z0-9+/]{24,}\s*\n)*(?:^[A-Za-z0-9+/=]+\s*\n)?-----END [^-]*PRIVATE KEY-----", re.M)


def redacted(text: str) -> str:
    """The text without its secrets."""
    text = _PEM_REST.sub(MARK, _PEM.sub(MARK, text))
    text = _TOLD.sub(rf"\1{MARK}", _URL.sub(rf"\1{MARK}@", text))
    text = _HOOK.sub(rf"\1{MARK}", text)
    text = _BEARER.sub(rf"\1 {MARK}", text)
    text = _NAMED.sub(lambda found: f'{found[1]}"{MARK}"' if found[2].startswith('"') else f"{found[1]}{MARK}", text)
    return _LONG.sub(MARK, _BASE64.sub(MARK, text))

"""Secrets are taken out of what leaves the house. Pure: text in, text out.

A value is a secret by the name it stands under or by its shape. What is taken out leaves a mark, so that a reader sees
that something was there.
"""

import re

MARK = "[taken out]"
_NAMES = r"(?:[\w.-]*(?:secret|passw(?:or)?d|passphrase|token|credential|api[_-]?key|private[_-]?key|dsn|hmac)[\w.-]*)"
# name: value, name=value, "name": "value"; what stands behind, up to the end of the line or of the quoted text
_NAMED = re.compile(rf"(?i)(\"?{_NAMES}\"?\s*[:=]\s*)(\"(?:[^\"\\]|\\.)*\"|'[^']*'|{{[^}}]*}}|[^\s,}}\]\"']+)")
_URL = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://)([^/\s@\"']+)@")
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[\w~+/=.-]{8,}")
_LONG = re.compile(r"(?<![\w/.-])[A-Za-z0-9_-]{40,}(?![\w/.-])")
_PEM = re.compile(r"-----BEGIN [^-]*PRIVATE KEY-----.*?-----END [^-]*PRIVATE KEY-----", re.S)


def redacted(text: str) -> str:
    """The text without its secrets."""
    text = _PEM.sub(MARK, text)
    text = _URL.sub(rf"\1{MARK}@", text)
    text = _BEARER.sub(rf"\1 {MARK}", text)
    text = _NAMED.sub(lambda found: f'{found[1]}"{MARK}"' if found[2].startswith('"') else f"{found[1]}{MARK}", text)
    return _LONG.sub(MARK, text)

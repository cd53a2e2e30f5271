"""Secrets are taken out of what leaves the house. Pure: text in, text out.

A value is a secret by the name it stands under or by its shape. What is taken out leaves a mark, so that a reader sees
that something was there. Whoever needs help may send a log that holds anything: no pattern goes over the same
characters again and again, so a line without an end takes as long as many short ones.
"""

import re

MARK = "[taken out]"
_WORDS = r"secret|passw(?:or)?d|passphrase|token|credential|api[_-]?key|private[_-]?key|dsn|hmac|cookie"
# name: value, name=value, "name": "value"; what stands behind, up to the end of the line or of the quoted text
_NAMED = re.compile(
    rf"(?i)(?<![\w.-])((?=[\w.-]*?(?:{_WORDS}))[\w.-]++\"?\s*+[:=]\s*+)"
    r"(\"(?:[^\"\\]|\\.)*+\"|'[^']*+'|{[^}]{0,1000}+}|{[^\n]*+|[^\s,}\]\"']++)"
)
_ADDRESS = re.compile(r"(?i)(?<![a-z0-9+.-])([a-z0-9+.-]*+)://([^\s\"'<>]*+)")
_SCHEME = re.compile(r"(?i)(?<![a-z0-9+.-])[\d+.-]*+([a-z0-9+.-]*+)://")
_PUBLIC = frozenset(["http", "https", "mqtt", "mqtts", "ws", "wss", "tcp", "file", "unix", "postgres", "postgresql"])
_HOOK = re.compile(r"(?i)hook|/bot\d")
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[\w~+/=.-]{8,}")
_LONG = re.compile(r"(?<![\w/.-])[A-Za-z0-9_-]{40,}+(?![\w/.-])")
_BASE64 = re.compile(r"(?<![\w/+.-])[A-Za-z0-9+/]{22,}+={1,2}(?![\w=])")
# A key whole, or one whose end was cut off.
_PEM = re.compile(r"-----BEGIN [^-]*PRIVATE KEY-----.*?(?:-----END [^-]*PRIVATE KEY-----|\Z)", re.S)
_PEM_END = re.compile(r"-----END [^-]*PRIVATE KEY-----")
_PEM_LINE, _PEM_LAST = re.compile(r"[A-Za-z0-9+/]{24,}\s*|\s*"), re.compile(r"[A-Za-z0-9+/=]+\s*")


def redacted(text: str) -> str:
    """The text without its secrets."""
    text = _without_ends(_PEM.sub(MARK, text))
    text = _ADDRESS.sub(_address, text)
    text = _BEARER.sub(rf"\1 {MARK}", text)
    text = _NAMED.sub(lambda found: f'{found[1]}"{MARK}"' if found[2].startswith('"') else f"{found[1]}{MARK}", text)
    return _LONG.sub(MARK, _BASE64.sub(MARK, text))


def _address(found: re.Match[str]) -> str:
    """Where messages go (tgram://TOKEN/CHAT, slack://A/B/C) and addresses of hooks on the web hold nothing but secrets;
    of the others all goes up to the last @, as a password may hold a slash or another @."""
    scheme, rest = found.groups()
    if not rest:
        return found[0]
    secret = any(len(name) > 1 and name.lower() not in _PUBLIC for name in _SCHEME.findall(found[0]))
    if secret or _HOOK.search(rest):
        return f"{scheme}://{MARK}"
    _, at, behind = rest.rpartition("@")
    return f"{scheme}://{MARK}@{behind}" if at else found[0]


def _without_ends(text: str) -> str:
    """Keys whose beginning was cut off: the lines before their end, from the last one upwards."""
    pieces, begin = [], 0
    for end in _PEM_END.finditer(text):
        before = text[begin : end.start()].splitlines(keepends=True)
        if before and before[-1].endswith("\n") and _PEM_LAST.fullmatch(before[-1]):
            before.pop()
        while before and before[-1].endswith("\n") and _PEM_LINE.fullmatch(before[-1]):
            before.pop()
        pieces += [*before, MARK]
        begin = end.end()
    return "".join((*pieces, text[begin:]))

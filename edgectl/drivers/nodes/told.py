"""What an MQTT bus tells the engine, and how much of it has to be remembered before the message is acknowledged."""

from collections.abc import Mapping
from typing import Any

from edgectl.drivers.news import News
from edgectl.drivers.nodes.speech import Speech
from edgectl.model.channel import Sample
from edgectl.model.inputs import NodeNews, Reply, ReplyStatus, Samples, Send
from edgectl.model.time import Nanos

MOST_NODES = 1024


class Told:
    """`count` grows with everything that must be on the disk before its message may be forgotten by the broker."""

    def __init__(self, news: News) -> None:
        self.count = 0
        self._news = news
        self._speech: dict[str, Speech] = {}

    def samples(self, block: tuple[Sample, ...]) -> None:
        """Readings. They are good for seconds, and nobody needs them after a crash."""
        self._news.tell(Samples(block=block))

    def reply(self, send: Send, status: ReplyStatus, now: Nanos, evidence: str = "", code: str = "") -> None:
        """What became of an order."""
        self.count += 1
        evidence, code = plain(evidence), plain(code)
        self._news.tell(Reply(cmd_id=send.cmd_id, status=status, at=now, evidence=evidence, code=code))

    def stray(self, cmd_id: str, device: str, status: ReplyStatus, now: Nanos, evidence: str) -> None:
        """An answer to an order that is not open here: of an earlier life, or of nobody."""
        if self._may(device, now):
            self.count += 1
            self._news.tell(Reply(cmd_id=cmd_id, status=status, at=now, evidence=plain(evidence)))

    def news(self, device: str, what: str, details: Mapping[str, Any], now: Nanos, *, until_told: bool = False) -> bool:
        """A line for the timeline, unless the node has said too much already. One that is said until it is told is not
        counted among those that were left out."""
        if not self._may(device, now, counted=not until_told):
            return False
        self.count += 1
        words = {key: plain(value) if isinstance(value, str) else value for key, value in details.items()}
        self._news.tell(NodeNews(device=device, what=what, details=words))
        return True

    def _may(self, device: str, now: Nanos, *, counted: bool = True) -> bool:
        if len(self._speech) >= MOST_NODES:
            self._speech.clear()
        speech = self._speech.setdefault(device, Speech())
        before = speech.left_out
        if not speech.may(now, counted=counted):
            return False
        if before:
            speech.left_out = 0
            self.count += 1
            self._news.tell(NodeNews(device=device, what="NODE_FLOODS", details={"left_out": before}))
        return True


def plain(text: str) -> str:
    """Words of a stranger without what could command a terminal."""
    if text.isprintable():  # nearly all
        return text
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)

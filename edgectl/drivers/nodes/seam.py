"""What the owner of an MQTT bus must know of a protocol: a message has one of these meanings, an order is one message.

The owner knows deadlines, presence and orders; a protocol knows topics and payloads. A message that fits none of the
meanings is `Unbelieved`, and changes nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from edgectl.drivers.profile import Profile
from edgectl.drivers.wiring import Device
from edgectl.model.inputs import ReplyStatus, Send
from edgectl.model.time import Nanos, Now

SecretOf = Callable[[Device], bytes]  # what signs the orders of a device; raises NoCredential while it is not there


@dataclass(frozen=True, slots=True, kw_only=True)
class Publish:
    """One message to leave, at least once. `lives` is how long a broker may keep it for whoever is not there."""

    topic: str
    payload: bytes
    lives: Nanos | None = None
    retain: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """Topics to hear. A `sure` one is heard at least once, also what came while nobody listened. Of `own` topics one's
    own messages do not come back."""

    topics: str
    sure: bool
    own: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a node says to one order. `shows` are outputs and floats by their channel; `needs` is what has to be said
    to it before it can take any; `unknown` says that it knows no such order, now or ever, `unsigned` that it does not
    believe who signed it."""

    device: str
    channel: str
    wire_id: str
    status: ReplyStatus
    why: str = ""
    code: str = ""
    shows: Mapping[str, bool] = field(default_factory=dict)
    needs: Publish | None = None
    unknown: bool = False
    unsigned: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """One value, or the sentence that says why there is none. `age` is how old it was when it came."""

    device: str
    channel: str
    value: float | str
    age: Nanos


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """A node came or went. A `retained` word was kept by the broker and may be of last year."""

    device: str
    online: bool
    retained: bool
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Alive:
    """A node said something that matters only because it said it. Some say since how many seconds they run."""

    device: str
    uptime_s: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """A node tells of an event or of a fault of its own. `shows` as in an answer."""

    device: str
    what: str
    details: Mapping[str, Any]
    shows: Mapping[str, bool] = field(default_factory=dict)
    age: Nanos | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """A node says what it is and has. `wrong` says why that cannot be the node of the site file, if so. `outputs` is
    None where it does not list them."""

    device: str
    wrong: str
    longest_ms: Mapping[str, int]
    outputs: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Homeless:
    """A node that belongs to no house yet. `device` is who it is in the site file, empty when it is not there."""

    device: str
    hardware_id: str
    answer: Publish | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wants:
    """Something to be answered to whoever asks, at most once a second."""

    answer: Publish


@dataclass(frozen=True, slots=True, kw_only=True)
class Unbelieved:
    """A message that changes nothing. `answer` clears away what must not stay at the broker; `ordered` says that
    somebody else told the device to do something."""

    why: str
    device: str = ""
    answer: Publish | None = None
    ordered: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Several:
    """One message with more than one meaning, in this order."""

    meanings: "tuple[Meaning, ...]"


Meaning = Answer | Measures | Present | Alive | Happened | Reports | Homeless | Wants | Unbelieved | Several


class NodeProtocol(Protocol):
    """One way to talk to nodes behind a broker. Where `polls` is true nodes measure and report when they are asked."""

    polls: bool
    subscriptions: tuple[Subscription, ...]

    def greeting(self, now: Now) -> Publish | None:
        """What all nodes are told when the broker is there, before anything is ordered of them."""

    def shows_outputs(self, profile: Profile) -> bool:
        """True when a node can be asked for the state of its outputs."""

    def switch(self, device: Device, channel: str, send: Send, wire_id: str, now: Now) -> Publish:
        """An order. Raises ValueError for one that the node cannot carry out. This and all below that order something
        raise NoCredential while nothing can be ordered of the node."""

    def off(self, device: Device, channel: str, wire_id: str, now: Now) -> Publish:
        """Take the energy away."""

    def ask(self, device: Device, wire_id: str, now: Now) -> Publish:
        """Ask for the state of the outputs."""

    def wake(self, device: Device, wire_id: str, now: Now) -> tuple[str, Publish] | None:
        """What makes a node measure that sleeps until it is told to, and the channel of its answer."""

    def read(self, topic: str, payload: bytes, *, retained: bool, now: Now) -> Meaning:
        """What a message means. Never raises."""

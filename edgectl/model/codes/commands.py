"""How an order to a device ended, in the words of a task's error and of the devices themselves."""

from edgectl.model.codes.code import Code
from edgectl.model.codes.meaning import Meaning, both, error, node
from edgectl.model.command import CommandState

_ERRORS = {
    CommandState.SEND_FAILED: Code.SEND_FAILED,
    CommandState.TIMEOUT: Code.TIMEOUT,
    CommandState.ERROR: Code.ERROR,
    CommandState.INVALID: Code.INVALID,
    CommandState.BUSY: Code.BUSY,
    CommandState.NO_EFFECT: Code.NO_EFFECT,
}


def error_of(state: CommandState) -> Code:
    """The error of a task whose command ended so. A command without an end of its own was not confirmed."""
    return _ERRORS.get(state, Code.NOT_CONFIRMED)


_SECRET = "Check that controller and node hold the same secret."
_SPEAK = "Check the node's firmware and its profile."

COMMANDS: dict[Code, Meaning] = {
    Code.SEND_FAILED: both("The order could not be sent.", "Check the bus adapter."),
    Code.TIMEOUT: both("The device did not answer the order.", "Check its power, cable and address."),
    Code.ERROR: both("The device reported an error.", "The command's evidence quotes it."),
    Code.INVALID: both("The device refused the order.", "Check the device's profile and its channel."),
    Code.BUSY: both("The device was busy."),
    Code.NO_EFFECT: both("The device took the order and nothing changed.", "Check the relay and what it switches."),
    Code.NOT_CONFIRMED: both(
        "The device took the order and the effect was not seen.", "Check the read-back or witness."
    ),
    Code.COMMAND_PUBLISH_FAILED: error(
        "The order could not be given to the message broker.",
        legacy="every driver says `command_send_failed` when an order did not leave, whatever it travels by",
    ),
    Code.COMMAND_TRACKER_UNAVAILABLE: error(
        "The service that follows orders did not answer.",
        legacy="the controller follows its own orders in its journal; there is no tracker service",
    ),
    # said by a node
    Code.INVALID_HMAC_FORMAT: node("The node could not read the signature of the order.", _SECRET),
    Code.INVALID_SIGNATURE: node("The node does not believe that the order comes from its controller.", _SECRET),
    Code.TIMESTAMP_EXPIRED: node("The order was too old, or too new, by the node's clock.", "Check the node's time."),
    Code.INVALID_COMMAND_FORMAT: node("The node did not understand the form of the order.", _SPEAK),
    Code.INVALID_JSON: node("The node received something that is no JSON.", _SPEAK),
    Code.CURRENT_NOT_DETECTED: node(
        "The node switched the pump on and saw no current.", "Check the pump and its fuse."
    ),
    Code.MISSING_DURATION: node("The node wants to be told for how long.", _SPEAK),
    Code.PUMP_QUEUE_FULL: node("The node has too many pump runs waiting.", "Look who else orders this node."),
    Code.PUMP_INTERLOCK_BLOCKED: node("The node's own interlock keeps the pump off.", "Look what the node waits for."),
    Code.NODE_NOT_ACTIVATED: node("The node has not been put into service.", "Bind the node to its zone."),
    Code.UNSUPPORTED_CHANNEL_CMD: node("This channel of the node cannot do what was ordered.", _SPEAK),
    Code.ESTOP_ACTIVE: node("An emergency stop holds the node.", "Find out who pressed it before you reset it."),
}

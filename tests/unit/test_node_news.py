"""What nodes tell, as the engine hears it: their refusals by name, their silence, their contradictions."""

from dataclasses import replace

import pytest

from edgectl.model.command import CommandState
from edgectl.model.inputs import DeviceHealth, ManualOn, NodeNews, Reply, ReplyStatus
from edgectl.model.time import SECOND
from edgectl.simulate.example import example_site
from edgectl.simulate.world import World

CODES = [
    "invalid_hmac_format",
    "invalid_signature",
    "timestamp_expired",
    "invalid_command_format",
    "invalid_json",
    "current_not_detected",
    "missing_duration",
    "pump_queue_full",
    "pump_interlock_blocked",
    "node_not_activated",
    "unsupported_channel_cmd",
    "estop_active",
]


def house(**site: object) -> World:
    world = World(replace(example_site(), nodes=frozenset({"board"}), **site), (), 1)  # type: ignore[arg-type]
    world.run(20 * SECOND)
    return world


def lines(world: World, event: str) -> list[dict[str, object]]:
    return [dict(entry.details) for entry in world.journal.timeline if entry.event_type == event]


def ordered(world: World) -> str:
    """Order an output on, and stop before anybody can have answered. Returns the id of the order."""
    world.offer(ManualOn(token=1, actuator="valve", lease=2 * SECOND, who="t"))
    world.run(world.now + 1)
    return next(c.cmd_id for c in world.state.commands.values() if c.actuator == "valve" and not c.terminal)


@pytest.mark.parametrize("code", CODES)
def test_a_refusal_is_written_down_by_the_node_s_own_word(code: str) -> None:
    world = house()
    cmd_id = ordered(world)
    world.offer(Reply(cmd_id=cmd_id, status=ReplyStatus.ERROR, at=world.now, evidence="so it is", code=code))
    world.run(world.now + 1)
    (line,) = lines(world, "NODE_REFUSED")
    assert (line["error_code"], line["terminal_status"], line["actuator"]) == (code, "ERROR", "valve")
    assert world.state.commands[cmd_id].state is CommandState.ERROR
    world.run(world.now + 5 * SECOND)
    assert not any(output.owed_off for output in world.state.outputs.values()), "and it was made safe"


def test_the_word_no_effect_fails_the_order() -> None:
    world = house()
    cmd_id = ordered(world)
    world.offer(Reply(cmd_id=cmd_id, status=ReplyStatus.NO_EFFECT, at=world.now))
    world.run(world.now + 1)
    assert world.state.commands[cmd_id].state is CommandState.NO_EFFECT


def test_done_alone_confirms_nothing() -> None:
    world = house()
    cmd_id = ordered(world)
    world.offer(Reply(cmd_id=cmd_id, status=ReplyStatus.DONE, at=world.now))
    world.run(world.now + 1)
    assert world.state.commands[cmd_id].state is CommandState.ACK
    assert lines(world, "NODE_DONE") == [{"cmd_id": cmd_id}]


def test_a_silent_node_is_off_the_air_by_its_own_name() -> None:
    world = house()
    world.offer(DeviceHealth(device="board", healthy=False, at=world.now, reason="node nd-1 on nodes: not a word"))
    world.run(world.now + SECOND)
    alarm = world.state.alarms["biz_node_offline:board"]
    assert "power and network of board" in alarm.advice
    world.offer(DeviceHealth(device="board", healthy=True, at=world.now))
    world.run(world.now + SECOND)
    assert "biz_node_offline:board" not in {name for name, a in world.state.alarms.items() if a.active}


def test_all_nodes_of_a_broker_are_one_alarm_and_the_last_silent_one_has_its_own_again() -> None:
    world = house(buses={"nodes": frozenset({"board", "level"})})
    for device in ("board", "level"):
        world.offer(DeviceHealth(device=device, healthy=False, at=world.now, reason="bus nodes: gone"))
        world.run(world.now + SECOND)
    assert {name for name, a in world.state.alarms.items() if a.active} == {"bus_silent:nodes"}
    world.offer(DeviceHealth(device="level", healthy=True, at=world.now))
    world.run(world.now + 60 * SECOND)
    assert {name for name, a in world.state.alarms.items() if a.active} == {"biz_node_offline:board"}


def test_a_node_that_is_not_what_the_site_file_means_is_an_alarm_until_it_is() -> None:
    world = house()
    world.offer(NodeNews(device="board", what="NODE_DIFFERS", details={"why": "is a node of type ph"}))
    world.run(world.now + SECOND)
    assert "is a node of type ph" in world.state.alarms["biz_config_error:board"].message
    world.offer(NodeNews(device="board", what="NODE_FITS"))
    world.run(world.now + SECOND)
    assert not any(alarm.active for alarm in world.state.alarms.values())


def test_a_node_that_lacks_an_output_is_an_alarm_until_it_has_it() -> None:
    world = house()
    world.offer(NodeNews(device="board", what="NODE_LACKS", details={"outputs": ["relay_1", "relay_2"]}))
    world.run(world.now + SECOND)
    assert "has no relay_1, relay_2" in world.state.alarms["biz_config_error:board"].message
    world.offer(NodeNews(device="board", what="NODE_FITS"))
    world.run(world.now + SECOND)
    assert not any(alarm.active for alarm in world.state.alarms.values())


def test_a_word_on_an_order_of_an_earlier_life_moves_no_order_of_this_one() -> None:
    world = house()
    cmd_id = ordered(world)
    before = world.state.commands[cmd_id]
    world.offer(NodeNews(device="board", what="LATE_REPLY", details={"cmd_id": cmd_id, "status": "ERROR"}))
    world.run(world.now + 1)
    assert world.state.commands[cmd_id].state is before.state
    assert lines(world, "LATE_REPLY") == [{"device": "board", "cmd_id": cmd_id, "status": "ERROR"}]


@pytest.mark.parametrize(
    "what",
    ["NODE_EVENT", "NODE_ERROR", "NODE_CONTRADICTED", "NODE_MISTRUSTED", "NODE_FLOODS", "NODE_HELLO", "BROKER_FORGOT"],
)
def test_the_rest_is_written_down(what: str) -> None:
    world = house()
    world.offer(NodeNews(device="board", what=what, details={"why": "it said so"}))
    world.run(world.now + SECOND)
    assert lines(world, what) == [{"device": "board", "why": "it said so"}]

"""`edgectl status`: is it well, what runs, what is next, what needs me."""

from typing import Any

import click

from edgectl.cli.client import ask, show
from edgectl.cli.needs import missed, needs
from edgectl.cli.offline import offline
from edgectl.cli.words import clock, date_and_time, day_and_time, doubt, seen, span, table, zone_now
from edgectl.model.kept import BEHIND


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@offline
def status(as_json: bool) -> None:
    """The whole site at a glance: what runs, what is next, what was missed, what needs you.

    Exit code 1 while it is not ready; so it is with --offline, as nobody drives the house.
    """
    data = ask("GET", "/status")
    data["missed"] = ask("GET", "/missed")
    if not show(data, as_json):
        for line in lines(data):
            click.echo(line)
    if not data["ready"]:
        raise SystemExit(1)


def lines(data: dict[str, Any]) -> list[str]:
    """The picture in words."""
    now = f"{clock(data['now'])} {zone_now(data['now'])}{_doubted(data['clock'])}"
    out = [f"{data['site']['name']} · {_word(data)} · {now}" + _leads(data)]
    out += [f"  {reason}" for reason in data["not_ready_because"] if not data.get("offline")]
    if data["stopped"]:
        out.append("  everything is stopped; release it with: edgectl resume")
    out += [f"  {restraint(item)}" for item in data["restraints"]]
    rows = [row for zone in data["zones"] for row in _zone(zone, data)]
    rows += [["others", "", what_is_on] for what_is_on in _others(data)]
    rows += [["", "", reading] for reading in _readings(data)]
    ahead = "planned" if data.get("offline") else "next"  # nobody is there to begin it
    rows += [[ahead, "", _next(item)] for item in data["next"][:3]]
    rows += missed(data.get("missed", []))
    rows += [["bus", bus["bus"], _bus(bus)] for bus in data["buses"]]
    rows += [["centre", "", centre(data["centre"])]] if data.get("centre") else []
    rows += needs(data)
    return out + table(rows)


def _word(data: dict[str, Any]) -> str:
    """One word of state; the worst one that is true."""
    if data.get("offline"):
        return "NOT DRIVEN"
    if data["stopped"]:
        return "STOPPED"
    if not data["ready"]:
        return "NOT READY"
    return "WATER STOPPED" if any(item["what"] == "stop_water" for item in data["restraints"]) else "ready"


def _leads(data: dict[str, Any]) -> str:
    """For how long this controller has driven the house; one that only watches does not lead."""
    if data["up_s"] is None:
        return ""
    watches = any(reason.startswith("leading:") for reason in data["not_ready_because"])
    return f" · {'only watches' if watches else 'leader'} since {span(data['up_s'])}"


def _doubted(trust: str) -> str:
    """How far the clock may be believed, when that is not quite."""
    return {"restored": " (not synchronised)", "untrusted": " (CLOCK NOT BELIEVED)"}.get(trust, " (synced)")


KEPT = {
    "stop_all": "not while everything is stopped",
    "stop_water": "not while the water is stopped",
    "lock": "not while the zone is locked",
    "hold": "left out while the zone, or the schedule, is held",
    "manual": "not in manual mode",
    "semi": "will wait for a person's yes",
}


def _next(item: dict[str, Any]) -> str:
    wanted = "" if item.get("on") is None else " on" if item["on"] else " off"
    what = f"{item['task_type']}{wanted} {item['zone']} ({item['schedule'] or item['task_id']})"
    kept = KEPT.get(item["kept"] or "")
    if kept is not None and item["kept"] != "semi":
        return f"{what}: {kept}"
    at = day_and_time(item["at"])
    at = f"not before {at}" if item.get("after") else at
    return f"{at}  {what}" + (f", {kept}" if kept else "")


def restraint(item: dict[str, Any]) -> str:
    """What a person has put on, and how it ends."""
    why = f" ({item['why']})" if item["why"] else ""
    match item["what"]:
        case "stop_water":
            return f"the water is stopped by {item['who']}{why}; release it with: edgectl resume"
        case "lock":
            since = f" since {date_and_time(item['since'])}, until it is taken off"
            return f"{item['zone']} is locked: {item['who']} works there{why}{since}: edgectl unlock {item['zone']}"
        case "pause":
            ends = f"until {date_and_time(item['until'])} by {item['who']}{why}"
            return f"schedule {item['schedule']} is held {ends}; edgectl schedule release {item['schedule']}"
        case "hold":
            return f"{item['zone']} is held until {date_and_time(item['until'])} by {item['who']}{why}"
        case "override":
            what = f"{item['setting']} of {item['zone']} is set to {item['value']:g}"
            what = f"nothing is dosed in {item['zone']}" if item["setting"] == "dosing" else what
            return f"{what} until {date_and_time(item['until'])} by {item['who']}{why}"
        case _:
            return f"{item['zone']} is in {item['why']} mode, set by {item['who']}"


def centre(data: dict[str, Any]) -> str:
    """How it stands with the centre, in a line."""
    waiting = f"{data['waiting']} line{'s' * (data['waiting'] != 1)} wait" + "s" * (data["waiting"] == 1)
    if data["contact"] == "online":
        gaps = f"; {data['gaps'][0]}" if data["gaps"] else ""
        return f"online, {waiting if data['waiting'] else 'everything has arrived'}{gaps}"
    again = "" if data["again_in_s"] is None else f"; asked again in {span(data['again_in_s'])}"
    why = f": {data['why']}" if data["why"] else ""
    since = f", the oldest since {day_and_time(data['oldest'])}" if data.get("oldest") else ""
    return f"{data['contact']} for {span(data['for_s'])}, {waiting}{since}{why}{again}"


PHASES = {"open": "{} (opening)", "hold": "{}", "close": "{} (closing)"}


NOT_OWED = "no OFF is owed; what is on, nobody sees"
WORK = {
    "irrigation": "IRRIGATING",
    "lighting": "SWITCHING LIGHT",
    "diagnostics": "TANK WORK",
    "solution_change": "CHANGING SOLUTION",
    "circulate": "CIRCULATING",
}


def _sentence(code: str | None) -> str:
    """What a code means; empty for what is none."""
    if not code:
        return ""
    from edgectl.model.codes import SENTENCES  # late: mostly nothing waits, and nobody waits for the list of codes

    return next((sentence.rstrip(".") for known, sentence in SENTENCES.items() if known.value == code), "")


def _zone(zone: dict[str, Any], data: dict[str, Any]) -> list[list[str]]:
    what_is_on = _ons(zone, data)
    drives = [] if data.get("offline") else [["", "", said] for said in map(vent, zone.get("vents", []))]
    if not zone["tasks"]:
        moves = any(one["moves"] for one in zone.get("vents", []))
        return [[zone["zone"], "AIR MOVES" if moves else "idle", what_is_on], *drives, *_waiting(zone, data)]
    return [
        [zone["zone"], WORK.get(task["task_type"], task["task_type"].upper()), f"{_at(task)} · {what_is_on}"]
        for task in zone["tasks"]
    ] + [*drives, *_waiting(zone, data)]


def _waiting(zone: dict[str, Any], data: dict[str, Any]) -> list[list[str]]:
    """What begins there by itself when what is before it has ended, and how to end it."""
    mine = [task for task in data.get("waiting", []) if task["zone"] == zone["zone"]]
    return [["", "waited" if data.get("offline") else "waits", turn(task)] for task in mine]


def turn(task: dict[str, Any]) -> str:
    """A task that waits for its turn: what it is, who asked for it, and what is in its way."""
    lasts = "" if task["duration_s"] is None else f" {span(task['duration_s'])}"
    by = f"asked by {task['who'] or task['source']}" if task["schedule"] is None or task["who"] else task["schedule"]
    behind = f", {BEHIND[task['behind']]}" if task["behind"] in BEHIND else ""
    what = f"{task['task_type']}{lasts}, {by}{behind}; of use until {clock(task['until'])}"
    return f"{what}; edgectl task cancel {task['task_id']}"


def vent(row: dict[str, Any]) -> str:
    """Where a vent stands, where it goes, and what keeps it from opening further."""
    at = row["open_pct"]
    said = f"{row['vent']} " + ("position not known yet" if at is None else f"{at} % open" if at else "shut")
    said += f", {row['moves']}" if row["moves"] else ""
    if row["rests_until"]:
        said += f"; its motor rests, then it goes to {row['wanted_pct']} % at {clock(row['rests_until'])}"
    said += f"; it stays there: {row['kept']}" if row["kept"] else ""
    if row["why"]:
        kept = "" if row["wanted_pct"] is None else f", kept at {row['wanted_pct']} %"
        said += f"{kept}: {_sentence(row['why']) or row['why'].rstrip('.')}"
    return said


def _at(task: dict[str, Any]) -> str:
    """How far a task has come."""
    stage = PHASES.get(task["phase"], "{}").format(task["stage"])
    if task["for_s"] is None:
        return f"{stage or 'not begun'} when its controller ended"
    if task["attempt"] and not task["stage"]:
        why = _sentence(task.get("waits_for"))
        return f"waits, attempt {task['attempt']} of 10" + (f": {why}" if why else "")
    if task["phase"] == "hold" and task["duration_s"] is not None:
        return f"{stage} {task['for_s']:.0f} of {task['duration_s']:g} s"
    return f"{stage} {task['for_s']:.0f} s"


def _ons(zone: dict[str, Any], data: dict[str, Any]) -> str:
    """What of the zone is on, and until when; without a daemon only what is owed can be known."""
    mine = [output for output in data["outputs"] if output["output"] in zone["outputs"]]
    if data.get("offline"):
        owed = [output["output"] for output in mine if output["owed_off"]]
        return f"NOT SEEN OFF: {', '.join(owed)}" if owed else NOT_OWED
    parts = []
    for output in mine:
        if output["ends_at"] and not output["closing"]:
            parts.append(f"{output['output']} ON ends {clock(output['ends_at'])} at the latest")
        elif output["closing"]:
            parts.append(f"{output['output']} ordered OFF, not seen off yet")
        elif output["on"]:
            parts.append(f"{output['output']} on")
        elif output["on"] is None:
            parts.append(f"{output['output']} {seen(output)}")
        if output["locked_out"]:
            parts.append(f"{output['output']} LOCKED OUT")
    return " · ".join(parts) or "everything off"


def _others(data: dict[str, Any]) -> list[str]:
    """Outputs of the house that no zone has, where something is to be said of them."""
    zoned = {name for zone in data["zones"] for name in zone["outputs"]}
    left = {"outputs": [output["output"] for output in data["outputs"] if output["output"] not in zoned]}
    said = _ons(left, data)
    return [] if said in ("everything off", NOT_OWED) else [said]


def _readings(data: dict[str, Any]) -> list[str]:
    parts = []
    for reading in data["readings"]:
        if reading["value"] is None:
            parts.append(f"{reading['sensor']} - ({reading['missing'].replace('_', ' ')})")
        else:
            about = span(reading["age_s"]) + doubt(reading)
            parts.append(f"{reading['sensor']} {reading['value']:g} {reading['unit']} ({about})")
    return [" · ".join(parts[at : at + 3]) for at in range(0, len(parts), 3)]


def _bus(bus: dict[str, Any]) -> str:
    if not bus["up"]:
        return f"down: {bus['reason']}"
    silent = [f"{d['device']}: {d['why']}" for d in bus["devices"] if d["down"]]
    return f"up, load {bus['load']:.0%}" + "".join(f"; {text}" for text in silent)

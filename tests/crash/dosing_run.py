"""One dosing run on the real journal, killed at every durable system call: `python -m tests.crash.dosing_run CALL OUT`.

The house and its clock are virtual, the journal is the one on disk. A first process lives up to the moment before a
dose and then forks: each child goes on with a copy of the journal under a strace that kills it at the N-th call of one
kind, N = 1, 2, 3 and so on until one child comes through alive. What its relays did until then stands in a file that
it has written before it died. A second child lives through the same movements, starts as the daemon would on the
journal that is left, prepares the solution again, and is judged.
"""

import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import traceback
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

from edgectl.engine import turn
from edgectl.engine.state import Decision, State
from edgectl.journal.memory import MemoryJournal
from edgectl.journal.sqlite import SqliteJournal
from edgectl.model.inputs import Input, Send, TaskRequest
from edgectl.model.task import PhysicalEffect, Task
from edgectl.model.time import SECOND, Nanos, Now
from edgectl.model.timeline import Batch, Stored, key_of
from edgectl.simulate.doses import broken_doses
from edgectl.simulate.world import World
from tests.sim.test_two_tanks import house

LIVES_ON: Nanos = 700 * SECOND  # the first dose, its mixing time, and the order of the second
SECOND_LIFE: Nanos = 1000 * SECOND
PATIENCE_S = 30.0
MOST = 5000  # calls of one kind
PR_SET_PTRACER, ANYBODY = 0x59616D61, ctypes.c_ulong(-1)


class OnDisk(MemoryJournal):
    """The real journal, and beside it in memory what was committed to it, for the judge."""

    def __init__(self, disk: SqliteJournal, before: MemoryJournal) -> None:
        super().__init__()
        self.disk = disk
        self.values, self.timeline = dict(before.values), list(before.timeline)

    def commit(self, batch: Batch) -> None:
        self.disk.commit(batch)
        self.values.update((key_of(change), change) for change in batch.changes)
        self.timeline.extend(batch.entries)

    def load(self) -> Stored:
        return self.disk.load()


def before_a_dose() -> World:
    """The two-tank house a moment before its first dose."""
    world = house()
    while not any(_prepares(entry) for entry in world.journal.timeline):
        world.run(world.now + 10 * SECOND)
    world.run(world.now + 60 * SECOND)
    assert not any(entry.event_type == "DOSE_PLANNED" for entry in world.journal.timeline)
    return world


def _prepares(entry: Any) -> bool:
    return entry.event_type == "STAGE_ENTERED" and entry.details["stage"] == "prepare"


def killed_at(world: World, folder: Path, call: str, number: int) -> bool:
    """One first life under strace. True when it was killed, False when it came through."""
    child = os.fork()
    if child == 0:
        _first_life(world, folder)
    _, status = os.waitpid(child, os.WUNTRACED)
    assert os.WIFSTOPPED(status)
    inject = f"inject={call}:signal=KILL:when={number}"
    tracer = subprocess.Popen(
        ["strace", "-qq", "-o", "/dev/null", "-p", str(child), "-e", f"trace={call}", "-e", inject]
    )
    _await_tracer(child, tracer)
    os.kill(child, signal.SIGCONT)
    _, status = os.waitpid(child, 0)
    tracer.wait(PATIENCE_S)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0
    return False


def _first_life(world: World, folder: Path) -> None:
    """Go on with the journal on disk until somebody kills us. Never returns."""
    try:
        ctypes.CDLL(None).prctl(PR_SET_PTRACER, ANYBODY)  # where only a parent may trace
        world.journal = OnDisk(SqliteJournal(folder / "journal.db"), world.journal)
        moves = os.open(folder / "moves", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        move = world.field._move

        def told(name: str, on: bool, at: Nanos, until: Nanos | None, cmd_id: str | None) -> None:
            move(name, on, at, until, cmd_id)
            os.write(moves, json.dumps([name, on, at, until, cmd_id]).encode() + b"\n")

        world.field._move = told  # type: ignore[method-assign]
        os.kill(os.getpid(), signal.SIGSTOP)
        world.run(world.now + LIVES_ON)
        os._exit(0)
    except BaseException:  # noqa: BLE001 - a forked child must not fall back into its parent's stack
        traceback.print_exc()
        os._exit(3)


def _await_tracer(child: int, tracer: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + PATIENCE_S
    while "TracerPid:\t0\n" in Path(f"/proc/{child}/status").read_text():
        assert tracer.poll() is None, "strace could not attach"
        assert time.monotonic() < deadline
        time.sleep(0.002)


def judged(world: World, folder: Path) -> list[str]:
    """Live on after the death, in a child of its own; what it found."""
    report = folder / "report"
    child = os.fork()
    if child == 0:
        try:
            report.write_text(json.dumps(_second_life(world, folder)))
            os._exit(0)
        except BaseException:  # noqa: BLE001 - a forked child must not fall back into its parent's stack
            traceback.print_exc()
            os._exit(3)
    _, status = os.waitpid(child, 0)
    assert os.WEXITSTATUS(status) == 0, "the second life broke off"
    found: list[str] = json.loads(report.read_text())
    return found


def _second_life(world: World, folder: Path) -> list[str]:
    disk = SqliteJournal(folder / "journal.db")
    if disk.lost:
        return ["the journal was lost"]
    for line in (folder / "moves").read_text().splitlines() if (folder / "moves").exists() else ():
        name, on, at, until, cmd_id = json.loads(line)
        world.field._move(name, on, at, until, cmd_id)
        world.now = max(world.now, at)
    world.journal = OnDisk(disk, world.journal)
    stored = disk.load()
    world.now += 3 * SECOND
    world._begin()
    world.run(world.now + 10 * SECOND)
    wall = world.wall
    world.offer(
        TaskRequest(
            token=1,
            zone="zone-1",
            task_type="diagnostics",
            payload={"workflow": "prepare_recirculation"},
            source="cli",
            correlation_id="prepare-again",
            scheduled_for=wall,
            due_at=wall + 30 * SECOND,
            expires_at=wall + 60 * SECOND,
        )
    )
    world.run(world.now + SECOND_LIFE)
    return [*_doses(world), *_ends(world, stored), *broken_doses(world.site, world.field)]


def _doses(world: World) -> list[str]:
    """No dose twice, none without an order on the disk, and none that flowed is missing from the account."""
    found: list[str] = []
    given = Counter(move.cmd_id for move in world.field.trace if move.on and move.cmd_id and "-dose-" in move.cmd_id)
    found += [f"{cmd_id} was given {count} times" for cmd_id, count in given.items() if count > 1]
    journal = world.journal
    assert isinstance(journal, OnDisk)
    kept = {cmd_id for (cmd_id,) in journal.disk._db.execute("SELECT id FROM commands")}
    found += [f"{cmd_id} flowed and is not in the journal" for cmd_id in given if cmd_id not in kept]
    for pump, dose in world.field.ground.plant.plumbing.doses.items():
        ledger = world.state.ledgers.get(pump)
        entered = 0.0 if ledger is None else sum(spent.amount for spent in ledger.spent)
        if dose.total_ml(world.now) > entered + 0.5:
            found.append(f"{pump} gave {dose.total_ml(world.now):.1f} ml, the account says {entered:.1f} ml")
    return found


def _ends(world: World, stored: Stored) -> list[str]:
    """What the last life left running was ended, and a dose that flowed is no "none"."""
    found: list[str] = []
    flowed = {move.cmd_id for move in world.field.trace if move.on and move.cmd_id and "-dose-" in move.cmd_id}
    for task in stored.tasks:
        value = world.journal.values.get(("Task", task.task_id))
        if not isinstance(value, Task) or value.outcome is None:
            found.append(f"{task.task_id} was left open")
            continue
        mine = {command.cmd_id for command in stored.commands if command.task_id == task.task_id}
        if mine & flowed and value.outcome.physical_effect is PhysicalEffect.NONE:
            found.append(f"{task.task_id} gave a dose and says that nothing happened")
    return found


def plant_hasty() -> None:
    """The planted bug that must be found: orders leave before they are on the disk."""
    decide = turn.decide

    def hasty(state: State, inputs: list[Input], now: Now) -> Decision:
        decision = decide(state, inputs, now)
        sends = tuple(effect for effect in decision.after_commit if isinstance(effect, Send))
        rest = tuple(effect for effect in decision.after_commit if not isinstance(effect, Send))
        return replace(decision, at_once=decision.at_once + sends, after_commit=rest)

    turn.decide = hasty


def main(call: str, out: Path, *, hasty: bool) -> None:
    """Every point of one kind of call, and what was found at each."""
    world = before_a_dose()
    if hasty:
        plant_hasty()
    whole = out / "whole.db"
    first = SqliteJournal(whole)
    first.commit(Batch(changes=tuple(world.journal.values.values()), entries=tuple(world.journal.timeline)))
    first.close()
    broken: dict[str, list[str]] = {}
    flowed = 0
    for number in range(1, MOST):
        folder = out / f"{call}-{number}"
        folder.mkdir()
        shutil.copy(whole, folder / "journal.db")
        killed = killed_at(world, folder, call, number)
        moves = folder / "moves"
        flowed += moves.exists() and "-dose-" in moves.read_text()
        if found := judged(world, folder):
            broken[str(number)] = found
        else:
            shutil.rmtree(folder)
        if not killed:
            (out / "result.json").write_text(json.dumps({"points": number - 1, "flowed": flowed, "broken": broken}))
            return
    raise SystemExit(f"more than {MOST} calls")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), hasty="hasty" in sys.argv[3:])

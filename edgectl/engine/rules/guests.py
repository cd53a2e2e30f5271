"""May a person's question go on a bus? Not while something dangerous is on that needs the bus. Reading only.

Two rules. An output needs the bus that carries it and those of everything that is looked at while it is on: whoever
asks there makes readings old by which it has to stop. And what was ordered off again and again and is not seen off
keeps nobody away: that is when a person has to find out what is the matter with the board.
"""

from edgectl.engine.draft import Draft
from edgectl.engine.rules.interlock import LOUD_AFTER
from edgectl.engine.state import Phase
from edgectl.model.hands import Kept
from edgectl.model.output import Output
from edgectl.model.time import Nanos


def kept(draft: Draft, bus: str) -> Kept | None:
    """Why nobody but the controller may ask on this bus now; None when a person may."""
    if draft.state.phase is Phase.SETTLING:
        return Kept(why="the outputs are still being settled after the start")
    if draft.state.phase is Phase.STOPPING:
        return Kept(why="the controller is ending", for_good=True)
    needing = [output for output in draft.owed() if _needs(draft, output, bus)]
    if not needing:
        return None
    names, one = " and ".join(output.name for output in needing), len(needing) == 1
    why = f"bus {bus} is kept for {names} while {'it is' if one else 'they are'} on"
    return Kept(why=why, until=max(_ends(draft, output) for output in needing))


def _needs(draft: Draft, output: Output, bus: str) -> bool:
    if output.closing is not None and output.tries >= LOUD_AFTER:
        return False
    return output.name in draft.dangerous() and bus in draft.state.fixed.needs(output.name)


def _ends(draft: Draft, output: Output) -> Nanos:
    """When its ON is over; one that is being switched off is so in a moment."""
    if output.closing is not None:
        return draft.now.mono
    command = draft.command(output.cmd_id)
    if command is None or command.ack_at is None or command.lease is None:
        return output.off_by
    return command.ack_at + command.lease

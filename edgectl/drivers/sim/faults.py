"""What can go wrong on the way back: each fault changes the bytes of some replies of one unit, or of all."""

from dataclasses import dataclass

KINDS = ("silent", "late", "truncated", "bad_crc", "garbage", "crossed", "exception", "deaf")


@dataclass(slots=True)
class Fault:
    """One fault. `unit` None means every unit, `count` None until cleared; `ms` and `code` for those that need them."""

    kind: str
    unit: int | None = None
    count: int | None = None
    ms: int = 0
    code: int = 4


class Faults:
    """The faults that are in force, in the order in which they were set."""

    def __init__(self) -> None:
        self.active: list[Fault] = []
        self.injected = 0
        self._previous = b""

    def pick(self, unit: int) -> Fault | None:
        """The fault of the next exchange with a unit, used up by one."""
        for fault in self.active:
            if fault.unit in (None, unit):
                self.injected += 1
                if fault.count is not None:
                    fault.count -= 1
                    if fault.count <= 0:
                        self.active.remove(fault)
                return fault
        return None

    def bend(self, fault: Fault | None, frame: bytes) -> bytes:
        """The bytes that leave instead of a good serial reply."""
        previous, self._previous = self._previous, frame
        match fault.kind if fault is not None else "":
            case "silent" | "deaf":
                return b""
            case "truncated":
                return frame[: max(1, len(frame) - 2)]
            case "bad_crc":
                return frame[:-1] + bytes([frame[-1] ^ 0x5A])
            case "garbage":
                return bytes([0x00, 0xFF, 0x13, 0x37]) + frame
            case "crossed":
                return previous
            case _:
                return frame

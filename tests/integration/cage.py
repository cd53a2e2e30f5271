"""Run a command behind the system call walls of a unit file, without a booted systemd: `cage.py UNIT COMMAND...`.

Three filters, as systemd builds them: the allow list of SystemCallFilter=, no memory that is writable and executable,
no address family beyond RestrictAddressFamilies=. Root's capabilities go too; the user stays, since a checkout may be
readable to its owner alone.
"""

import ctypes
import errno
import mmap
import os
import socket
import subprocess
import sys
from pathlib import Path

from tests.integration.units import settings, tool

ALLOW, REFUSE = 0x7FFF0000, 0x00050000  # SCMP_ACT_ALLOW, SCMP_ACT_ERRNO(0)
EQUAL, GREATER, MASKED_EQUAL = 4, 6, 7
SHM_EXEC = 0o100000
PR_CAPBSET_DROP = 24
LIBC = ctypes.CDLL(None, use_errno=True)


class Compare(ctypes.Structure):
    """struct scmp_arg_cmp: compare the argument number `arg`."""

    _fields_ = (
        ("arg", ctypes.c_uint),
        ("op", ctypes.c_int),
        ("a", ctypes.c_uint64),
        ("b", ctypes.c_uint64),
    )


def named(sets: list[str]) -> set[str]:
    """The system calls that these names and @sets stand for."""
    found: set[str] = set()
    for name in sets:
        if name.startswith("@"):
            said = subprocess.run(
                [tool("systemd-analyze"), "syscall-filter", "--no-pager", name],
                capture_output=True,
                text=True,
                check=True,
            ).stdout.splitlines()[1:]
            found |= named([line.strip() for line in said if line.strip() and not line.strip().startswith("#")])
        else:
            found.add(name)
    return found


def allowed(unit: dict[str, list[str]]) -> set[str]:
    """What SystemCallFilter= lets through: the first line is the allow list, later ones add or (~) take away."""
    calls = named(["@default"])
    for line in unit["Service.SystemCallFilter"]:
        calls = calls - named(line[1:].split()) if line.startswith("~") else calls | named(line.split())
    return calls


class Filter:
    """One seccomp filter in the making."""

    def __init__(self, default: int) -> None:
        self._lib = ctypes.CDLL("libseccomp.so.2", use_errno=True)
        self._lib.seccomp_init.restype = ctypes.c_void_p
        self._ctx = ctypes.c_void_p(self._lib.seccomp_init(ctypes.c_uint32(default)))

    def rule(self, action: int, call: str, *compare: Compare) -> None:
        """Another rule; a call that this architecture does not have is passed over."""
        number = self._lib.seccomp_syscall_resolve_name(call.encode())
        if number >= 0:
            array = (Compare * len(compare))(*compare)
            self._check(
                self._lib.seccomp_rule_add_array(self._ctx, ctypes.c_uint32(action), number, len(compare), array)
            )

    def load(self) -> None:
        """From here on it holds, for children too."""
        self._check(self._lib.seccomp_load(self._ctx))

    def _check(self, result: int) -> None:
        if result:
            raise OSError(-result, os.strerror(-result))


def enter(unit: dict[str, list[str]]) -> None:
    """Put this process behind the walls of the unit, for good."""
    calls = allowed(unit)
    if os.geteuid() == 0:
        for capability in range(64):
            LIBC.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)  # past the last one: refused, and no matter
    refuse = REFUSE | errno.EPERM
    if unit.get("Service.MemoryDenyWriteExecute") == ["yes"]:
        memory = Filter(ALLOW)
        both = mmap.PROT_WRITE | mmap.PROT_EXEC
        memory.rule(refuse, "mmap", Compare(2, MASKED_EQUAL, both, both))
        for call in ("mprotect", "pkey_mprotect"):
            memory.rule(refuse, call, Compare(2, MASKED_EQUAL, mmap.PROT_EXEC, mmap.PROT_EXEC))
        memory.rule(refuse, "shmat", Compare(2, MASKED_EQUAL, SHM_EXEC, SHM_EXEC))
        memory.load()
    families = Filter(ALLOW)
    known = {int(getattr(socket, name)) for name in unit["Service.RestrictAddressFamilies"][0].split()}
    refuse_family = REFUSE | errno.EAFNOSUPPORT
    families.rule(refuse_family, "socket", Compare(0, GREATER, max(known), 0))
    for family in set(range(max(known))) - known:
        families.rule(refuse_family, "socket", Compare(0, EQUAL, family, 0))
    families.load()
    calls_filter = Filter(refuse)
    for call in sorted(calls):
        calls_filter.rule(ALLOW, call)
    calls_filter.load()


if __name__ == "__main__":
    enter(settings(Path(sys.argv[1]).read_text()))
    os.execv(sys.argv[2], sys.argv[2:])

"""Run inside the cage: do what the daemon does, then try what it must not; prints one JSON object."""

import asyncio
import ctypes
import errno
import fcntl
import importlib
import json
import mmap
import os
import pty
import socket
import sqlite3
import struct
import subprocess
import sys
import tempfile
import termios
import threading
from collections.abc import Callable
from pathlib import Path

LIBC = ctypes.CDLL(None, use_errno=True)


def attempt(act: Callable[[], object]) -> str:
    """'ok', or the name of the error."""
    try:
        act()
    except OSError as refused:
        return errno.errorcode.get(refused.errno or 0, str(refused))
    return "ok"


def call(name: str, *args: object) -> Callable[[], None]:
    """A call into the C library; the kernel's refusal becomes an OSError."""

    def act() -> None:
        if getattr(LIBC, name)(*args) == -1:
            raise OSError(ctypes.get_errno(), name)

    return act


def journal() -> None:
    with tempfile.TemporaryDirectory() as folder:
        disk = sqlite3.connect(Path(folder, "journal.db"))
        disk.executescript(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE t (a); INSERT INTO t VALUES (1);"
        )
        disk.close()
        with Path(folder, "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def callback() -> None:
    numbers = (ctypes.c_int * 3)(3, 1, 2)
    pointer = ctypes.POINTER(ctypes.c_int)
    order = ctypes.CFUNCTYPE(ctypes.c_int, pointer, pointer)(lambda a, b: a[0] - b[0])
    LIBC.qsort(numbers, 3, ctypes.sizeof(ctypes.c_int), order)
    assert list(numbers) == [1, 2, 3]


def serial_line() -> None:
    master, slave = pty.openpty()
    mode = termios.tcgetattr(slave)
    mode[4] = mode[5] = termios.B9600
    termios.tcsetattr(slave, termios.TCSANOW, mode)
    fcntl.ioctl(slave, termios.TIOCEXCL)
    os.write(master, b"x\n")
    os.close(master)
    os.close(slave)


def loop() -> None:
    async def talk() -> None:
        server = await asyncio.start_server(lambda _, writer: writer.close(), "localhost", 0)
        if not server.sockets:  # the library passes over families that it may not use
            raise OSError(errno.EAFNOSUPPORT, "no address to listen on")
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
        await reader.read()
        writer.close()
        server.close()
        await asyncio.to_thread(threading.get_native_id)
        child = await asyncio.create_subprocess_exec(sys.executable, "-c", "")
        assert await child.wait() == 0

    try:
        new_loop = importlib.import_module("uvloop").new_event_loop
    except ModuleNotFoundError:  # not on every architecture
        new_loop = asyncio.new_event_loop
    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(talk())


def peer() -> None:
    here, there = socket.socketpair(socket.AF_UNIX)
    _, uid, _ = struct.unpack("3i", here.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    assert uid == os.getuid()
    here.close()
    there.close()


def main() -> None:
    timex = ctypes.create_string_buffer(512)
    done = {
        "journal": attempt(journal),
        "callback": attempt(callback),
        "serial line": attempt(serial_line),
        "loop": attempt(loop),
        "peer": attempt(peer),
        "child": attempt(lambda: subprocess.run([sys.executable, "-c", ""], check=True)),
        "boot id": attempt(lambda: Path("/proc/sys/kernel/random/boot_id").read_text()),
        "modules": attempt(lambda: [importlib.import_module(m) for m in sys.argv[1:]]),
    }
    tried = {
        "ask the clock": attempt(call("adjtimex", timex)),
        "set the clock": attempt(call("settimeofday", ctypes.create_string_buffer(16), None)),
        "write and execute": attempt(
            lambda: mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC).close()
        ),
        "raw packets": attempt(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW).close()),
        "netlink": attempt(lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW).close()),
        "mount": attempt(call("mount", b"none", b"/mnt", b"tmpfs", 0, None)),
        "trace": attempt(call("ptrace", 0, 0, None, None)),
        "real time": attempt(lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))),
        "change user": attempt(lambda: os.setuid(0)),
        "lock memory": attempt(call("mlockall", 1)),
        "reboot": attempt(call("reboot", 0)),
    }
    print(json.dumps({"done": done, "tried": tried}))  # noqa: T201


main()

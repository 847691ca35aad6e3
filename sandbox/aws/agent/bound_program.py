"""Runs one program so that it can send only from one address.

    python -I -S bound_program.py ADDRESS NAME FILE [argument …]

ADDRESS is the instance's Elastic IP, NAME the path that the program sees as its own, FILE where it lies.
An audit hook sees every connection before the kernel does, cannot be taken off again, and binds it to
ADDRESS. What it cannot bind it refuses: children, foreign libraries, IPv6, anything off loopback.
Standard library only, Python 3.9. It keeps honest programs honest; it is no jail.
"""

from __future__ import annotations

import errno
import os
import socket
import sys
import types
from pathlib import Path
from typing import Any

CHILDREN = frozenset(
    (
        "subprocess.Popen",
        "os.system",
        "os.exec",
        "os.posix_spawn",
        "os.spawn",
        "os.fork",
        "os.forkpty",
        "pty.spawn",
    )
)
LOOKUPS = frozenset(("socket.getaddrinfo", "socket.gethostbyname"))
TALK = frozenset(("socket.connect", "socket.sendto", "socket.sendmsg"))


def on_loopback(host: Any) -> bool:
    if host in (None, "", "localhost", b"localhost"):
        return True
    text = host.decode() if isinstance(host, bytes) else str(host)
    return text.startswith("127.") and text.replace(".", "").isdigit()


def bind_everything_to(address: str) -> None:
    """From here on, this process sends from `address` or not at all."""

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if event in TALK:
            bind(args[0], args[1])
        elif event == "socket.bind" and args[0].family == socket.AF_INET and args[1][0] != address:
            raise PermissionError(
                errno.EPERM, f"sandbox: this host may bind {address} only, not {args[1][0]}"
            )
        elif event in LOOKUPS and not on_loopback(args[0]):
            raise socket.gaierror(
                socket.EAI_NONAME, f"sandbox: {args[0]!r} is off loopback; no such name here"
            )
        elif event in CHILDREN or event == "ctypes.dlopen":
            raise PermissionError(
                errno.EPERM, "sandbox: what this starts cannot be bound to the host's address"
            )

    def bind(sock: socket.socket, target: Any) -> None:
        if target is None or sock.family == socket.AF_UNIX:
            return
        if sock.family != socket.AF_INET:
            raise OSError(errno.ENETUNREACH, "sandbox: the host has IPv4 only")
        if not on_loopback(target[0]):
            raise OSError(errno.ENETUNREACH, f"sandbox: {target[0]} is off loopback and out of reach")
        if sock.getsockname()[1] == 0:
            sock.bind((address, 0))

    sys.addaudithook(hook)


def run(name: str, file: str, arguments: list[str]) -> None:
    """Run FILE as `__main__`, under the name it has on the host."""
    code = compile(Path(file).read_bytes(), name, "exec")
    main = types.ModuleType("__main__")
    main.__dict__.update(__file__=name, __builtins__=__builtins__)
    sys.modules["__main__"] = main
    sys.argv = [name, *arguments]
    exec(code, main.__dict__)  # noqa: S102  the program is the host's own


if __name__ == "__main__":
    os.chdir("/")
    bind_everything_to(sys.argv[1])
    run(sys.argv[2], sys.argv[3], sys.argv[4:])

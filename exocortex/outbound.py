"""Outbound: how many connections to other machines our processes hold, as the operating system tells it."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

_PROC = Path("/proc")
_ESTABLISHED, _SYN_SENT = "01", "02"


def connections(processes: Iterable[int]) -> int | None:
    """Connections, begun or made, of these processes and their children to anything but this machine.

    Datagram sockets count once they name another machine. None where the system doesn't tell (proc_net(5)), as in
    another user's process.
    """
    try:
        inodes = {inode for process in _with_children(processes) for inode in _sockets(process)}
        return sum(_foreign(family, inodes) for family in ("tcp", "tcp6", "udp", "udp6"))
    except OSError:
        return None


def _with_children(processes: Iterable[int]) -> Iterator[int]:
    for process in processes:
        yield process
        for children in (_PROC / str(process) / "task").glob("*/children"):
            with suppress(FileNotFoundError, ProcessLookupError):
                yield from _with_children(int(child) for child in children.read_text().split())


def _sockets(process: int) -> Iterator[str]:
    """Inodes of its sockets."""
    folder = f"/proc/{process}/fd"
    with suppress(FileNotFoundError, ProcessLookupError):
        for name in os.listdir(folder):
            with suppress(FileNotFoundError):
                target = os.readlink(f"{folder}/{name}")
                if target.startswith("socket:["):
                    yield target[8:-1]


def _foreign(family: str, inodes: set[str]) -> int:
    try:
        rows = (_PROC / "net" / family).read_text("ascii").splitlines()[1:]
    except FileNotFoundError:  # no IPv6
        return 0
    fields = [row.split() for row in rows]
    return sum(1 for row in fields if row[9] in inodes and row[3] in (_ESTABLISHED, _SYN_SENT) and not _is_here(row[2]))


def _is_here(address: str) -> bool:
    """Whether `0100007F:1F90`, as the kernel writes it, is of this machine or of none."""
    raw = bytes.fromhex(address.partition(":")[0])
    swapped = b"".join(raw[at : at + 4][::-1] for at in range(0, len(raw), 4))
    parsed = ipaddress.ip_address(swapped)
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        return parsed.ipv4_mapped.is_loopback or parsed.ipv4_mapped.is_unspecified
    return parsed.is_loopback or parsed.is_unspecified

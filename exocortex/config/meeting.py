"""Where the owner of a home's index and its clients meet: a socket, the record that names it, and a shared secret."""

from __future__ import annotations

import json
import os
import secrets
import stat
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from exocortex.core.errors import ConfigError

RECORD_NAME = "owner.json"
KEY_NAME = "owner.key"
LOG_NAME = "owner.log"
_KEY_BYTES = 32
_NO_FOLLOW = os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Meeting:
    """Where an owner listens."""

    pid: int
    socket: Path


def socket_path(home: Path, environ: Mapping[str, str]) -> Path:
    """A short path for the socket (they end at 108 bytes, homes don't), in a folder that is this user's alone.

    Raises ConfigError if there is no such folder and none can be made.
    """
    name = f"exo-{blake2b(os.fsencode(os.path.realpath(home)), digest_size=8).hexdigest()}"
    runtime = environ.get("XDG_RUNTIME_DIR", "")
    if runtime.startswith("/") and len(os.fsencode(runtime)) < 70 and _is_ours(Path(runtime)):
        return Path(runtime, name)
    folder = Path(tempfile.gettempdir(), f"exo-{os.geteuid()}")
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    if not _is_ours(folder):
        raise ConfigError(
            f"{folder} isn't a folder of this user alone, so no socket can be put there.",
            "Remove it, or set XDG_RUNTIME_DIR to a folder of your own.",
        )
    return folder / name


def write_meeting(home: Path, meeting: Meeting) -> None:
    """Record where the owner listens, in one step; only the holder of the lock does this."""
    path = home / RECORD_NAME
    for left_behind in home.glob(f"{RECORD_NAME}.*"):
        left_behind.unlink()
    fresh = path.with_name(f"{RECORD_NAME}.{meeting.pid}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _NO_FOLLOW
    try:
        with open(os.open(fresh, flags, 0o600), "w", encoding="utf-8") as file:
            json.dump({"pid": meeting.pid, "socket": str(meeting.socket)}, file)
        os.replace(fresh, path)
    except BaseException:
        with suppress(OSError):
            fresh.unlink()
        raise


def read_meeting(home: Path) -> Meeting | None:
    """Where the owner listens, or did before it died; None if there is no usable record."""
    try:
        data = json.loads(_read(home / RECORD_NAME))
        return Meeting(int(data["pid"]), Path(str(data["socket"])))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def remove_meeting(home: Path) -> None:
    """The owner ends: nobody listens any more."""
    with suppress(OSError):
        (home / RECORD_NAME).unlink()


def make_key(home: Path) -> bytes:
    """The secret that shows a client may read this home; made anew for each owner."""
    key = secrets.token_bytes(_KEY_BYTES)
    with open(os.open(home / KEY_NAME, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _NO_FOLLOW, 0o600), "wb") as file:
        file.write(key)
    return key


def read_key(home: Path) -> bytes | None:
    """The secret, if this user may read it and it is there."""
    try:
        key = _read(home / KEY_NAME)
    except OSError:
        return None
    return key if len(key) == _KEY_BYTES else None


def _read(path: Path) -> bytes:
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | _NO_FOLLOW), "rb") as file:
        return file.read(1 << 16)


def _is_ours(folder: Path) -> bool:
    try:
        status = os.lstat(folder)
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid() and not status.st_mode & 0o022

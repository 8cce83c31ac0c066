"""The home: the one folder that holds everything Exocortex stores, closed to everybody else."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from exocortex.core.errors import ConfigError

VARIABLE = "EXO_HOME"
_HINT = f"Set {VARIABLE} to a folder of your own, or to one that does not exist yet."
_OURS = frozenset({"config.toml", "index.db", "state.db", "owner.lock"})
_NOT_CONTENT = frozenset({"lost+found"})


def find_home(environ: Mapping[str, str], flag: str | None = None) -> tuple[Path, str]:
    """The home as it was given, links not resolved yet, and where that came from; nothing is looked at."""
    if flag:
        return Path(flag).expanduser(), "flag"
    if environ.get(VARIABLE):
        return Path(environ[VARIABLE]).expanduser(), f"environment {VARIABLE}"
    import platformdirs

    return Path(platformdirs.user_data_dir("exocortex", appauthor=False)), "default"


def check_home(home: Path) -> None:
    """Raise ConfigError if `home` exists and isn't a folder of this user alone to have; changes nothing."""
    try:
        status = os.stat(home)
    except FileNotFoundError:
        return
    except OSError as error:
        raise ConfigError(f"{home} can't be used as home: {error.strerror}.", _HINT) from error
    if not stat.S_ISDIR(status.st_mode):
        raise ConfigError(f"{home} is not a folder, so it can't be the home.", _HINT)
    if status.st_uid != os.geteuid():
        raise ConfigError(f"{home} belongs to another user, so it can't be the home.", _HINT)
    if status.st_mode & stat.S_ISVTX or (home.is_symlink() and status.st_mode & stat.S_IWOTH):
        raise ConfigError(f"{home} is a place that other users can write to, so it can't be the home.", _HINT)


def ensure_home(home: Path) -> None:
    """Make `home` and what leads to it if need be, mode 0700 whatever the umask, and close it if it is more open.

    Raises ConfigError if it isn't ours, isn't a folder, is shared, or is an open folder full of something else.
    """
    check_home(home)
    real = Path(os.path.realpath(home))
    try:
        for folder in reversed((real, *real.parents)):
            if not folder.exists():
                folder.mkdir(mode=0o700, exist_ok=True)
                folder.chmod(0o700)
        _close_to_others(real)
    except OSError as error:
        raise ConfigError(f"{home} can't be made ready as home: {error.strerror}.", _HINT) from error


def private_umask() -> None:
    """From now on this process makes files 0600 and folders 0700."""
    os.umask(0o077)


def _close_to_others(home: Path) -> None:
    fd = os.open(home, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        status = os.fstat(fd)
        if status.st_uid != os.geteuid():
            raise ConfigError(f"{home} belongs to another user, so it can't be the home.", _HINT)
        if not status.st_mode & 0o077:
            return
        content = set(os.listdir(fd)) - _NOT_CONTENT
        # A slip such as EXO_HOME=/etc must not shut others out of what was never ours.
        if content and not content & _OURS:
            raise ConfigError(f"{home} holds other things and is open to others, so it can't be the home.", _HINT)
        os.fchmod(fd, 0o700)
    finally:
        os.close(fd)

"""Placing: a model's file in the home: linked or moved in, how it stands there, and taken out again.

Nothing here ever removes a file that is the user's own.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Literal

from exocortex.core import sizes
from exocortex.core.errors import ModelError
from exocortex.storage.digesting import identity_of
from exocortex.storage.manifests import Held, Model

State = Literal["ready", "changed", "away", "gone", "damaged"]
"""`changed`: not the bytes it was, as far as can be told without reading them. `away`: a link to what isn't there.
`damaged`: nothing is known of it, because its manifest can't be read."""
MENDS: dict[State, str] = {
    "ready": "",
    "changed": "If that was you: exo model remove {name}, then add it again. If not, it is damaged.",
    "away": "Plug its disk in, or forget it: exo model remove {name}",
    "gone": "Forget it: exo model remove {name}",
    "damaged": "Add it again after: exo model remove {name}",
}
"""What to do about each."""
_SPARE = 256_000_000
"""Bytes that stay free on a disk after a model has come."""


def link_in(source: Path, target: Path) -> Held:
    """Give the file a name in the home too, by a hard link, or a symbolic one to another disk; raises OSError.

    A file that is there already is taken as it is if it is the same one. Raises ModelError if it is another.
    """
    if os.path.lexists(target):
        if not (target.exists() and os.path.samefile(source, target)):
            raise _in_the_way(target)
        if target.is_symlink():
            return "link"
        return "in place" if source == target.resolve() else "hard link"
    try:
        os.link(source, target)
    except OSError:
        os.symlink(source, target)
        return "link"
    return "hard link"


def move_in(source: Path, target: Path, held: Held) -> Held:
    """Give a file that was made for it the model's name; raises OSError, and ModelError if another file has it."""
    if os.path.lexists(target):
        raise _in_the_way(target)
    os.rename(source, target)
    return held


def standing(model: Model, file: Path) -> tuple[State, str]:
    """How a model's file stands, and a sentence if it isn't ready; nothing of it is read."""
    try:
        now = identity_of(os.stat(file))
    except OSError:
        if file.is_symlink():
            return "away", f"The file of model {model.name} isn't there: {os.readlink(file)}."
        return "gone", f"The file of model {model.name} is gone: {file}."
    if now == model.identity:
        return "ready", ""
    if now == model.refused:
        return "changed", another(model)
    if now.size < model.size:
        return "changed", f"The file of model {model.name} has shrunk to {now.size:,} of {model.size:,} bytes."
    if now.size > model.size:
        return "changed", f"The file of model {model.name} is another: {now.size:,} bytes, and it had {model.size:,}."
    return "changed", f"The file of model {model.name} was replaced or written to since it was last read whole."


def another(model: Model) -> str:
    """What is said of a file that was read and is not the model's."""
    return f"The file of model {model.name} is not the one that was added: its sha256 is another."


def take_out(model: Model | None, file: Path) -> tuple[str, int]:
    """Remove a model's name in the home; returns where its bytes still are, or "" and how many were freed.

    A file that the user put there, or put in the place of what was added, stays. Raises OSError.
    """
    if file.is_symlink():
        where = os.readlink(file)
        file.unlink()
        return (where if os.path.exists(where) else ""), 0
    if not file.exists():
        return "", 0
    status = file.stat()
    if model is None or model.held in ("link", "in place") or not _may_be(model, status):
        return str(file), 0
    file.unlink()
    if status.st_nlink > 1:
        return model.source, 0
    return "", status.st_size


def _may_be(model: Model, status: os.stat_result) -> bool:
    """Whether a file can be the one that was taken in: the inode alone says little, as the next file may get it.

    One that has another name besides is no such file, and loses nothing but this name: it was written to since.
    """
    known, now = model.identity, identity_of(status)
    same = now.size == known.size or now.modified_ns == known.modified_ns or status.st_nlink > 1
    return now.inode == known.inode and same


def require_room(folder: Path, size: int) -> None:
    """Raise ModelError if so many more bytes would fill the folder's disk."""
    free = shutil.disk_usage(folder).free
    if free < size + _SPARE:
        raise ModelError(
            f"There is no room for {sizes.spelled(size)} in {folder}: {sizes.spelled(free)} are free.",
            "Make room, or set EXO_HOME to a folder on another disk.",
        )


def _in_the_way(target: Path) -> ModelError:
    return ModelError(f"A file that was not added lies in the way: {target}.", f"Move it, or: exo model add {target}")

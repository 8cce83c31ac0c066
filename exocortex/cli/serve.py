"""`exo serve`, `exo stop`, `exo pause`, `exo resume`: the process that holds the index, by hand."""

from __future__ import annotations

import errno
import os
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import click

from exocortex.cli.arguments import Command, json_option, pass_face
from exocortex.cli.console import Span
from exocortex.cli.face import DONE, FAILED, Face
from exocortex.config.meeting import LOG_NAME
from exocortex.core.errors import ExocortexError, IndexHeldError, IndexStoreError, OwnerError
from exocortex.core.wire import document

_LOG_BYTES = 1_000_000


@click.command("serve", cls=Command)
@click.option("--ready-fd", type=int, hidden=True)
@pass_face
def serve_command(face: Face, ready_fd: int | None) -> int:
    """Hold the index, watch the notes and answer every other command, until Ctrl-C.

    \b
    exo serve

    Other commands start this by themselves, in the background, and it ends when it isn't needed; run it yourself to
    keep it for good, as from a service manager.
    """
    if ready_fd is not None:
        return _serve_in_background(face, ready_fd)
    from exocortex.starting import unheard

    config = face.config()
    said = Span(f"Holding the index of {config.home}; Ctrl-C ends it.", "faint")
    try:
        _serve(face, lambda: face.console.notice(said), stays=True)
    except IndexHeldError as error:
        raise unheard(config) or error from None
    return DONE


def _serve_in_background(face: Face, ready: int) -> int:
    """For the face that started this: it has gone on as soon as the first fork is made."""
    if os.fork():
        os._exit(0)
    from exocortex.owner import log
    from exocortex.starting import LOST, READY, farewell

    client = _Client(ready)
    try:
        _serve(face, lambda: client.tell(READY), stays=False)
    except IndexHeldError:
        client.tell(LOST)
    except ExocortexError as error:
        log(error.told)
        client.tell(farewell(error))
        return FAILED
    except Exception as error:  # noqa: BLE001 (the border: nobody is there but the log, and whoever waits)
        log("".join(traceback.format_exception(error)))
        what = f"Something unexpected went wrong ({type(error).__name__}: {error})."
        client.tell(farewell(OwnerError(what, f"The details are in {face.home() / LOG_NAME}")))
        return FAILED
    return DONE


def _serve(face: Face, ready: Callable[[], None], *, stays: bool) -> None:
    """Be the owner, to its end. Raises ExocortexError, for what a disk or a folder refuses too."""
    from exocortex.bootstrap import open_owned
    from exocortex.owner import Owner

    home = face.home()
    try:
        _write_to_log(home)
        if not stays:
            face.console.close()
        owner = Owner(face.config(), face.environ, open_owned, stays=stays)
        owner.end_on_signals()
        owner.serve(ready)
    except OSError as error:
        raise _refused(home, error) from error


def _refused(home: Path, error: OSError) -> IndexStoreError:
    """What the system says no to, in words."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return IndexStoreError(f"The disk of {home} is full.", "Make room on it, then try again.")
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return IndexStoreError(
            f"{error.filename or home} can't be written to: {error.strerror}.",
            "Set EXO_HOME to a folder on a disk that can.",
        )
    return IndexStoreError(
        f"{error.filename or home} can't be used: {error.strerror or error}.", "Move it away, then try again."
    )


def _write_to_log(home: Path) -> None:
    """Standard output and error become the log; the console has its own ways to the terminal."""
    # Read once, as NumPy is loaded: on busy cores two threads wait for each other longer than one multiplies.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from exocortex.config import ensure_home

    ensure_home(home)
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
    log = os.open(home / LOG_NAME, flags, 0o600)
    if os.fstat(log).st_size > _LOG_BYTES:
        os.ftruncate(log, 0)
    for stream in (1, 2):
        os.dup2(log, stream)
    os.close(log)


class _Client:
    """Whoever started this and waits for one word, or a farewell; then its descriptor may be another file's."""

    def __init__(self, ready: int) -> None:
        self._pipe = open(ready, "wb", buffering=0)  # noqa: SIM115 (it is closed when it has served)

    def tell(self, what: bytes) -> None:
        """Say it, unless something was said before."""
        with suppress(OSError, ValueError):
            self._pipe.write(what)
        self._pipe.close()


@click.command("stop", cls=Command)
@pass_face
def stop_command(face: Face) -> int:
    """End the process that holds the index; the next command that needs it starts another.

    \b
    exo stop

    What it was doing is kept; indexing goes on from there.
    """
    from exocortex.starting import end_owner

    process = end_owner(face.home())
    face.console.notice(Span("Nothing is running." if process is None else f"Ended (process {process})."))
    return DONE


@click.command("pause", cls=Command)
@json_option
@pass_face
def pause_command(face: Face, as_json: bool) -> int:
    """Do nothing in the background until `exo resume`: no reading, no embedding.

    \b
    exo pause

    Searches answer from what is in; `exo index` still reads when told to.
    """
    return _set_paused(face, True, as_json)


@click.command("resume", cls=Command)
@json_option
@pass_face
def resume_command(face: Face, as_json: bool) -> int:
    """Go on with what `exo pause` held up.

    \b
    exo resume
    """
    return _set_paused(face, False, as_json)


def _set_paused(face: Face, paused: bool, as_json: bool) -> int:
    with face.cortex() as cortex:
        if paused:
            cortex.index.pause()
        else:
            cortex.index.resume()
    if as_json:
        face.console.json(document({"paused": paused}))
    else:
        face.console.notice(Span("Paused; go on with: exo resume" if paused else "Going on."))
    return DONE

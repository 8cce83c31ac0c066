"""`exo serve`, `exo stop`, `exo pause`, `exo resume`: the process that holds the index, by hand."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

import click

from exocortex.cli.arguments import Command, json_option, pass_face
from exocortex.cli.console import Span
from exocortex.cli.face import DONE, Face
from exocortex.core.errors import ExocortexError, IndexHeldError, OwnerError
from exocortex.core.wire import document

_STOP_SECONDS = 10.0
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
    from exocortex.bootstrap import open_owned
    from exocortex.owner import Owner

    config = face.config()
    _write_to_log(face)
    owner = Owner(config, face.environ, open_owned, stays=True)
    owner.end_on_signals()
    owner.serve(lambda: face.console.notice(Span(f"Holding the index of {config.home}; Ctrl-C ends it.", "faint")))
    return DONE


def _serve_in_background(face: Face, ready: int) -> int:
    """For the face that started this: it has gone on as soon as the first fork is made."""
    if os.fork():
        os._exit(0)
    from exocortex.bootstrap import open_owned
    from exocortex.owner import Owner, log
    from exocortex.starting import LOST, READY

    _write_to_log(face)
    face.console.close()
    try:
        owner = Owner(face.config(), face.environ, open_owned)
        owner.end_on_signals()
        owner.serve(lambda: _say(ready, READY))
    except IndexHeldError:
        _say(ready, LOST)
    except ExocortexError as error:
        log(f"{error.message} {error.hint}")
        return 2
    return DONE


def _write_to_log(face: Face) -> None:
    """Standard output and error become the log; the console has its own ways to the terminal."""
    # Read once, as NumPy is loaded: on busy cores two threads wait for each other longer than one multiplies.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from exocortex.config import ensure_home
    from exocortex.config.meeting import LOG_NAME

    home = face.home()
    ensure_home(home)
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
    log = os.open(home / LOG_NAME, flags, 0o600)
    if os.fstat(log).st_size > _LOG_BYTES:
        os.ftruncate(log, 0)
    for stream in (1, 2):
        os.dup2(log, stream)
    os.close(log)


def _say(ready: int, what: bytes) -> None:
    with suppress(OSError):
        os.write(ready, what)
        os.close(ready)


@click.command("stop", cls=Command)
@pass_face
def stop_command(face: Face) -> int:
    """End the process that holds the index; the next command that needs it starts another.

    \b
    exo stop

    What it was doing is kept; indexing goes on from there.
    """
    from exocortex.starting import any_owner
    from exocortex.storage.lock import holder

    home = face.config().home
    client = any_owner(face.config())
    if client is None:
        face.console.notice(Span("Nothing is running."))
        return DONE
    client.retire()
    client.close()
    deadline = time.monotonic() + _STOP_SECONDS
    while holder(home) is not None or _lives(client.welcome.pid):
        if time.monotonic() > deadline:
            raise OwnerError(f"Process {client.welcome.pid} does not end.", f"End it with: kill {client.welcome.pid}")
        time.sleep(0.02)
    face.console.notice(Span(f"Ended (process {client.welcome.pid})."))
    return DONE


def _lives(process: int) -> bool:
    """Whether it is there, and not merely waiting to be counted as dead."""
    try:
        os.kill(process, 0)
    except OSError:
        return False
    try:
        return not Path(f"/proc/{process}/stat").read_text("ascii").rpartition(")")[2].startswith(" Z")
    except OSError:
        return True


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

"""The process around a command: what it may leave behind, how it ends, and what is said of a failure.

Exit codes: 0 done or found, 1 nothing found or abstained, 2 error or bad usage, 130 interrupted. A reader that closes
the pipe has had enough, which ends the command quietly.
"""

from __future__ import annotations

import os
import resource
import warnings
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path

import click

from exocortex.cli.commands import exo
from exocortex.cli.console import Console, OutputError
from exocortex.cli.face import DONE, FAILED, INTERRUPTED, Face
from exocortex.core.errors import ExocortexError

LOG_NAME = "errors.log"
_LOG_BYTES = 1_000_000
_NEAR = 0.6


def run(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Carry out one command line; returns the exit code and never raises."""
    face = Face(Console.of_process(environ), environ, umask=_harden())
    try:
        code = _carry_out(face, arguments, wants_json(arguments))
    except OutputError as error:
        code = DONE if error.unwanted else _unwritable(face.console, error)
    face.console.close()
    return code


def wants_json(arguments: Sequence[str]) -> bool:
    """Whether errors, those of parsing included, are to be JSON."""
    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    return "--json" in options or "--batch" in options


def _harden() -> int:
    """Files are the user's alone, a crash leaves no core dump with notes in it, no library chats or reports home.

    Returns the umask as it was, for programs that write files of the user's own.
    """
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    warnings.simplefilter("ignore")
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # read once, as onnxruntime is loaded: its own call comes too late
    return os.umask(0o077)


def _carry_out(face: Face, arguments: Sequence[str], as_json: bool) -> int:
    console = face.console
    try:
        result = exo.main(list(arguments), "exo", standalone_mode=False, obj=face)
        return result if isinstance(result, int) else DONE
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except click.UsageError as error:
        console.error("usage", _mistake(error), f"See: {_command(error, arguments)} --help", as_json=as_json)
    except click.ClickException as error:
        console.error("error", error.format_message(), "", as_json=as_json)
    except ExocortexError as error:
        console.error(error.kind, error.message, error.hint, as_json=as_json)
    except OutputError:
        raise
    except Exception as error:  # noqa: BLE001 (the border: whatever it is, the user gets a sentence and a log)
        message = f"Something unexpected went wrong ({type(error).__name__})."
        console.error("internal", message, _logged(face, arguments, error), as_json=as_json)
        if console.verbose and not as_json:
            console.trace(error)
    return FAILED


def _mistake(error: click.UsageError) -> str:
    """What is wrong, in click's words but for an option there is none of: click proposes what merely shares dashes."""
    if not isinstance(error, click.NoSuchOption):
        return error.format_message()
    names = {name.strip("-"): name for name in error.possibilities or ()}
    near = get_close_matches(error.option_name.strip("-"), names, 1, _NEAR)
    return f"There is no option {error.option_name}." + (f" Did you mean {names[near[0]]}?" if near else "")


def _command(error: click.UsageError, arguments: Sequence[str]) -> str:
    """The command whose help explains the mistake; what is wrong with an option click reports without it."""
    if error.ctx is not None:
        return error.ctx.command_path
    return f"exo {arguments[0]}" if arguments and arguments[0] in exo.list_commands(click.Context(exo)) else "exo"


def _logged(face: Face, arguments: Sequence[str], error: Exception) -> str:
    """Append the traceback to a log in the home; returns the hint that says where it is."""
    import traceback

    from exocortex.config import ensure_home

    entry = f"{datetime.now().astimezone().isoformat(timespec='seconds')} exo {' '.join(arguments[:1])}\n"
    entry += "".join(traceback.format_exception(error)) + "\n"
    try:
        home = face.home()
        ensure_home(home)
        path = home / LOG_NAME
        _append(path, entry)
    except (OSError, ExocortexError):
        return "It could not be logged; run it again with -v to see the details."
    return f"The details are in {path}"


def _append(path: Path, entry: str) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
    with open(os.open(path, flags, 0o600), "a", encoding="utf-8", errors="backslashreplace") as log:
        if os.fstat(log.fileno()).st_size > _LOG_BYTES:
            log.truncate(0)
        log.write(entry)


def _unwritable(console: Console, error: OutputError) -> int:
    with suppress(OutputError):
        console.error("output", f"The answer can't be written: {error}.", "")
    return FAILED

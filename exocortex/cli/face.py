"""Face: what every command is handed: the console, the settings, and the way to the index."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from exocortex.cli.console import Console
from exocortex.core.errors import ConfigError, IndexHeldError, OwnerError, UsageError

if TYPE_CHECKING:
    from exocortex.client import Client
    from exocortex.config import Config
    from exocortex.core.notes import NoteRef
    from exocortex.core.service import CortexPort

DONE, NOTHING, FAILED, INTERRUPTED = 0, 1, 2, 130
_LINE_SUFFIX = re.compile(r"(.+):([0-9]{1,9})", re.DOTALL)
_Result = TypeVar("_Result")


def _now() -> datetime:
    return datetime.now().astimezone()


@dataclass(slots=True)
class Face:
    """One command line's surroundings; settings are read when they are first asked for."""

    console: Console
    environ: Mapping[str, str]
    now: Callable[[], datetime] = _now
    umask: int = 0o077
    """What the user had set, for programs that write notes."""
    flags: dict[str, object] = field(default_factory=dict)
    """What was typed for `home` and for settings, as `config.load` takes it."""
    alone: bool = False
    """Whether the work is to be done in this process."""
    _config: Config | None = None

    def config(self) -> Config:
        """The settings in force; raises ConfigError."""
        if self._config is None:
            from exocortex.config import load

            self._config = load(self.environ, self.flags)
            self.console.use_links(self._config.search.link)
        return self._config

    def reread(self) -> None:
        """Something was written into config.toml: the settings are read again when they are next asked for."""
        self._config = None

    def home(self) -> Path:
        """Where everything is stored, found without reading config.toml; raises ConfigError."""
        from exocortex.config.home import find_home

        typed = self.flags.get("home")
        return find_home(self.environ, None if typed is None else str(typed))[0]

    @contextmanager
    def cortex(self, *, start: bool = True, watching: bool = False) -> Iterator[CortexPort]:
        """The index: of its owner, which is started if need be and wanted, or else opened in this process.

        With `watching` the notes are followed while it is open, by whichever process that is.
        Raises ConfigError without folders, IndexHeldError if another kind of process holds the index, OwnerError if
        its owner answers nobody.
        """
        config = self.config()
        if not config.folders:
            raise ConfigError("There is no folder of notes yet.", "Type: exo init ~/notes")
        with ExitStack() as opened:
            yield self._entered(opened, config, start, watching)

    def _entered(self, opened: ExitStack, config: Config, start: bool, watching: bool) -> CortexPort:
        owned = self._owned(config, start)
        if owned is None:
            try:
                return opened.enter_context(self._own(config, watching))
            except IndexHeldError as error:
                owned = self._owned(config, start)
                if owned is None:  # else an owner has started between the two
                    raise self._unheard(config) or error from None
        return opened.enter_context(closing(owned))

    def _own(self, config: Config, watching: bool) -> AbstractContextManager[CortexPort]:
        """The index, held by this process."""
        self.console.mute_libraries()
        from exocortex.bootstrap import open_cortex, open_watched

        return (open_watched if watching else open_cortex)(config, tell=self._tell)

    def _owned(self, config: Config, start: bool) -> Client | None:
        """The index behind its owner, if there is to be one."""
        if self.alone:
            return None
        from exocortex.starting import find_owner, reach_owner

        if start and config.owner.start:
            return reach_owner(config, self.environ, self._tell)
        return find_owner(config, impose=start)

    def _unheard(self, config: Config) -> OwnerError | None:
        from exocortex.starting import unheard

        return unheard(config)

    def _tell(self, notice: str) -> None:
        from exocortex.cli.console import Span

        self.console.notice(Span(notice, "faint"))

    def spelled(self, note: NoteRef) -> str:
        """A note's place as every NOTE argument takes it: its path, after its folder's name if there are several."""
        return note.path if len(self.config().folders) < 2 else f"{note.folder}:{note.path}"

    def clock(self, moment: datetime) -> str:
        """`14:05`, with the day if that isn't today."""
        local, now = moment.astimezone(), self.now()
        if local.date() == now.date():
            return local.strftime("%H:%M")
        return local.strftime("%Y-%m-%d %H:%M")

    def of_note(self, argument: str, get: Callable[[str], _Result]) -> tuple[_Result, int | None]:
        """Look up `NOTE[:LINE]`; a title that itself ends in a number (`Meeting 9:30`) is found first.

        Relative paths are resolved here, where the working directory is known. Raises UsageError.
        """
        try:
            return get(_resolved(argument)), None
        except UsageError:
            match = _LINE_SUFFIX.fullmatch(argument)
            if match is None or int(match[2]) == 0:
                raise
        return get(_resolved(match[1])), int(match[2])


def _resolved(argument: str) -> str:
    try:
        argument.encode("utf-8")
    except UnicodeEncodeError:
        raise UsageError(f"{argument} is not valid UTF-8, as every note's name is.", "See: exo recent") from None
    return os.path.abspath(argument) if os.path.isfile(argument) else argument

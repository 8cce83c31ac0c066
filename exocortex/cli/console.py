"""Console: the one exit of the command line. It makes every text safe, paints on a terminal, and stays plain in a pipe.

Commands hand it spans of raw text with a role each; what a role looks like, where lines wrap and whether the stream
understands escapes is known here alone. No markup is ever parsed from what it is given.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Self, TextIO
from urllib.parse import quote

from exocortex.core.terminal import visible

if TYPE_CHECKING:
    from rich.console import Console as RichConsole
    from rich.text import Text

    from exocortex.cli.prose import Prose

Role = Literal["plain", "strong", "accent", "faint", "match", "warning", "error"]

_STYLES: dict[Role, str] = {
    "plain": "",
    "strong": "bold",
    "accent": "cyan",
    "faint": "dim",
    "match": "bold cyan",
    "warning": "yellow",
    "error": "bold red",
}
_READABLE = 100
"""Columns after which prose is hard to read: wider terminals keep a margin."""
_NARROW = 16
DEFAULT_LINK = "file://{file}"


class OutputError(Exception):
    """The answer can't be written any more."""

    def __init__(self, error: OSError) -> None:
        super().__init__(error.strerror or str(error))
        self.unwanted = isinstance(error, BrokenPipeError)
        """Whoever read it has closed the pipe, which is no failure."""


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a line: raw text, what it is, and the file (and line) that a click on it opens."""

    text: str
    role: Role = "plain"
    file: str | None = None
    line: int | None = None


class Screen:
    """One output stream, and what it can show."""

    def __init__(self, file: TextIO, environ: Mapping[str, str], link: str = DEFAULT_LINK) -> None:
        self.file = file
        self.link = link
        """Template of links to files, with `{file}` (absolute, percent-encoded) and `{line}`; empty for none."""
        self.tty = file.isatty()
        self.styled = self.tty and environ.get("TERM", "") not in ("", "dumb")
        """Whether escape sequences are understood: bold, links, moving the cursor."""
        self._environ = dict(environ)
        self._rich: RichConsole | None = None

    @property
    def columns(self) -> int:
        """Width of the terminal, 80 if it can't be told."""
        wanted = self._environ.get("COLUMNS", "")
        if wanted.isdecimal() and int(wanted) > 0:
            return max(20, int(wanted))
        try:
            return max(20, os.get_terminal_size(self.file.fileno()).columns or 80)
        except (OSError, ValueError):
            return 80

    @property
    def width(self) -> int:
        """Columns that prose is wrapped to."""
        return min(self.columns, _READABLE)

    def rich(self) -> RichConsole:
        """A rich console on this stream, for progress bars; everything it is given must have passed `text`."""
        from rich.console import Console as RichConsole

        if self._rich is None:
            self._rich = RichConsole(
                file=self.file,
                force_terminal=self.styled,
                color_system="auto" if self.styled else None,
                no_color=bool(self._environ.get("NO_COLOR")),
                width=self.columns,
                markup=False,
                highlight=False,
                emoji=False,
                legacy_windows=False,
                _environ=self._environ,
            )
        return self._rich

    def write(self, text: str) -> None:
        """Write and flush text that is already safe; once the stream is closed there is nobody to read it."""
        if not self.file.closed:
            self.file.write(text)
            self.file.flush()

    def line(
        self, spans: Sequence[Span], lead: Sequence[Span] = (), right: Span | None = None, most: int | None = None
    ) -> int:
        """Write one line: wrapped on a terminal, its continuation below the end of `lead`; never broken in a pipe.

        `most` is how many rows it may take on a terminal. Returns how many it took.
        """
        if not self.tty:
            tail = [Span("  "), right] if right else []
            self.write("".join(_safe(span) for span in [*lead, *spans, *tail]) + "\n")
            return 1
        head, body = self.text(lead), self.text(spans)
        if right is not None:
            self._append_right(head, body, right)
        return self._print_hanging(head, body, self.width, most)

    def rows(self, rows: Sequence[Sequence[Span]], *, indent: int = 0) -> None:
        """Write rows of cells: aligned columns on a terminal, the last one wrapped; separated by tabs in a pipe."""
        if not self.tty:
            for row in rows:
                self.write("\t".join(_safe(cell, " ") for cell in row) + "\n")
            return
        cells = [[self.text([cell], " ") for cell in row] for row in rows]
        widths = [max(cell.cell_len for cell in column) for column in zip(*cells, strict=True)]
        for *front, last in cells:
            lead = self.text([Span(" " * indent)])
            for cell, width in zip(front, widths, strict=False):
                lead += cell
                lead.append(" " * (width - cell.cell_len + 2))
            self._print_hanging(lead, last, self.columns)

    def text(self, spans: Iterable[Span], tab: str = "\t") -> Text:
        """The spans as rich text, made safe: the only way into anything rich paints."""
        from rich.text import Text

        text = Text()
        for span in spans:
            text.append(_safe(span, tab), self._style(span))
        return text

    def _style(self, span: Span) -> Any:
        from rich.style import Style

        style = Style.parse(_STYLES[span.role])
        if span.file is None or not (self.styled and self.link):
            return style
        return style + Style(link=link_to(self.link, span.file, span.line))

    def _append_right(self, head: Text, body: Text, right: Span) -> None:
        gap = self.width - head.cell_len - body.cell_len - self.text([right]).cell_len
        body.append(" " * gap if gap >= 2 else "  ")
        body.append_text(self.text([right]))

    def _print_hanging(self, lead: Text, body: Text, width: int, most: int | None = None) -> int:
        """Wrap `body` beside `lead`, or below it where that leaves next to no room; returns the rows of `body`."""
        indent, room = " " * lead.cell_len, width - lead.cell_len
        if room < _NARROW:
            for row in lead.wrap(self.rich(), width):
                self._print(row)
            indent, room = "  ", width - 2
            lead = self.text([Span(indent)])
        rows = list(body.wrap(self.rich(), room)) or [self.text([])]
        for number, row in enumerate(rows[:most]):
            row.rstrip()
            if number + 1 == most and len(rows) > most:
                row.truncate(room - 2)
                row = row[: max(row.plain.rfind(" "), room // 2)]
                row.append(" …")
            self._print(lead + row if number == 0 else self.text([Span(indent)]) + row)
        return len(rows[:most])

    def _print(self, text: Text) -> None:
        """Rich renders into a buffer, so that a closed pipe is noticed here and not handled by rich."""
        rich = self.rich()
        with rich.capture() as captured:
            rich.print(text, soft_wrap=True)
        self.write(captured.get())


class Console:
    """Both streams of the process: `out` carries the answer, `err` everything else."""

    def __init__(self, out: TextIO, err: TextIO, environ: Mapping[str, str], *, owns_process: bool = False) -> None:
        self.out = Screen(out, environ)
        self.err = Screen(err, environ)
        self.quiet = False
        self.verbose = False
        self._owns_process = owns_process
        self._prose: Prose | None = None

    @classmethod
    def of_process(cls, environ: Mapping[str, str]) -> Self:
        """The process's own streams, on descriptors of their own, so that `mute_libraries` leaves them alone."""
        _open_closed()
        console = cls(_duplicate(1), _duplicate(2), environ, owns_process=True)
        sys.stdout = console.out.file  # click writes help there
        return console

    def close(self) -> None:
        """Close both streams; what could not be written is given up."""
        if self._owns_process:
            sys.stdout = sys.__stdout__
        for screen in (self.out, self.err):
            with suppress(OutputError, OSError):
                screen.file.close()

    @property
    def tty(self) -> bool:
        """Whether a person reads the answer on a terminal."""
        return self.out.tty

    def is_screen(self) -> bool:
        """Whether somebody sits at a terminal that can show screens and sends keys."""
        return self.out.styled and self.err.styled and os.isatty(0)

    def use_links(self, template: str) -> None:
        """Set the template of links to files."""
        self.out.link = self.err.link = template

    def descriptors(self) -> tuple[int, int]:
        """What another program that takes over the terminal writes to."""
        return self.out.file.fileno(), self.err.file.fileno()

    def mute_libraries(self) -> None:
        """Send what libraries write to descriptors 1 and 2 to nowhere from now on, C level included."""
        if not self._owns_process or self.verbose:
            return
        sys.stdout = sys.__stdout__
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for descriptor in (1, 2):
            os.dup2(nowhere, descriptor)
        os.close(nowhere)

    @contextmanager
    def editing(self) -> Iterator[None]:
        """Descriptor 1 is the terminal while a line is edited: that is where readline writes, muted or not."""
        former, sys_out = os.dup(1), sys.stdout
        os.dup2(self.out.file.fileno(), 1)
        sys.stdout = sys.__stdout__
        try:
            yield
        finally:
            sys.stdout = sys_out
            os.dup2(former, 1)
            os.close(former)

    def line(self, *spans: Span, lead: Sequence[Span] = (), right: Span | None = None, most: int | None = None) -> int:
        """One line of the answer, of at most so many rows on a terminal; returns how many it took."""
        return self.out.line(spans, lead, right, most)

    def rows(self, rows: Sequence[Sequence[Span]], *, indent: int = 0) -> None:
        """Rows of the answer."""
        self.out.rows(rows, indent=indent)

    def piece(self, text: str) -> None:
        """A part of a line, such as the prompt before what is typed."""
        self.out.write(visible(text, keep_newlines=True))

    def prose(self, indent: int = 0) -> Prose:
        """An answer that is going to be written in pieces; to be ended, or used as a context."""
        from exocortex.cli.prose import Prose

        self._prose = Prose(self.out, indent)
        return self._prose

    def json(self, value: object) -> None:
        """One JSON value on one line of the answer, flushed."""
        from exocortex.core.wire import dumps

        self.out.write(dumps(value) + "\n")

    def notice(self, *spans: Span) -> None:
        """A line beside the answer: how fresh it is, what comes next. Not with `-q`."""
        if self.quiet:
            return
        if self._prose is not None and self.err.tty and self._prose.leave_row():
            self.err.write("\n")
        self.err.line(spans)

    def error(self, kind: str, message: str, hint: str, *, as_json: bool = False) -> None:
        """What went wrong and what to do about it."""
        if as_json:
            from exocortex.core.wire import dumps

            self.err.write(dumps(error_document(kind, message, hint)) + "\n")
            return
        first, *others = message.split("\n") or [""]
        self.err.line([Span(first)], [Span("exo: ", "error")])
        for other in [*others, *hint.split("\n")]:
            if other:
                self.err.line([Span(other, "faint")], [Span("     ")])

    def trace(self, error: BaseException) -> None:
        """Where an unexpected error came from, for whoever asked for it with `-v`."""
        import traceback

        for text in traceback.format_exception(error):
            for row in text.rstrip().split("\n"):
                self.err.line([Span(row, "faint")])


def error_document(kind: str, message: str, hint: str) -> dict[str, Any]:
    """An error in the shape that scripts are promised."""
    from exocortex.core.wire import SCHEMA

    return {"schema": SCHEMA, "error": {"kind": kind, "message": message, "hint": hint}}


def link_to(template: str, file: str, line: int | None) -> str:
    """The address that opens a file: nothing in its name survives that could end or alter an escape sequence."""
    return template.replace("{file}", quote(os.fsencode(file))).replace("{line}", str(line or 1))


def _safe(span: Span, tab: str = "\t") -> str:
    return tab.join(visible(piece, keep_newlines=False) for piece in span.text.split("\t"))


class _Descriptor(io.FileIO):
    """A file descriptor whose errors can't be taken for those of any other file or pipe."""

    def write(self, data: Any, /) -> int:
        try:
            return super().write(data)
        except OSError as error:
            raise OutputError(error) from error


def _open_closed() -> None:
    """Open standard streams that are closed, on nothing: else the next file opened would be written to as one."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)


def _duplicate(descriptor: int) -> TextIO:
    """A text stream on a copy of the descriptor."""
    raw = _Descriptor(os.dup(descriptor), "w")
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding="utf-8", errors="backslashreplace", newline="\n")

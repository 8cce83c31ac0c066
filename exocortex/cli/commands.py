"""The command `exo` and the list of its subcommands, each loaded only when it is called."""

from __future__ import annotations

import importlib
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import click

from exocortex import __version__
from exocortex.cli.arguments import common_options
from exocortex.cli.console import Span
from exocortex.cli.face import DONE, Face

if TYPE_CHECKING:
    from exocortex.config import Config

_SECTIONS: dict[str, dict[str, tuple[str, str]]] = {
    "Start": {
        "demo": ("demo", "See it work on a sample vault, in a temporary place."),
        "setup": ("setup", "Set it up, step by step: notes, index, a model, a question."),
        "init": ("folders", "Point it at a folder of notes."),
        "index": ("index", "Read what is new or changed."),
        "watch": ("watch", "Follow what is noticed and read, as it happens."),
    },
    "Ask and search": {
        "ask": ("ask", "Answer a question from your notes, with the lines that say so."),
        "chat": ("chat", "A conversation, a question a line."),
        "search": ("search", "Find notes by words and by meaning."),
        "similar": ("search", "Find notes close in meaning to one."),
        "summarize": ("summarize", "What a note, a folder or a query's notes say, in a few points."),
        "digest": ("summarize", "What came into your notes today, or this week."),
    },
    "Check an answer": {
        "receipt": ("receipt", "What an answer was made from, and what became of it."),
        "replay": ("receipt", "Give the same model the same prompt again."),
    },
    "Read": {
        "show": ("notes", "Print a note, or the lines around one of its lines."),
        "open": ("editor", "Open a note in your editor, at a line."),
        "links": ("notes", "What a note links to, and what links to it."),
        "inspect": ("inspect", "A note as the index sees it."),
        "recent": ("lists", "Notes by when they last changed."),
        "tags": ("lists", "Every tag, and how many notes carry it."),
        "tasks": ("lists", "Open tasks, by note."),
    },
    "Write": {
        "capture": ("capture", "A thought into a note of its own, or into one there is."),
        "today": ("today", "The note of this day, made if it isn't there."),
        "undo": ("undo", "Take back the last change that exo made to a note."),
    },
    "Look after it": {
        "status": ("status", "What is indexed, what is pending, what was skipped and why."),
        "folders": ("folders", "The folders of notes; take one out."),
        "model": ("model", "Language models: add, fetch, choose and check them."),
        "config": ("settings", "Every setting, and where its value comes from."),
        "doctor": ("doctor", "Look through everything, and name what mends it."),
        "rebuild": ("doctor", "Drop the index, to make it again from the notes."),
        "restore": ("restore", "Put back a backup of what can't be made again."),
        "pause": ("serve", "Do nothing in the background."),
        "resume": ("serve", "Go on with it."),
        "serve": ("serve", "Hold the index for good, as a service does."),
        "stop": ("serve", "End the process that holds the index."),
    },
}
"""Section of the help: command: (module beside this one, what it does)."""

_COMMANDS = {name: entry for section in _SECTIONS.values() for name, entry in section.items()}

_EPILOG = """\
\b
First time:
  exo demo                      try it on sample notes
  exo setup                     point it at your own, step by step
  exo ask "when does the lease end?"
"""


class LazyGroup(click.Group):
    """A group that imports a subcommand's module only to run it, so that help costs no import."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        """Names, in the order of the help."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import and return it; None if there is none of that name."""
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"exocortex.cli.{_COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, f"{cmd_name}_command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """A sentence typed where a command should be is taken for the question it most likely is."""
        name = args[0]
        if name in _COMMANDS or name.startswith("-"):
            return super().resolve_command(ctx, args)
        if len(args) > 1 or " " in name:
            raise click.UsageError(f'There is no command "{name}". To ask your notes: exo ask "{" ".join(args)}"', ctx)
        near = get_close_matches(name, _COMMANDS, n=1)
        raise click.UsageError(f'There is no command "{name}".' + (f" Did you mean {near[0]}?" if near else ""), ctx)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The commands by what one wants to do."""
        for section, commands in _SECTIONS.items():
            with formatter.section(section):
                formatter.write_dl([(name.ljust(9), summary) for name, (_, summary) in commands.items()])

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Commands first: the options are few and dull."""
        self.format_commands(ctx, formatter)
        click.Command.format_options(self, ctx, formatter)


def _print_version(ctx: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        click.echo(f"exo {__version__}")
        ctx.exit()


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    params=common_options(),
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option("--home", metavar="FOLDER", help="Keep everything in this folder instead of EXO_HOME.")
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="Show it.")
@click.pass_context
def exo(ctx: click.Context, home: str | None) -> Any:
    """Ask and search your own notes, on this machine alone.

    Each answer is quoted from your notes with the lines it stands on.
    """
    face: Face = ctx.obj
    face.flags["home"] = home
    if ctx.invoked_subcommand is not None:
        return None
    if face.console.is_screen():
        return _show(face)
    click.echo(ctx.get_help())
    if face.console.tty:
        face.console.notice(Span("This terminal can't show the screens of exo; every command works here.", "faint"))
    return DONE


def _show(face: Face) -> int:
    """The terminal UI, until it is left."""
    from exocortex.tui import run

    if face.alone:
        raise click.UsageError("The screens need the process that holds the index; --no-owner does without it.")

    def load() -> Config:
        face.reread()
        return face.config()

    return run(face.config(), face.environ, load)

"""Arguments: options that commands share, and how words typed in a shell become a query."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from exocortex.cli.face import Face

_Command = TypeVar("_Command", bound=Callable[..., Any])

pass_face = click.make_pass_decorator(Face)

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")

literal_option = click.option(
    "--literal", is_flag=True, help='Take every word as it is: no "phrases", filters or -words.'
)
scope_option = click.option(
    "--scope", default="", metavar="FILTERS", help="Only notes that match, as in: --scope 'tag:work after:2024'."
)


engine_option = click.option(
    "--engine", default="", metavar="NAME", help="A model's name, or quotes: no model is asked."
)


class WholeNumber(click.IntRange):
    """A number from a range; what is none is told in plain words."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number; raises BadParameter."""
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            self.fail(f"{value!r} is not a whole number from {self.min} to {self.max}.", param, ctx)


def limit_option(meaning: str, default: int | None = None) -> Callable[[_Command], _Command]:
    """`-n` and `--limit`, spelled alike wherever there is a limit."""
    kind = WholeNumber(1, 1000)
    shown = default is not None
    return click.option("-n", "--limit", metavar="N", type=kind, default=default, show_default=shown, help=meaning)


batch_option = click.option("--batch", is_flag=True, help="Read one a line from standard input, print one JSON a line.")

_KEPT = "\0"
"""Set before words that look like options while click parses; no argument of a process can hold it."""
_LETTER = re.compile(rf"{_KEPT}-\w")
_DATE = re.compile(r"(-?(?:before|after|on):)((?:last|this|next|past)\s+\w+|\w+\s+\w+\s+ago)")
_FILTER = re.compile(r'(-?(?:tag|path|title|has|before|after|on):)([^\s"][^"]*\s[^"]*)', re.DOTALL)


def _louder(ctx: click.Context, parameter: click.Parameter, wanted: bool) -> None:
    if wanted and isinstance(ctx.obj, Face):
        setattr(ctx.obj.console, str(parameter.name), True)


def _alone(ctx: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if wanted and isinstance(ctx.obj, Face):
        ctx.obj.alone = True


def common_options() -> list[click.Parameter]:
    """`-q`, `-v` and `--no-owner`, which every command takes, before its name or after."""
    no_owner = click.Option(
        ["--no-owner"],
        is_flag=True,
        expose_value=False,
        callback=_alone,
        help="Do the work in this process, without one in the background.",
    )
    quiet = click.Option(
        ["-q", "--quiet"], is_flag=True, expose_value=False, callback=_louder, help="Say only the answer and errors."
    )
    verbose = click.Option(
        ["-v", "--verbose"],
        is_flag=True,
        expose_value=False,
        callback=_louder,
        help="Say more: timings, library messages, tracebacks.",
    )
    return [quiet, verbose, no_owner]


class Command(click.Command):
    """A subcommand of `exo`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params += common_options()


class QueryCommand(Command):
    """A command whose words may begin with a dash: `-draft` leaves out notes with that word, `--limt` is a mistake."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Hide `-word` from click's parser, except where it is an option's value."""
        valued = {
            name
            for option in self.get_params(ctx)
            if isinstance(option, click.Option) and not option.is_flag
            for name in option.opts
        }
        short = {name for option in self.get_params(ctx) for name in option.opts if not name.startswith("--")}
        numbered = re.compile(f"({'|'.join(map(re.escape, short & valued)) or '(?!)'})[0-9]+")
        hidden, previous = [], ""
        for number, argument in enumerate(args):
            if argument == "--":
                hidden += args[number:]
                break
            dashed = argument.startswith("-") and not argument.startswith("--") and argument not in {"-", *short}
            word = dashed and previous not in valued and not numbered.fullmatch(argument)
            hidden.append(_KEPT + argument if word else argument)
            previous = argument
        return super().parse_args(ctx, hidden)


def query_of(words: Sequence[str]) -> str:
    """The query that was typed, as the query language writes it.

    A shell takes the quotes off `after:"last week"`; they are put back where a filter's value has spaces. A word that
    is all that was typed is more likely a whole query in quotes, and left alone unless it is a filter by such a date.
    """
    typed = [word.removeprefix(_KEPT) for word in words]
    lost = _DATE if len(typed) < 2 else _FILTER
    return " ".join(lost.sub(r'\1"\2"', word) if lost.fullmatch(word) else word for word in typed)


def required(words: Sequence[str], what: str, example: str) -> str:
    """The query typed; raises a usage error that shows how if there is none."""
    text, ctx = query_of(words), click.get_current_context(silent=True)
    if not text.strip():
        raise click.UsageError(f"Type {what}, as in: {example}", ctx)
    if ctx is not None and not ctx.params.get("literal"):
        _tell_letters(ctx, words)
    return text


def _tell_letters(ctx: click.Context, words: Sequence[str]) -> None:
    """What looks like an option there is none of was taken for a word to leave out."""
    letters = [word.removeprefix(_KEPT) for word in words if _LETTER.fullmatch(word)]
    if letters and isinstance(ctx.obj, Face):
        from exocortex.cli.console import Span

        left_out = f"{' '.join(letters)}: taken as a word to leave out. Options: {ctx.command_path} --help"
        ctx.obj.console.notice(Span(left_out, "faint"))


def refuse_words(words: Sequence[str], option: str) -> None:
    """Raise a usage error if something was typed that a batch would not look at."""
    if words:
        raise click.UsageError(f"{option} reads from standard input and takes no words.", click.get_current_context())


def flags_of(**typed: Any) -> dict[str, object]:
    """Settings as typed, `search_limit=5` becoming `search.limit`, for those that were."""
    return {name.replace("_", ".", 1): value for name, value in typed.items() if value is not None}

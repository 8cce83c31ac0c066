"""`exo model`: the language models there are, which one is used, and whether they are what they were."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from exocortex.cli.arguments import Command, common_options, json_option, pass_face
from exocortex.cli.asking import agreed
from exocortex.cli.console import Role, Span
from exocortex.cli.face import DONE, NOTHING, Face
from exocortex.cli.model_adding import add_command, get_command
from exocortex.cli.model_bench import bench_command
from exocortex.cli.modelling import (
    amount,
    described,
    fit_of,
    followed,
    is_used,
    models,
    say_if_missing,
    say_other_setting,
    use,
)
from exocortex.core import sizes
from exocortex.core.errors import ModelError
from exocortex.core.wire import document

if TYPE_CHECKING:
    from exocortex.fetching.partial import Left
    from exocortex.fitting import Fit
    from exocortex.storage.gguf import ModelHeader
    from exocortex.storage.models import Entry, Removed

_NONE = """\
There is no language model. Search and quoted answers need none; with one, answers and summaries are put into words.
It is a file in GGUF format. One you have: exo model add FILE.gguf. From an address: exo model get URL"""


@click.group("model", invoke_without_command=True, params=common_options())
@json_option
@pass_face
@click.pass_context
def model_command(ctx: click.Context, face: Face, as_json: bool) -> int | None:
    """Language models, which put answers into words: GGUF files of your own, run on this machine.

    \b
    exo model
    exo model add ~/Downloads/Qwen2.5-0.5B-Instruct-Q4_K_M.gguf
    exo model get https://example.org/models/tiny.gguf
    """
    return None if ctx.invoked_subcommand is not None else _list(face, as_json)


@model_command.command("list", cls=Command)
@json_option
@pass_face
def list_command(face: Face, as_json: bool) -> int:
    """The models there are. A star: in use.

    \b
    exo model list
    exo model list --json | jq -r '.models[].name'
    """
    return _list(face, as_json)


@model_command.command("use", cls=Command)
@click.argument("name", required=False)
@click.option("--none", "none", is_flag=True, help="Use no model: answers are quotes.")
@json_option
@pass_face
def use_command(face: Face, name: str | None, none: bool, as_json: bool) -> int:
    """Use model NAME from now on.

    \b
    exo model use Qwen2.5-0.5B-Instruct-Q4_K_M
    exo model use --none
    """
    if (name is None) != none:
        raise click.UsageError("Name a model, or say --none.", click.get_current_context())
    entry = models(face).entry(name) if name is not None else None
    if entry is not None and entry.state in ("away", "gone", "damaged"):
        raise ModelError(entry.why, f"See: exo model info {entry.name}")
    use(face, entry.name if entry is not None else "")
    if as_json:
        face.console.json(document({"used": entry.name if entry is not None else None}))
    else:
        said = f"{entry.name} is used from now on." if entry is not None else "No model is used from now on."
        face.console.line(Span(said))
    say_other_setting(face)
    return DONE


@model_command.command("info", cls=Command)
@click.argument("model", metavar="NAME|FILE")
@json_option
@pass_face
def info_command(face: Face, model: str, as_json: bool) -> int:
    """What is known of a model; whether it fits.

    \b
    exo model info Qwen2.5-0.5B-Instruct-Q4_K_M
    exo model info ~/Downloads/unknown.gguf

    It fits if weights, context and some room besides are free in the memory at the moment.
    """
    from exocortex.storage.gguf import read_header

    path = Path(model)
    entry = None if path.is_file() else models(face).entry(model)
    if entry is not None and entry.state in ("away", "gone"):
        raise ModelError(entry.why, f"Plug its disk in, or: exo model remove {entry.name}")
    header = read_header(path if entry is None else entry.file)
    found = fit_of(face, header)
    if as_json:
        taken_in = _document(face, entry) if entry is not None else None
        face.console.json(document({"file": header, "fit": found, "fits": found.fits, "model": taken_in}))
    else:
        _paint_info(face, header, found, entry)
    return DONE


@model_command.command("remove", cls=Command)
@click.argument("name")
@click.option("--yes", is_flag=True, help="Don't ask.")
@json_option
@pass_face
def remove_command(face: Face, name: str, yes: bool, as_json: bool) -> int:
    """Forget model NAME. A file of your own stays where it is; a copy, or what was fetched, is deleted.

    \b
    exo model remove tiny

    What has come of a fetch that wasn't ended is deleted in the same way.
    """
    from exocortex.fetching.partial import drop, left

    registry = models(face)
    if name in [one.name for one in left(registry.folder)] and name not in [one.name for one in registry.entries()]:
        if not agreed(face, f"Delete what has come of {name}?", yes=yes):
            return NOTHING
        drop(registry.folder, name)
        return _say_removed(face, name, "", as_json)
    entry = registry.entry(name)
    if not agreed(face, f"Forget model {entry.name}? {_fate(entry)}", yes=yes):
        return NOTHING
    removed = registry.remove(entry.name)
    if is_used(face, removed.name):
        use(face, "")
        face.console.notice(Span("It was the one in use: no model is used now.", "warning"))
    return _say_removed(face, removed.name, _what_became(removed), as_json)


@model_command.command("verify", cls=Command)
@click.argument("names", nargs=-1, metavar="[NAME]...")
@json_option
@pass_face
def verify_command(face: Face, names: Sequence[str], as_json: bool) -> int:
    """Say whether models are what was added. They are read whole: all of them, or those named.

    \b
    exo model verify
    exo model verify tiny
    """
    registry = models(face)
    found = []
    for name in names or [entry.name for entry in registry.entries()]:
        verified = followed(face, registry.verify(name))
        if verified is None:
            continue
        found.append(verified)
        if not as_json:
            mark: tuple[str, Role] = ("bad", "error") if verified.fault else ("ok", "faint")
            face.console.line(Span(verified.fault or verified.name), lead=[Span(mark[0].ljust(6), mark[1])])
    sound = not any(one.fault for one in found)
    if as_json:
        face.console.json(document({"sound": sound, "models": found}))
    elif not found:
        face.console.notice(Span(_NONE))
    return DONE if sound and found else NOTHING


model_command.add_command(add_command)
model_command.add_command(get_command)
model_command.add_command(bench_command)


def _list(face: Face, as_json: bool) -> int:
    from exocortex.fetching.partial import left

    registry = models(face)
    entries, parts = registry.entries(), left(registry.folder)
    if as_json:
        face.console.json(document({"models": [_document(face, one) for one in entries], "parts": parts}))
        return DONE if entries else NOTHING
    if not entries:
        for line in _NONE.split("\n"):
            face.console.notice(Span(line))
    face.console.rows([_row(face, one) for one in entries])
    for entry in entries:
        if entry.why:
            face.console.notice(Span(entry.why, "warning"))
    for part in parts:
        face.console.notice(Span(_say_part(part), "faint"))
    say_if_missing(face, [entry.name for entry in entries])
    say_other_setting(face)
    return DONE if entries else NOTHING


def _row(face: Face, entry: Entry) -> list[Span]:
    star = Span("*" if is_used(face, entry.name) else " ", "accent")
    name = Span(entry.name, "strong", str(entry.file))
    if entry.model is None:
        return [star, name, Span(""), Span(""), Span(""), Span(entry.state, "warning")]
    one = entry.model
    about = [Span(amount(one.parameters)), Span(one.quantization), Span(sizes.spelled(one.size))]
    last = Span(one.licence or "no licence stated", "faint")
    return [star, name, *about, last if entry.state == "ready" else Span(entry.state, "warning")]


def _say_part(part: Left) -> str:
    where = f"Go on: exo model get {part.address}. " if part.address else ""
    return f"{sizes.spelled(part.length)} of {part.name} have come. {where}Delete: exo model remove {part.name}"


def _document(face: Face, entry: Entry) -> dict[str, object]:
    standing = {"name": entry.name, "state": entry.state, "why": entry.why, "path": entry.file}
    known = described(entry.model) if entry.model is not None else {}
    return {**known, **standing, "used": is_used(face, entry.name)}


def _paint_info(face: Face, header: ModelHeader, found: Fit, entry: Entry | None) -> None:
    rows = [
        ("name", header.name),
        ("architecture", f"{header.architecture}, {header.layers} layers, {header.heads} heads"),
        ("weights", f"{amount(header.parameters)} {header.quantization}"),
        ("licence", header.licence or "none stated"),
        ("trained on", f"{header.context:,} tokens at a time"),
        ("chat format", "its own" if header.has_chat_template else "none in the file"),
        ("file", f"{sizes.spelled(header.size)}{', cut short' if header.is_cut_short else ''}"),
        ("memory", _memory(found)),
    ]
    if entry is not None and entry.model is not None:
        one = entry.model
        added = one.added.astimezone().strftime("%Y-%m-%d")
        rows += [("from", one.source), ("held as", f"{one.held}, since {added}"), ("sha256", one.sha256)]
    if entry is not None and entry.state != "ready":
        rows.append(("state", entry.why))
    face.console.rows([[Span(name, "faint"), Span(text)] for name, text in rows])


def _memory(found: Fit) -> str:
    needs, free = sizes.spelled(found.needs), sizes.spelled(found.available)
    largest = f"up to {found.largest:,} would fit" if found.largest else "no context would fit"
    return f"{needs} with {found.context:,} tokens of context, of {free} free; {largest}"


def _fate(entry: Entry) -> str:
    if entry.model is None or entry.model.held in ("link", "in place"):
        return "Its file stays."
    if entry.model.held == "hard link":
        return f"The file {entry.model.source} stays, if you have it still."
    return f"Its file, {sizes.spelled(entry.model.size)}, is deleted."


def _what_became(removed: Removed) -> str:
    if removed.kept:
        return f"Its file stays: {removed.kept}"
    return f"{sizes.spelled(removed.freed)} are free again." if removed.freed else ""


def _say_removed(face: Face, name: str, what: str, as_json: bool) -> int:
    if as_json:
        face.console.json(document({"removed": name}))
        return DONE
    face.console.line(Span(f"{name} is forgotten."))
    if what:
        face.console.notice(Span(what, "faint"))
    return DONE

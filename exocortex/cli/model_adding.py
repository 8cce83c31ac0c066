"""`exo model add` and `exo model get`: a model comes in, from a file of the user's or from an address."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from exocortex.cli.arguments import Command, json_option, pass_face
from exocortex.cli.asking import agreed
from exocortex.cli.console import Span
from exocortex.cli.face import DONE, INTERRUPTED, NOTHING, Face
from exocortex.cli.modelling import amount, described, fit_of, followed, models, say_other_setting, use
from exocortex.core import sizes
from exocortex.core.wire import document

if TYPE_CHECKING:
    from exocortex.fetching.fetcher import Offer
    from exocortex.storage.models import Added

_HELD = {
    "hard link": "It is the same file under another name (a hard link), and takes no room of its own.",
    "link": "It is a link: the file must stay where it is.",
    "copy": "It is a copy.",
    "fetched": "",
    "in place": "It is taken as it lies there.",
}

name_option = click.option("--name", metavar="NAME", default="", help="What to call it; else its file's name.")


@click.command("add", cls=Command)
@click.argument("file", type=click.Path(path_type=Path))
@name_option
@click.option("--copy", "as_copy", is_flag=True, help="Copy the file instead of linking to it.")
@json_option
@pass_face
def add_command(face: Face, file: Path, name: str, as_copy: bool, as_json: bool) -> int:
    """Add a model from a GGUF FILE. The file stays where it is and isn't changed.

    \b
    exo model add ~/Downloads/Qwen2.5-0.5B-Instruct-Q4_K_M.gguf
    exo model add /media/usb/tiny.gguf --copy --name tiny
    """
    added = followed(face, models(face).add(file, name, as_copy=as_copy))
    return INTERRUPTED if added is None else say_added(face, added, as_json)


@click.command("get", cls=Command)
@click.argument("url")
@click.option("--sha256", metavar="HEX", default="", help="What the file must be; else what comes is trusted once.")
@name_option
@click.option("--yes", is_flag=True, help="Don't ask.")
@json_option
@pass_face
def get_command(face: Face, url: str, sha256: str, name: str, yes: bool, as_json: bool) -> int:
    """Fetch a model from URL. It is the one command that uses the internet, and asks first.

    \b
    exo model get https://example.org/models/tiny.gguf
    exo model get https://example.org/models/tiny.gguf --sha256 9f86d0…

    If the line breaks, or you press Ctrl-C, what has come is kept: the same command goes on from there.
    """
    from exocortex.fetching.fetcher import Fetcher

    fetcher = Fetcher(models(face), url, face.environ, name=name, sha256=sha256)
    added = fetcher.already()
    if added is None:
        offer = fetcher.offer()
        if not agreed(face, _question(offer), yes=yes):
            return NOTHING
        if yes:
            face.console.notice(Span(_question(offer).replace("Fetch", "Fetching", 1).rstrip("?") + ".", "faint"))
        try:
            added = followed(face, fetcher.fetch(offer))
        except KeyboardInterrupt:
            face.console.notice(Span("Stopped. What has come is kept: the same command goes on from there."))
            return INTERRUPTED
    return INTERRUPTED if added is None else say_added(face, added, as_json)


def _question(offer: Offer) -> str:
    size = sizes.spelled(offer.size) if offer.size is not None else "of unknown size"
    have = f" ({sizes.spelled(offer.have)} of it are here)" if offer.have else ""
    proxy = f" through the proxy {offer.proxy}" if offer.proxy else ""
    open_line = ", unencrypted" if offer.is_exposed else ""
    return f"Fetch {offer.name}, {size}{have}, from {offer.host}{proxy}{open_line}?"


def say_added(face: Face, added: Added, as_json: bool, *, chosen: bool = False) -> int:
    """What came in; it is used at once if it is the first one, or was `chosen` to be."""
    model = added.model
    takes_over = chosen or (added.is_new and not face.config().model.name)
    if takes_over:
        use(face, model.name)
    if as_json:
        used = takes_over or face.config().model.name == model.name
        face.console.json(document({"model": described(model), "new": added.is_new, "used": used}))
        return DONE
    if added.is_new:
        _paint_new(face, added)
    else:
        face.console.line(Span("Already there: "), Span(model.name, "strong"))
    if takes_over:
        face.console.notice(Span(f"{model.name} is used from now on."))
    elif added.is_new:
        face.console.notice(Span(f"To use it: exo model use {model.name}"))
    if added.is_new or takes_over:
        say_other_setting(face)
    return DONE


def _paint_new(face: Face, added: Added) -> None:
    model = added.model
    licence = model.licence or "no licence stated"
    about = [amount(model.parameters), model.quantization, sizes.spelled(model.size), licence]
    face.console.line(Span("Added "), Span(model.name, "strong"), Span(f"  {', '.join(about)}"))
    if _HELD[model.held]:
        face.console.notice(Span(_HELD[model.held], "faint"))
    _warn(face, added)


def _warn(face: Face, added: Added) -> None:
    """What may keep the model from answering well, or at all."""
    from exocortex.fitting import way_out
    from exocortex.storage.gguf import read_header

    header = read_header(models(face).file(added.model.name))
    found = fit_of(face, header)
    if not found.fits:
        needs, free = sizes.spelled(found.needs), sizes.spelled(found.available)
        face.console.notice(Span(f"It needs {needs} of memory, and {free} are free. {way_out(found)}", "warning"))
    if not header.has_chat_template:
        face.console.notice(Span("It has no chat format: it may not have been made to answer.", "warning"))
    if not added.model.licence:
        face.console.notice(Span("Its file states no licence: look where it comes from.", "warning"))
    if find_spec("llama_cpp") is None:
        face.console.notice(Span('What runs it is missing: pip install "exocortex[llama]"', "warning"))

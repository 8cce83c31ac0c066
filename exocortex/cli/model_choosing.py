"""Choosing a language model, or none, in `exo setup`: those added, those found in the usual places, or a path."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from exocortex.cli.console import Span
from exocortex.cli.face import Face
from exocortex.cli.model_adding import say_added
from exocortex.cli.modelling import amount, fit_of, followed, is_used, models, use
from exocortex.cli.stepping import INDENT, asked, number_of, path_of, say, say_by_hand, spelled, user_folder
from exocortex.core import sizes
from exocortex.core.errors import ExocortexError
from exocortex.likely import MODEL_FOLDERS, find_models

if TYPE_CHECKING:
    from exocortex.storage.gguf import ModelHeader

_WHAT = "A model puts answers into words, each sentence checked against your notes."
_WITHOUT = "Everything works without one: answers are then quoted from your notes."
_MOST = 9
"""Models offered."""


@dataclass(frozen=True, slots=True)
class _Offer:
    """A model that may be chosen: one that was added, by its name, or a file."""

    label: str
    header: ModelHeader
    added: str = ""
    file: Path | None = None


def choose_model(face: Face) -> None:
    """Take one, or none, or leave it as it is."""
    say(face, Span(_WHAT))
    say(face, Span(_WITHOUT))
    now = _in_use(face)
    if now:
        say(face, Span(f"Set: {now}."))
    offered = _offers(face)
    _paint(face, offered[:_MOST], now)
    if len(offered) > _MOST:
        say(face, Span(f"{len(offered) - _MOST} more were found; name one by its path.", "faint"))
    if not offered:
        looked = ", ".join(f"~/{one}" for one in MODEL_FOLDERS)
        say(face, Span(f"No model file (.gguf) is in {looked}.", "faint"))
    while True:
        line = asked(face, f"Number, or path of a .gguf file [Enter: {'as it is' if now else 'none'}]:")
        if not line:
            say_by_hand(face, f"{now} stays." if now else "No model: answers are quotes.", "exo model add FILE.gguf")
            return
        if _took(face, line, offered[:_MOST]):
            return


def _in_use(face: Face) -> str:
    model = face.config().model
    return f"the model on {model.url}" if model.url else model.name


def _offers(face: Face) -> list[_Offer]:
    """Models that were added, then files that are none of these."""
    from exocortex.storage.gguf import read_header

    added = [entry for entry in models(face).entries() if entry.state == "ready"]
    offers = []
    for entry in added:
        with suppress(ExocortexError):
            offers.append(_Offer(entry.name, read_header(entry.file), added=entry.name))
    for found in find_models(user_folder(face)):
        if not any(_is_same(found.file, entry.file) for entry in added):
            offers.append(_Offer(spelled(face, found.file), found.header, file=found.file))
    return offers


def _is_same(one: Path, other: Path) -> bool:
    try:
        return os.path.samefile(one, other)
    except OSError:
        return False


def _paint(face: Face, offered: Sequence[_Offer], now: str) -> None:
    """`none` first, then each with what it is and whether it fits."""
    face.console.rows(
        [
            [Span("0", "accent"), Span("none"), Span("" if now else "as it is now", "faint")],
            *(
                [Span(str(number), "accent"), Span(one.label), Span(_told(face, one), "faint")]
                for number, one in enumerate(offered, start=1)
            ),
        ],
        indent=INDENT,
    )


def _told(face: Face, offer: _Offer) -> str:
    header, fit = offer.header, fit_of(face, offer.header)
    about = [amount(header.parameters), header.quantization, sizes.spelled(header.size)]
    if not fit.fits:
        about.append(f"needs {sizes.spelled(fit.needs)} of memory, {sizes.spelled(fit.available)} are free")
    if offer.added:
        about.append("in use" if is_used(face, offer.added) else "added")
    return ", ".join(one for one in about if one)


def _took(face: Face, line: str, offered: Sequence[_Offer]) -> bool:
    """Whether what was typed was done; if not, why is told."""
    number = number_of(line, len(offered))
    try:
        if line == "0":
            _use(face, "")
            say_by_hand(face, "No model: answers are quotes.", "exo model use --none")
        elif number is not None and offered[number].added:
            name = offered[number].added
            _use(face, name)
            say_by_hand(face, f"{name} is used from now on.", f"exo model use {name}")
        else:
            _add(face, path_of(line) if number is None else offered[number].file or path_of(line))
    except ExocortexError as error:
        face.console.error(error.kind, error.message, error.hint)
        return False
    return True


def _add(face: Face, file: Path) -> None:
    added = followed(face, models(face).add(file))
    if added is None:
        raise KeyboardInterrupt
    say_added(face, added, as_json=False, chosen=True)
    face.reread()
    say_by_hand(face, "", f"exo model add {spelled(face, file)}")


def _use(face: Face, name: str) -> None:
    use(face, name)
    face.reread()

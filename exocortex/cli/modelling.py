"""What the commands around models share: the registry, which one is used, and the progress of work on large files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, TypeVar

from exocortex.cli.console import Span
from exocortex.cli.face import Face
from exocortex.cli.progress import reporter
from exocortex.core.events import Notice, Progress
from exocortex.core.wire import plain

if TYPE_CHECKING:
    from exocortex.fitting import Fit
    from exocortex.storage.gguf import ModelHeader
    from exocortex.storage.manifests import Model
    from exocortex.storage.models import Models

_Result = TypeVar("_Result")
_SETTING = "model.name"


def models(face: Face) -> Models:
    """The registry of the home."""
    from exocortex.storage.models import Models

    return Models(face.config().home)


def is_used(face: Face, name: str) -> bool:
    """Whether answers are worded by this model."""
    return face.config().model.name.casefold() == name.casefold()


def use(face: Face, name: str) -> None:
    """Write into config.toml that this model is used; an empty name is none."""
    from exocortex.config import set_text

    set_text(face.config(), _SETTING, name)


def say_other_setting(face: Face) -> None:
    """Warn if something other than config.toml says which model is used."""
    config = face.config()
    origin = dict(config.origins).get(_SETTING, "")
    if origin.startswith("environment"):
        face.console.notice(Span(f"For now {origin} comes before it: {config.model.name}.", "warning"))


def say_if_missing(face: Face, names: list[str]) -> None:
    """Warn if the model that is to be used isn't among those there are."""
    wanted = face.config().model.name
    if wanted and not any(is_used(face, name) for name in names):
        face.console.notice(
            Span(f"{wanted} is to be used, and there is no such model. None: exo model use --none", "warning")
        )


def described(model: Model) -> dict[str, object]:
    """A model flat, as scripts like it."""
    shape: dict[str, object] = plain(model)
    del shape["identity"]
    return {**shape, "size": model.size}


def fit_of(face: Face, header: ModelHeader) -> Fit:
    """Whether a model fits into the memory that is free now, with the context that is set."""
    from exocortex.fitting import available_memory, fit

    return fit(header, face.config().model.context, available_memory())


def followed(face: Face, events: Iterator[Progress | Notice | _Result]) -> _Result | None:
    """Show progress and notices until the work is over; returns its result, None if it was stopped."""
    result: _Result | None = None
    with ExitStack() as shown:
        bars = shown.enter_context(reporter(face.console))
        for event in events:
            if isinstance(event, Progress):
                bars.show(event)
            elif isinstance(event, Notice):
                shown.close()
                face.console.notice(Span(event.text, "warning"))
                bars = shown.enter_context(reporter(face.console))
            else:
                result = event
    return result


def amount(parameters: int) -> str:
    """`0.5 M`, `494 M`, `7.6 B`: how many weights a model has."""
    number, unit = (parameters / 1e9, "B") if parameters >= 1e9 else (parameters / 1e6, "M")
    return f"{number:,.1f} {unit}" if number < 100 else f"{number:,.0f} {unit}"

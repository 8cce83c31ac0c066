"""Models: the registry of language models in `home/models`, each a GGUF file of the user's own and a manifest.

A file is taken in as a link if it can be, and known by its sha256; one that changed is read again before it is used.
Knows nothing of what runs a model, nor of which one is in use.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Event as StopEvent

from exocortex.config.home import ensure_home
from exocortex.core.errors import ModelError, UsageError
from exocortex.core.events import Progress
from exocortex.storage import gguf, manifests
from exocortex.storage.digesting import Digest, copy, digest, identity_of
from exocortex.storage.manifests import Held, Model
from exocortex.storage.placing import MENDS, State, another, link_in, move_in, require_room, standing, take_out
from exocortex.storage.records import locked, make_folder, sync_folder

FOLDER = "models"
_LOCK = ".lock"
_PATIENCE = 10.0


@dataclass(frozen=True, slots=True)
class Entry:
    """A model as it stands now; `model` is None where its manifest is damaged."""

    name: str
    file: Path
    model: Model | None
    state: State
    why: str
    """A sentence, unless it is ready."""


@dataclass(frozen=True, slots=True)
class Added:
    """What became of a request to add a model."""

    model: Model
    is_new: bool
    """False if its bytes were there already, under this name or another."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A model whose file is what it was when it was added."""

    model: Model
    file: Path


@dataclass(frozen=True, slots=True)
class Verified:
    """What reading a model's file whole has shown."""

    name: str
    fault: str
    """A sentence if it isn't what was added."""


@dataclass(frozen=True, slots=True)
class Removed:
    """A model that is known no more."""

    name: str
    kept: str
    """Where its file still is; empty if it is gone."""
    freed: int
    """Bytes."""


class Models:
    """The models of one home. Nothing is made on disk before the first is added."""

    def __init__(self, home: Path, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._home = home
        self._now = now
        self.folder = home / FOLDER

    def entries(self) -> list[Entry]:
        """Every model by name, as it stands; no file is read but the manifests."""
        return [self.entry(name) for name in self._names()]

    def entry(self, name: str) -> Entry:
        """A model as it stands; raises UsageError if there is none of this name."""
        name = self._known(name)
        file = self.file(name)
        try:
            model = manifests.read_manifest(self._manifest(name))
        except ModelError as error:
            return Entry(name, file, None, "damaged", error.message)
        state, why = standing(model, file)
        return Entry(name, file, model, state, why)

    def file(self, name: str) -> Path:
        """Where a model's file lies in the home, or would."""
        return self.folder / f"{name}{gguf.SUFFIX}"

    def add(
        self, source: Path, name: str = "", *, as_copy: bool = False, stop: StopEvent | None = None
    ) -> Iterator[Progress | Added]:
        """Take in a file of the user's, under a name made of its own or `name`; Added comes last.

        Raises ModelError if it isn't a whole language model or can't be read or placed, UsageError if another model
        has that name.
        """
        header = gguf.read_usable(source)
        name = self.free_name(name or source.name.removesuffix(gguf.SUFFIX), header.size, chosen=bool(name))
        found = None
        with self._explaining(f"{source} can't be read"):
            for event in digest(source, stop):
                found = event if isinstance(event, Digest) else None
                if isinstance(event, Progress):
                    yield event
        if found is None:
            return
        same = self._with_digest(found.sha256, source)
        if same is not None:
            yield Added(same, is_new=False)
            return
        self._require_free(name)
        real = Path(os.path.realpath(source))
        if as_copy:
            yield from self._copied(real, name, header, found, stop)
        else:
            yield self._register(name, header, found, str(real), lambda: link_in(real, self.file(name)))

    def adopt(self, fetched: Path, name: str, sha256: str, address: str) -> Added:
        """Take in a file that was fetched into `folder`, which takes the model's name; its digest is known.

        Raises ModelError if it isn't a whole language model, UsageError if another model has that name.
        """
        header = gguf.read_usable(fetched)
        same = self._with_digest(sha256, fetched)
        if same is not None:
            with self._explaining(f"{fetched} can't be removed"):
                fetched.unlink()
            return Added(same, is_new=False)
        found = Digest(sha256, identity_of(os.stat(fetched)))
        return self._register(name, header, found, address, lambda: move_in(fetched, self.file(name), "fetched"))

    def ready(self, name: str, stop: StopEvent | None = None) -> Iterator[Progress | Ready]:
        """See to it that a model's file is what was added, reading it whole only if it looks otherwise; Ready is last.

        Raises UsageError if there is none of this name, ModelError if its file isn't there or isn't what it was.
        """
        entry = self.entry(name)
        if entry.model is not None and entry.state == "ready":
            yield Ready(entry.model, entry.file)
        elif entry.model is None or entry.state in ("away", "gone") or _is_another(entry.model, entry.file):
            raise ModelError(entry.why, MENDS[entry.state].format(name=entry.name))
        else:
            yield from self._read_again(entry.model, stop)

    def verify(self, name: str, stop: StopEvent | None = None) -> Iterator[Progress | Verified]:
        """Read a model's file whole; Verified comes last. Raises UsageError if there is none of this name."""
        entry = self.entry(name)
        if entry.model is None or entry.state in ("away", "gone"):
            yield Verified(entry.name, entry.why)
            return
        try:
            for event in self._read_again(entry.model, stop):
                yield Verified(entry.name, "") if isinstance(event, Ready) else event
        except ModelError as error:
            yield Verified(entry.name, error.message)

    def remove(self, name: str) -> Removed:
        """Know a model no more. A file that isn't the one that was taken in, or that the user had put there, stays."""
        entry = self.entry(name)
        with self._explaining(f"Model {entry.name} can't be removed"), locked(self.folder / _LOCK, _PATIENCE):
            kept, freed = take_out(entry.model, entry.file)
            self._manifest(entry.name).unlink()
            sync_folder(self.folder)
        return Removed(entry.name, kept, freed)

    def free_name(self, wanted: str, size: int = -1, *, chosen: bool = False) -> str:
        """A name for a model, as chosen or made of any text; raises UsageError if another has it.

        One of the same size in bytes may turn out to be the same model, which isn't refused yet.
        """
        if chosen and not manifests.is_name(wanted):
            raise UsageError(
                f"A model can't be called {wanted!r}.", "A name has letters, digits, dots, dashes and underscores."
            )
        name = wanted if chosen else manifests.name_from(wanted)
        taken = next((one for one in self._names() if one.casefold() == name.casefold()), None)
        if taken is not None:
            there = self.entry(taken).model
            if there is None or there.size != size:
                raise _taken(taken)
        return name

    def make_folder(self) -> None:
        """See to it that the folder is there, closed to others; raises ConfigError or ModelError."""
        ensure_home(self._home)
        with self._explaining(f"{self.folder} can't be made"):
            make_folder(self.folder)
            os.chmod(self.folder, 0o700)

    def _names(self) -> list[str]:
        try:
            found = [name.removesuffix(manifests.SUFFIX) for name in os.listdir(self.folder)]
        except OSError:
            return []
        return sorted((one for one in found if self._is_manifest(one)), key=str.casefold)

    def _is_manifest(self, name: str) -> bool:
        return manifests.is_name(name) and self._manifest(name).is_file()

    def _known(self, name: str) -> str:
        wanted = name.removesuffix(gguf.SUFFIX).casefold()
        names = self._names()
        for one in names:
            if one.casefold() == wanted:
                return one
        known = f"There are: {', '.join(names)}" if names else "There is none yet; exo model add FILE.gguf adds one."
        raise UsageError(f"There is no model called {name!r}.", known)

    def _manifest(self, name: str) -> Path:
        return self.folder / f"{name}{manifests.SUFFIX}"

    def _with_digest(self, sha256: str, source: Path) -> Model | None:
        """The model that has these bytes for certain: its file is as it was, or is the very one they were read from."""
        for entry in self.entries():
            is_it = entry.state == "ready" or (entry.state == "changed" and entry.file.samefile(source))
            if is_it and entry.model is not None and entry.model.sha256 == sha256:
                return entry.model
        return None

    def _require_free(self, name: str) -> None:
        for one in self._names():
            if one.casefold() == name.casefold():
                raise _taken(one)

    def _copied(
        self, source: Path, name: str, header: gguf.ModelHeader, found: Digest, stop: StopEvent | None
    ) -> Iterator[Progress | Added]:
        self.make_folder()
        require_room(self.folder, header.size)
        partial = self.folder / f".exo-{secrets.token_hex(8)}.tmp"
        copied = None
        with self._explaining(f"{source} can't be copied into {self.folder}"):
            for event in copy(source, partial, stop):
                copied = event if isinstance(event, Digest) else None
                if isinstance(event, Progress):
                    yield event
        if copied is None:
            return
        try:
            if copied.sha256 != found.sha256:
                raise ModelError(f"{source} changed while it was being copied.", "Try again when it is complete.")
            held = replace(found, identity=identity_of(os.stat(partial)))
            yield self._register(name, header, held, str(source), lambda: move_in(partial, self.file(name), "copy"))
        finally:
            partial.unlink(missing_ok=True)

    def _register(
        self, name: str, header: gguf.ModelHeader, found: Digest, source: str, place: Callable[[], Held]
    ) -> Added:
        """Place the file, then say so in a manifest: a file without one is nobody's, and can be added."""
        self.make_folder()
        with (
            self._explaining(f"Model {name} can't be put into {self.folder}"),
            locked(self.folder / _LOCK, _PATIENCE),
        ):
            self._require_free(name)
            held = place()
            model = Model(
                name=name,
                sha256=found.sha256,
                identity=found.identity,
                held=held,
                source=source,
                architecture=header.architecture,
                licence=header.licence,
                parameters=header.parameters,
                quantization=header.quantization,
                added=self._now(),
            )
            manifests.write_manifest(self._manifest(name), model)
        return Added(model, is_new=True)

    def _read_again(self, model: Model, stop: StopEvent | None) -> Iterator[Progress | Ready]:
        file = self.file(model.name)
        with self._explaining(f"The file of model {model.name} can't be read"):
            for event in digest(file, stop):
                if isinstance(event, Progress):
                    yield event
                elif event.sha256 != model.sha256:
                    with suppress(OSError):
                        manifests.write_manifest(self._manifest(model.name), replace(model, refused=event.identity))
                    raise ModelError(another(model), MENDS["changed"].format(name=model.name))
                else:
                    seen = replace(model, identity=event.identity, refused=None)
                    if seen != model:
                        manifests.write_manifest(self._manifest(model.name), seen)
                    yield Ready(seen, file)

    @contextmanager
    def _explaining(self, what: str) -> Iterator[None]:
        try:
            yield
        except TimeoutError as error:
            raise ModelError(f"{what}: another command is at work there.", "Try again when it is done.") from error
        except OSError as error:
            hint = f"See that {self.folder} can be written to and its disk has room."
            raise ModelError(f"{what}: {error.strerror or error}.", hint) from error


def _is_another(model: Model, file: Path) -> bool:
    """Whether a file is known not to be the model's without reading it."""
    now = identity_of(file.stat())
    return now.size != model.size or now == model.refused


def _taken(name: str) -> UsageError:
    return UsageError(
        f"There is another model called {name}.", f"Choose another --name, or first: exo model remove {name}"
    )

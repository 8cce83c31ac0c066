"""Fetcher: what a server offers under an address, and the way of it into the registry of models.

What has come stays when the line breaks, and is gone on from. A file is whole only when its length, its digest and its
header say so. Knows nothing of who is asked, nor of who is shown the progress.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from threading import Event as StopEvent
from urllib.parse import unquote, urlsplit, urlunsplit

from exocortex.core.errors import FetchError, ModelError, UsageError
from exocortex.core.events import Notice, Progress
from exocortex.fetching.line import LOOPBACK, Body, BrokenError, Line, host_of
from exocortex.fetching.partial import Partial, length_of
from exocortex.storage import gguf
from exocortex.storage.digesting import Digest, digest
from exocortex.storage.models import Added, Models
from exocortex.storage.placing import require_room

PAUSES = (1.0, 2.0, 4.0, 8.0, 16.0)
"""Seconds before each new try while nothing comes; after the last it is given up."""
_MOST_TRIES = 100
_SAID_EVERY = 0.1
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")


@dataclass(frozen=True, slots=True)
class Offer:
    """What a server has under an address, before any of it is fetched."""

    host: str
    """Where the bytes would come from, redirects followed."""
    name: str
    """What the model would be called."""
    size: int | None
    """Bytes; None if the server doesn't say."""
    have: int
    """Bytes that an earlier try has left here."""
    proxy: str
    """Where a proxy stands between; empty for none."""
    is_exposed: bool
    """Whether somebody on the way could change what comes."""


class Fetcher:
    """Fetches one model into the registry."""

    def __init__(
        self,
        models: Models,
        address: str,
        environ: Mapping[str, str],
        *,
        name: str = "",
        sha256: str = "",
        pauses: Sequence[float] = PAUSES,
    ) -> None:
        """Raises UsageError if the address or the sha256 can't be one; nothing is sent yet."""
        if sha256 and not _SHA256.fullmatch(sha256):
            raise UsageError("A sha256 is 64 hexadecimal digits.", "It often stands where you found the file.")
        self._models = models
        self._line = Line(address, environ)
        self._source = _public(address)
        self._name = name
        self._sha256 = sha256.lower()
        self._pauses = pauses

    def already(self) -> Added | None:
        """The model, if it was fetched from there before or has the sha256 that was given; nothing is sent."""
        for entry in self._models.entries():
            model = entry.model
            if model is None or entry.state != "ready":
                continue
            if model.sha256 == self._sha256 if self._sha256 else model.source == self._source:
                return Added(model, is_new=False)
        return None

    def offer(self) -> Offer:
        """Ask the server what it has; raises FetchError, or UsageError if another model has the name."""
        stem = unquote(urlsplit(self._source).path).rpartition("/")[2].removesuffix(gguf.SUFFIX)
        name = self._models.free_name(self._name or stem, chosen=bool(self._name))
        with self._line.ask() as body:
            if body.is_page:
                raise _no_model(self._source, "a web page")
            end = urlsplit(body.address)
            proxy = self._line.proxies.get(end.scheme, "")
            have = length_of(self._models.folder, name, self._source)
            is_exposed = end.scheme != "https" and end.hostname not in LOOPBACK
            return Offer(end.netloc, name, body.total, have, host_of(proxy), is_exposed)

    def fetch(self, offer: Offer, stop: StopEvent | None = None) -> Iterator[Progress | Notice | Added]:
        """Fetch what was offered; Added comes last, and not at all if `stop` was set.

        What has come is kept, except where it can't become what was asked for. Raises FetchError, and ModelError if
        it isn't a whole language model or there is no room for it.
        """
        self._models.make_folder()
        require_room(self._models.folder, (offer.size or 0) - offer.have)
        stop = stop or StopEvent()
        with Partial(self._models.folder, offer.name, self._source) as partial:
            yield from self._all(partial, stop)
            if not stop.is_set():
                yield from self._take_in(partial, offer.name, stop)

    def _all(self, partial: Partial, stop: StopEvent) -> Iterator[Progress | Notice]:
        """Everything from where it broke off, asking again after each break until nothing more comes."""
        before = most = partial.length
        fruitless = 0
        clock = time.monotonic()
        for _ in range(_MOST_TRIES):
            had = partial.length
            try:
                with self._line.ask(had, partial.tag) as body:
                    if had and not body.start:
                        yield Notice(
                            "The server can't go on from there, or has another file now: it comes from the start."
                        )
                        before = 0
                    for _ in self._written(body, partial, stop):
                        yield Progress("fetch", partial.length, body.total or 0, time.monotonic() - clock, before)
                return
            except BrokenError as error:
                fruitless = 0 if partial.length > most else fruitless + 1
                most = max(most, partial.length)
                if fruitless >= len(self._pauses):
                    raise FetchError(f"{error.message} Tried {fruitless} times.", _go_on(partial)) from error
                pause = self._pauses[fruitless]
                yield Notice(f"{error.message} Trying again in {pause:g} s.")
                if stop.wait(pause):
                    return
        raise FetchError(f"The line broke {_MOST_TRIES} times.", _go_on(partial))

    def _written(self, body: Body, partial: Partial, stop: StopEvent) -> Iterator[None]:
        """Append what comes, giving way now and then; raises FetchError as soon as it can't be a model."""
        if not body.start:
            partial.begin(body.tag)
        said, checked = 0.0, False
        for data in body.chunks():
            partial.append(data)
            if not checked and partial.length >= len(gguf.MAGIC):
                checked = True
                if partial.head(len(gguf.MAGIC)) != gguf.MAGIC:
                    partial.discard()
                    raise _no_model(self._source, "a web page" if body.is_page else "another kind of file")
            if stop.is_set():
                return
            if time.monotonic() - said >= _SAID_EVERY:
                said = time.monotonic()
                yield
        yield

    def _take_in(self, partial: Partial, name: str, stop: StopEvent) -> Iterator[Progress | Added]:
        """Check what came and register it; what can't be the file that was asked for is removed."""
        partial.sync()
        header = self._header(partial)
        if header.is_cut_short:
            raise FetchError(
                f"The server ended after {header.size:,} bytes, and the model needs {header.needs:,}.",
                f"{_go_on(partial)} If it ends there again, the file on the server is cut short.",
            )
        for event in digest(partial.file, stop):
            if isinstance(event, Digest):
                yield self._registered(partial, name, event.sha256)
            else:
                yield event

    def _header(self, partial: Partial) -> gguf.ModelHeader:
        try:
            return gguf.read_header(partial.file)
        except ModelError:
            partial.discard()
            raise

    def _registered(self, partial: Partial, name: str, sha256: str) -> Added:
        if self._sha256 and sha256 != self._sha256:
            partial.discard()
            raise FetchError(
                f"What came is not what was asked for: its sha256 is {sha256}.",
                "It was removed. Compare the sha256 you gave with the one where you found the file.",
            )
        try:
            added = self._models.adopt(partial.file, name, sha256, self._source)
        except ModelError:
            partial.discard()
            raise
        partial.forget()
        return added


def _public(address: str) -> str:
    """The address without what may be secret in it, for keeping."""
    parts = urlsplit(address)
    return urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))


def _no_model(address: str, what: str) -> FetchError:
    hint = "Open it in a browser, and copy the link of the file itself."
    if "/blob/" in address:
        hint = f"The file itself is likely at: {address.replace('/blob/', '/resolve/', 1)}"
    return FetchError(f"{host_of(address)} has {what} there, not a model in GGUF format.", hint)


def _go_on(partial: Partial) -> str:
    return "What has come is kept: the same command goes on from there." if partial.length else "Try again later."

"""Embedders: the configured one, and the one whose vectors serve until the configured one's are complete."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from exocortex.core.errors import EngineError, ExocortexError
from exocortex.storage.ledger import Ledger

if TYPE_CHECKING:
    from exocortex.core.ports import Embedder


class Embedders:
    """Made when the index is opened; asked from several threads."""

    def __init__(self, name: str, ledger: Ledger, make: Callable[[str], Embedder]) -> None:
        self.target = make(name)
        """The configured one."""
        self.other: Embedder | None = None
        """The one that served so far, if that is another and can still be had."""
        serving, former = ledger.get("serving"), ledger.get("serving_name")
        if serving is None:
            ledger.put("serving", self.target.fingerprint)
            ledger.put("serving_name", self.target.name)
        elif serving != self.target.fingerprint and former is not None:
            self.other = _former(former, serving, make)

    def serving(self, ledger: Ledger) -> Embedder:
        """The embedder that answers now; raises EngineError if its model is gone and the next isn't ready."""
        serving = ledger.get("serving")
        for embedder in (self.target, self.other):
            if embedder is not None and embedder.fingerprint == serving:
                return embedder
        raise EngineError("The vectors at hand belong to another embedder.", "Run `exo index` to make new ones.")


def _former(name: str, fingerprint: str, make: Callable[[str], Embedder]) -> Embedder | None:
    """The embedder of this name, if it can still be had as it was."""
    try:
        embedder = make(name)
    except ExocortexError:
        return None
    return embedder if embedder.fingerprint == fingerprint else None

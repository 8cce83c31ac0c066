"""What can go wrong, as one small tree.

ExocortexError            shown to the user as it is: what happened, then what to do about it
├── UsageError            the words typed make no sense: a bad filter, a bad date, a note not found
├── ConfigError           config.toml or EXO_HOME is not usable
├── VaultError            a folder of notes is missing, unreadable, or not a folder
├── IndexStoreError       the index cannot be opened, or another process holds it
├── EngineError           an embedder or a vector index is missing, damaged, or failed
│   └── ModelError        a language model's file is missing, damaged, changed, or too large for the memory
├── FetchError            a model can't be fetched: the address, the server, the line, or what came
└── OwnerError            the background process can't be started or talked to
"""

from __future__ import annotations

_ENDS = (".", "!", "?", "…")


class ExocortexError(Exception):
    """A failure with a message a person can act on."""

    kind = "error"

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        """One sentence: what to do next."""

    @property
    def told(self) -> str:
        """Both in one line: the message, closed with a full stop where it has no end of its own, then the hint."""
        if not (self.message and self.hint):
            return self.message or self.hint
        closed = self.message if self.message.endswith(_ENDS) else f"{self.message}."
        return f"{closed} {self.hint}"


class UsageError(ExocortexError):
    """The request itself is wrong; nothing was done."""

    kind = "usage"


class ConfigError(ExocortexError):
    """A setting is unknown, has a bad value, or its place is unsafe."""

    kind = "config"


class VaultError(ExocortexError):
    """A folder of notes cannot be used as one."""

    kind = "vault"


class IndexStoreError(ExocortexError):
    """The index cannot be read or written."""

    kind = "index"


class IndexHeldError(IndexStoreError):
    """Another process holds the index; the message names it."""

    kind = "held"


class EngineError(ExocortexError):
    """A model or a vector store is missing or does not match its checksums."""

    kind = "engine"


class ModelError(EngineError):
    """A language model's file is missing, damaged, no longer what it was, or too large."""

    kind = "model"


class FetchError(ExocortexError):
    """What was to be fetched did not come, or is not what it should be."""

    kind = "fetch"


class OwnerError(ExocortexError):
    """The process that holds the index can't be reached, or is of another version."""

    kind = "owner"


def error_of(kind: str, message: str, hint: str) -> ExocortexError:
    """The error that another process reported, as the class it was there."""
    kinds: list[type[ExocortexError]] = [ExocortexError]
    for one in kinds:
        if one.kind == kind:
            return one(message, hint)
        kinds += one.__subclasses__()
    return ExocortexError(message, hint)

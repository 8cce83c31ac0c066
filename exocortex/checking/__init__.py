"""Checking: looks through everything Exocortex stands on, changes nothing, and names what mends what it finds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

from exocortex.checking.contents import check_contents
from exocortex.checking.databases import check_databases
from exocortex.checking.findings import Finding, Live, Severity
from exocortex.checking.models import check_models
from exocortex.checking.stores import check_store
from exocortex.checking.surroundings import check_surroundings
from exocortex.config import Config

__all__ = ["Finding", "Live", "Severity", "check"]


def check(
    config: Config, live: Live | None = None, trouble: Finding | None = None, *, deep: bool = False
) -> Iterator[Finding]:
    """Everything worth a look, each with how it is; `deep` also reads every note again and compares.

    Opens databases for reading alone, starts nothing, and leaves Chroma to `live` or, without one, to a process of its
    own; `trouble` is what was found of whoever holds the index. What comes out is complete whatever is damaged.
    """
    yield from check_surroundings(config, trouble)
    if not config.home.is_dir():
        return
    yield from check_models(config)
    yield from check_store(config)
    index = yield from check_databases(config, deep=deep)
    if index is not None:
        with closing(index):
            yield from check_contents(config, index, live, deep=deep)

"""Stores: whether the Chroma server that the settings name may be used, and answers."""

from __future__ import annotations

from collections.abc import Iterator

from exocortex.checking.findings import Finding
from exocortex.config import Config
from exocortex.core.errors import ConfigError, EngineError
from exocortex.engines.chroma_server import require_server, server_of


def check_store(config: Config) -> Iterator[Finding]:
    """Nothing if no server is named. One that is away costs searches their speed, one that isn't allowed everything."""
    if not config.store.url:
        return
    try:
        require_server(server_of(config))
    except ConfigError as error:
        yield Finding("store", "error", error.told)
    except EngineError as error:
        yield Finding("store", "warning", error.told)
    else:
        yield Finding("store", "ok", f"The Chroma server {config.store.url} answers.")

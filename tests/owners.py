"""An owner of an index, running in this process, and clients of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

from exocortex.bootstrap import open_owned
from exocortex.client import Client
from exocortex.config import Config, EmbedderSettings, Folder, OwnerSettings, ensure_home
from exocortex.owner import Owner
from exocortex.starting import find_owner


class RunningOwner:
    """An owner on a thread; `client` may be called as often as one likes."""

    def __init__(
        self, home: Path, vault: Path, runtime: Path, idle_minutes: float = 15.0, embedder: str = "hash"
    ) -> None:
        runtime.mkdir(mode=0o700, exist_ok=True)
        self.config = Config(
            home.resolve(),
            (Folder("notes", vault.resolve()),),
            embedder=EmbedderSettings(name=embedder),
            owner=OwnerSettings(idle_minutes=idle_minutes),
        )
        ensure_home(self.config.home)
        self.environ = {"XDG_RUNTIME_DIR": str(runtime)}
        self.owner = Owner(self.config, self.environ, open_owned)
        ready = threading.Event()
        self._thread = threading.Thread(target=self.owner.serve, args=(ready.set,))
        self._thread.start()
        assert ready.wait(10)
        self._clients: list[Client] = []

    def client(self, config: Config | None = None) -> Client:
        """A new conversation, closed when this is."""
        client = find_owner(config or self.config, impose=True)
        assert client is not None
        self._clients.append(client)
        return client

    def has_ended(self, seconds: float) -> bool:
        """Whether it ends within so long."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def close(self) -> None:
        """End it, whatever it is doing."""
        for client in self._clients:
            client.close()
        self.owner.end()
        assert self.has_ended(10)


def eventually(holds: Callable[[], object], seconds: float = 5.0) -> bool:
    """Whether it comes to hold within so long."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.02)
    return bool(holds())

"""A Chroma server as a vector index: ids and vectors in one collection of this home's own, never text.

Nothing but the settings given here decides where it connects to: environment, `.env` and proxies are out of reach.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from exocortex.core.errors import EngineError
from exocortex.engines.address import Address, require_consent
from exocortex.engines.chroma import GRAPH, ChromaCollection, isolated

if TYPE_CHECKING:
    import httpx

    from exocortex.config import Config

BATCH = 250
"""Records a request."""

QUERY_SECONDS = 2.0
WRITE_SECONDS = 5.0
"""Storing a batch takes a tenth of a second; a server that is stuck must not hold up whoever waits for the index."""

_HINT = "Search works without it, if slower; see to store.url and to the server."
_GRAPH: Any = {"hnsw": {"space": "cosine", **GRAPH}}


class CollectionLostError(EngineError):
    """The server is there, but no longer holds what was stored on it."""


@dataclass(frozen=True, slots=True)
class ChromaServer:
    """Where the server is. Calling it opens the collection that a folder in `home` stands for.

    Raises ConfigError if the URL is none.
    """

    home: Path
    url: str
    token: str = field(default="", repr=False)
    tenant: str = "default_tenant"
    database: str = "default_database"

    remote = True
    """Says to whoever opens it that its folder holds nothing that could be damaged."""

    def __post_init__(self) -> None:
        Address(self.url, "store.url")

    @property
    def address(self) -> Address:
        """Where it is."""
        return Address(self.url, "store.url")

    def __call__(self, folder: Path) -> ChromaServerIndex:
        """Open the collection; made anew if `folder` is empty. Raises EngineError if the server can't be used."""
        return ChromaServerIndex(self, folder)


def server_of(config: Config) -> ChromaServer:
    """The server that `store.url` names; raises ConfigError if it is another machine and nothing may leave this one."""
    store = config.store
    server = ChromaServer(config.home, store.url, store.token, store.tenant, store.database)
    require_consent(server.address, "The vectors", allowed=config.privacy.notes_leave_this_machine)
    return server


def require_server(server: ChromaServer) -> None:
    """Raise EngineError unless a Chroma server answers there and lets us in; changes nothing on it."""
    with _session(server) as session, _reported(server.url):
        _require_server(server, session)


def collection_name(home: Path) -> str:
    """What this home's collection is called; a copy of the home, or one on another machine, has another."""
    file = home / "store.id"
    with (
        suppress(FileExistsError),
        open(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8") as new,
    ):
        new.write(token_hex(16))
    machine = Path("/etc/machine-id")
    parts = (file.read_text("utf-8"), machine.read_text("utf-8") if machine.exists() else "", str(home.resolve()))
    return "exocortex-" + blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()


class ChromaServerIndex(ChromaCollection):
    """One collection on a server, cosine space. `folder` remembers which collection it is."""

    _batch = BATCH

    def __init__(self, server: ChromaServer, folder: Path) -> None:
        self._server = server
        self._name = collection_name(server.home)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._session = _session(server)
        try:
            self._open(folder)
        except BaseException:
            self._session.close()
            raise

    def _open(self, folder: Path) -> None:
        known = folder / "collection"
        with self._reporting():
            _require_database(self._server, self._session)
            self._client = _client(self._server, folder, self._session)
            if known.exists():
                self._collection = self._client.get_collection(self._name, embedding_function=None)
            else:
                self._collection = self._anew()
        if known.exists() and known.read_text("utf-8") != str(self._collection.id):
            raise CollectionLostError(f"The collection on {self._server.url} is another one", _HINT)
        known.write_text(str(self._collection.id), "utf-8")
        self.count()

    def close(self) -> None:
        """Close the connections."""
        with self._reporting():
            self._client.close()
            self._session.close()

    def _anew(self) -> Any:
        from chromadb.errors import NotFoundError

        with suppress(NotFoundError):
            self._client.delete_collection(self._name)
        return self._client.create_collection(self._name, configuration=_GRAPH, embedding_function=None)

    @contextmanager
    def _reporting(self, *, slow: bool = False) -> Iterator[None]:
        """Give each request its time, and raise EngineError for whatever goes wrong."""
        self._session.timeout = WRITE_SECONDS if slow else QUERY_SECONDS
        with _reported(self._server.url):
            yield


@contextmanager
def _reported(url: str) -> Iterator[None]:
    """Raise EngineError for whatever goes wrong within."""
    try:
        yield
    except EngineError:
        raise
    except Exception as error:
        if type(error).__name__ == "NotFoundError":  # of chromadb, which may fail to be imported at all
            raise CollectionLostError(f"{url} has lost the vectors", _HINT) from error
        raise EngineError(f"The Chroma server {url} failed: {_reason(error)}", _HINT) from error


def _reason(error: BaseException) -> str:
    """In one line, without what a server that isn't Chroma wrote."""
    words = " ".join(str(error).split()) or type(error).__name__
    return words if len(words) < 200 and "<" not in words else type(error).__name__


def _session(server: ChromaServer) -> httpx.Client:
    """Connections that heed neither proxies nor `.netrc`, and never wait for ever."""
    import ssl

    import httpx

    headers = {"Content-Type": "application/json"} | ({"X-Chroma-Token": server.token} if server.token else {})
    verify = ssl.create_default_context() if server.url.startswith("https:") else False
    return httpx.Client(trust_env=False, timeout=QUERY_SECONDS, headers=headers, verify=verify)


def _require_server(server: ChromaServer, session: httpx.Client) -> None:
    answer = session.get(f"{server.address.origin}/api/v2/heartbeat")
    if answer.status_code in (401, 403):
        raise EngineError(f"The Chroma server {server.url} refused us ({answer.status_code})", "See to store.token.")
    if answer.status_code != 200 or "nanosecond heartbeat" not in answer.text:
        raise EngineError(f"{server.url} is no Chroma server ({answer.status_code})", _HINT)


def _require_database(server: ChromaServer, session: httpx.Client) -> None:
    """Raise EngineError unless a Chroma server lets us in; make tenant and database if they are missing."""
    _require_server(server, session)
    base = f"{server.address.origin}/api/v2"
    tenant = quote(server.tenant, safe="")
    for place, name in ((f"{base}/tenants", server.tenant), (f"{base}/tenants/{tenant}/databases", server.database)):
        if session.get(f"{place}/{quote(name, safe='')}").status_code == 404:
            made = session.post(place, json={"name": name})
            if made.status_code >= 400:
                raise EngineError(
                    f"The Chroma server {server.url} has no “{name}” and did not make it ({made.status_code})",
                    "See to store.tenant and store.database.",
                )


def _client(server: ChromaServer, folder: Path, session: httpx.Client) -> Any:
    """Chroma's own client, speaking through `session`: its own connections would wait for ever."""
    with isolated(folder), _without_proxies():
        import chromadb
        from chromadb.config import Settings

        settings = Settings(
            _env_file=None,  # type: ignore[call-arg]
            chroma_api_impl="chromadb.api.fastapi.FastAPI",
            is_persistent=False,
            anonymized_telemetry=False,
            allow_reset=False,
            chroma_otel_collection_endpoint="",
        )
        address = server.address
        client: Any = chromadb.HttpClient(
            address.origin.partition("//")[2].rpartition(":")[0],
            address.port,
            ssl=address.secure,
            headers={"X-Chroma-Token": server.token} if server.token else None,
            settings=settings,
            tenant=server.tenant,
            database=server.database,
        )
    for api in (client._server, client._admin_client._server):
        api._session.close()
        api._session = session
    return client


@contextmanager
def _without_proxies() -> Iterator[None]:
    hidden = {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")}
    for name in hidden:
        del os.environ[name]
    try:
        yield
    finally:
        os.environ.update(hidden)

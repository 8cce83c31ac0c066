"""Fetching over a real socket, from a server that breaks off, lies, leads astray and forgets; what stays of it."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Iterator
from http.client import HTTPMessage
from io import BytesIO
from pathlib import Path
from threading import Event
from urllib.request import Request

import pytest
from model_server import Script, serving
from tiny_models import make_model

from exocortex.core.errors import ExocortexError, FetchError, ModelError, UsageError
from exocortex.core.events import Notice, Progress
from exocortex.fetching.fetcher import Fetcher
from exocortex.fetching.line import BrokenError, Line, _Redirects
from exocortex.fetching.partial import drop, left
from exocortex.storage.models import Added, Models


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return make_model(tmp_path_factory.mktemp("served") / "Tiny.gguf").read_bytes()


@pytest.fixture
def script(data: bytes) -> Script:
    return Script(data)


@pytest.fixture
def address(script: Script) -> Iterator[str]:
    with serving(script) as root:
        yield f"{root}/models/Tiny.gguf"


@pytest.fixture
def models(home: Path) -> Models:
    return Models(home)


class Try:
    """One fetch: what it said, and what came of it."""

    def __init__(
        self, models: Models, address: str, *, sha256: str = "", name: str = "", breaks: Script | None = None
    ) -> None:
        fetcher = Fetcher(models, address, {}, sha256=sha256, name=name, pauses=(0.01, 0.01, 0.01))
        self.offer = fetcher.offer()
        if breaks is not None:
            breaks.breaks = [100_000, 0, 0, 200_000, 1, 100_000]
        self.events: list[Progress | Notice | Added] = []
        self.error: ExocortexError | None = None
        try:
            self.events.extend(fetcher.fetch(self.offer))
        except ExocortexError as error:
            self.error = error

    @property
    def added(self) -> Added:
        assert self.error is None, self.error
        last = self.events[-1]
        assert isinstance(last, Added)
        return last

    @property
    def notices(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, Notice)]

    @property
    def complaint(self) -> str:
        assert self.error is not None
        assert self.error.hint
        return self.error.message


def test_a_model_is_fetched_checked_and_registered(models: Models, script: Script, address: str, data: bytes) -> None:
    tried = Try(models, f"{address}?token=secret#top", sha256=script.sha256.upper())
    host = address.split("/")[2]
    offer = tried.offer
    assert (offer.host, offer.name, offer.size, offer.have) == (host, "Tiny", len(data), 0)
    assert (offer.proxy, offer.is_exposed) == ("", False)
    model = tried.added.model
    assert (model.held, model.source, model.sha256) == ("fetched", address, script.sha256)
    assert models.file("Tiny").read_bytes() == data
    assert stat.S_IMODE(models.file("Tiny").stat().st_mode) == 0o600
    assert sorted(os.listdir(models.folder)) == [".lock", "Tiny.gguf", "Tiny.json"]
    assert script.asked == [("/models/Tiny.gguf?token=secret", "", "")] * 2
    assert next(event.stage for event in tried.events if isinstance(event, Progress)) == "fetch"


def test_what_is_there_already_is_not_asked_for(models: Models, script: Script, address: str) -> None:
    assert Fetcher(models, address, {}).already() is None
    added = Try(models, address).added
    asked = len(script.asked)
    for fetcher in (
        Fetcher(models, address, {}),
        Fetcher(models, "https://elsewhere.example/other.gguf", {}, sha256=script.sha256),
    ):
        again = fetcher.already()
        assert again is not None
        assert (again.is_new, again.model) == (False, added.model)
    assert Fetcher(models, address, {}, sha256="0" * 64).already() is None
    assert len(script.asked) == asked


def test_broken_connections_are_gone_on_from(models: Models, script: Script, address: str, data: bytes) -> None:
    tried = Try(models, address, sha256=script.sha256, breaks=script)
    assert tried.added.model.size == len(data)
    sent = ["", "", "100000", "100000", "100000", "300000", "300001", "400001"]
    assert script.ranges == [f"bytes={start}-" if start else "" for start in sent]
    assert {tag for _, wanted, tag in script.asked if wanted} == {'"1"'}
    assert tried.notices[0].endswith("broke off after 100,000 of 527,072 bytes. Trying again in 0.01 s.")
    shares = [event.done for event in tried.events if isinstance(event, Progress) and event.stage == "fetch"]
    assert shares == sorted(shares)


def test_after_many_breaks_without_a_byte_it_is_given_up_and_kept(
    models: Models, script: Script, address: str, data: bytes
) -> None:
    fetcher = Fetcher(models, address, {}, pauses=(0.01, 0.01))
    offer = fetcher.offer()
    script.breaks = [100_000, *[0] * 9]
    with pytest.raises(FetchError, match="Tried 2 times") as caught:
        list(fetcher.fetch(offer))
    assert "the same command goes on from there" in caught.value.hint
    assert [(one.name, one.address, one.length) for one in left(models.folder)] == [("Tiny", address, 100_000)]
    script.breaks = []
    tried = Try(models, address)
    assert tried.offer.have == 100_000
    assert tried.added.model.sha256 == script.sha256
    assert script.ranges[-1] == "bytes=100000-"
    first = next(event for event in tried.events if isinstance(event, Progress))
    assert first.before == 100_000
    assert left(models.folder) == []


def test_stopping_keeps_what_came(models: Models, script: Script, address: str) -> None:
    stop = Event()
    script.pause = 0.02
    fetcher = Fetcher(models, address, {})
    events = []
    for event in fetcher.fetch(fetcher.offer(), stop):
        events.append(event)
        stop.set()
    assert all(isinstance(event, Progress) for event in events)
    (part,) = left(models.folder)
    assert 0 < part.length < 527_072
    script.pause = 0
    assert Try(models, address).added.model.sha256 == script.sha256


def test_a_file_that_changed_on_the_server_comes_from_the_start(models: Models, script: Script, address: str) -> None:
    interrupted(models, script, address)
    script.tag = '"2"'
    tried = Try(models, address)
    assert tried.added.model.sha256 == script.sha256
    assert tried.notices == ["The server can't go on from there, or has another file now: it comes from the start."]


@pytest.mark.parametrize("knows", ["nothing of ranges", "no tags"])
def test_a_server_that_can_not_go_on_sends_it_anew(models: Models, script: Script, address: str, knows: str) -> None:
    script.knows_ranges = knows == "no tags"
    script.tag = "" if knows == "no tags" else script.tag
    interrupted(models, script, address)
    tried = Try(models, address)
    assert tried.added.model.sha256 == script.sha256
    assert script.ranges[-1] == ("" if knows == "no tags" else "bytes=100000-")


def test_what_came_from_another_address_is_not_gone_on_from(models: Models, script: Script, address: str) -> None:
    interrupted(models, script, address)
    other = address.replace("/models/", "/other/")
    assert Try(models, other).added.model.sha256 == script.sha256
    assert script.asked[-1] == ("/other/Tiny.gguf", "", "")


def test_all_came_but_was_not_registered(models: Models, script: Script, address: str, data: bytes) -> None:
    interrupted(models, script, address)
    (models.folder / "Tiny.part").write_bytes(data)
    assert Try(models, address).added.model.sha256 == script.sha256
    assert script.ranges[-1] == f"bytes={len(data)}-"


def test_more_is_here_than_the_server_has_now(models: Models, script: Script, address: str, data: bytes) -> None:
    interrupted(models, script, address)
    (models.folder / "Tiny.part").write_bytes(data + b"more")
    assert Try(models, address).added.model.sha256 == script.sha256


def test_a_wrong_digest_is_told_and_what_came_removed(models: Models, address: str) -> None:
    tried = Try(models, address, sha256="0" * 64)
    assert "not what was asked for: its sha256 is" in tried.complaint
    assert models.entries() == []
    assert os.listdir(models.folder) == []


def test_a_file_that_is_cut_short_is_never_taken(models: Models, script: Script, address: str, data: bytes) -> None:
    """Without a length only the header tells; what came is kept, as the line may have been at fault."""
    script.says_length = False
    script.data = data[:-1]
    tried = Try(models, address)
    assert tried.complaint == "The server ended after 527,071 bytes, and the model needs 527,072."
    assert models.entries() == []
    assert [one.length for one in left(models.folder)] == [527_071]
    drop(models.folder, "Tiny")
    assert os.listdir(models.folder) == []


def test_a_length_is_not_needed(models: Models, script: Script, address: str) -> None:
    script.says_length = False
    tried = Try(models, address)
    assert tried.offer.size is None
    assert tried.added.model.sha256 == script.sha256


def test_a_length_that_is_too_long_is_not_believed(models: Models, script: Script, address: str, data: bytes) -> None:
    script.claims = len(data) + 1000
    script.tag = ""
    tried = Try(models, address)
    assert "broke off after 527,072 of 528,072 bytes" in tried.complaint


def test_a_file_larger_than_the_disk_is_not_begun(models: Models, script: Script, address: str) -> None:
    script.claims = 10**18
    tried = Try(models, address)
    assert isinstance(tried.error, ModelError)
    assert "There is no room for 1,000,000,000 GB" in tried.complaint
    assert os.listdir(models.folder) == []


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (404, "has no such file (404)"),
        (410, "has no such file (410)"),
        (403, "doesn't give this file to everybody (403)"),
        (451, "answers with an error (451)"),
        (304, "leads in circles, or to no address of http (304)"),
    ],
)
def test_what_the_server_refuses_is_said_at_once(
    models: Models, script: Script, address: str, status: int, said: str
) -> None:
    script.answers = [status]
    with pytest.raises(FetchError) as caught:
        Fetcher(models, address, {}).offer()
    assert said in caught.value.message
    assert caught.value.hint
    assert not isinstance(caught.value, BrokenError)
    assert not models.folder.exists()


def test_a_busy_server_is_asked_again(models: Models, script: Script, address: str) -> None:
    script.answers = [200, 503, 429]
    tried = Try(models, address)
    assert tried.added.model.sha256 == script.sha256
    assert [text.partition(" ")[2] for text in tried.notices] == [
        "can't answer at the moment (503). Trying again in 0.01 s.",
        "can't answer at the moment (429). Trying again in 0.01 s.",
    ]


def test_redirects_are_followed_but_not_in_circles(models: Models, script: Script, address: str) -> None:
    script.leads_to = "/end/of/the/road.gguf"
    tried = Try(models, address)
    assert tried.added.model.name == "Tiny"
    assert tried.added.model.source == address
    script.leads_to = "/models/again.gguf"
    with pytest.raises(FetchError, match="leads in circles"):
        Fetcher(models, f"{address}?again", {}, name="other").offer()
    script.leads_to = "file:///etc/passwd"
    with pytest.raises(FetchError, match="no address of http"):
        Fetcher(models, f"{address}?again", {}, name="other").offer()


def test_a_redirect_never_gives_up_encryption() -> None:
    request = Request("https://models.example/tiny.gguf")
    with pytest.raises(FetchError, match="without encryption"):
        _Redirects().redirect_request(request, BytesIO(), 302, "", HTTPMessage(), "http://models.example/tiny.gguf")
    end = "https://elsewhere.example/tiny.gguf"
    followed = _Redirects().redirect_request(request, BytesIO(), 302, "", HTTPMessage(), end)
    assert followed is not None
    assert followed.full_url == end


@pytest.mark.parametrize(
    ("data_of", "kind", "said"),
    [
        (b"<!doctype html><title>Sign in</title>", "text/html; charset=utf-8", "a web page there"),
        (b"PK\3\4" + bytes(100_000), "application/zip", "another kind of file there"),
    ],
    ids=["page", "zip"],
)
def test_what_is_no_model_is_not_fetched_to_its_end(
    models: Models, script: Script, address: str, data_of: bytes, kind: str, said: str
) -> None:
    script.data, script.kind = data_of, kind
    fetcher = Fetcher(models, address.replace("/models/", "/blob/"), {})
    with pytest.raises(FetchError, match=said) as caught:
        list(fetcher.fetch(fetcher.offer()))
    assert "/resolve/Tiny.gguf" in caught.value.hint
    assert left(models.folder) == []


def test_a_model_of_another_kind_is_removed_again(models: Models, script: Script, address: str, data: bytes) -> None:
    script.data = data.replace(b"llama.block_count", b"llama.block_caunt", 1)
    tried = Try(models, address)
    assert "holds no language model" in tried.complaint
    assert os.listdir(models.folder) == []


def test_a_compressed_answer_is_refused(models: Models, script: Script, address: str) -> None:
    script.extra = {"Content-Encoding": "gzip"}
    with pytest.raises(FetchError, match="compressed"):
        Fetcher(models, address, {}).offer()


def test_a_name_that_another_model_has_is_refused_before_anything_comes(
    models: Models, script: Script, address: str, tmp_path: Path
) -> None:
    list(models.add(make_model(tmp_path / "tiny.gguf", seed=1)))
    with pytest.raises(UsageError, match="another model called tiny"):
        Fetcher(models, address, {}).offer()
    assert Try(models, address, name="tiny-2").added.model.name == "tiny-2"


def test_one_file_is_fetched_once_at_a_time(models: Models, script: Script, address: str) -> None:
    script.pause = 0.01
    fetcher = Fetcher(models, address, {})
    events = fetcher.fetch(fetcher.offer())
    next(events)
    assert Try(models, address).complaint == "Another command is fetching Tiny."
    with pytest.raises(FetchError, match="Another command"):
        drop(models.folder, "Tiny")
    *_, last = events
    assert isinstance(last, Added)


def test_a_proxy_is_used_and_named(models: Models, script: Script, address: str) -> None:
    proxy = address.split("/")[2]
    environ = {"http_proxy": f"http://user:secret@{proxy}", "HTTPS_PROXY": "http://192.0.2.1:1"}
    fetcher = Fetcher(models, "http://models.example/Tiny.gguf", environ)
    offer = fetcher.offer()
    assert (offer.proxy, offer.host, offer.is_exposed) == (proxy, "models.example", True)
    *_, last = fetcher.fetch(offer)
    assert isinstance(last, Added)
    assert {path for path, _, _ in script.asked} == {"http://models.example/Tiny.gguf"}


def test_no_proxy_where_none_is_wanted(address: str) -> None:
    nowhere = {"http_proxy": "http://192.0.2.1:1", "HTTP_PROXY": "http://192.0.2.1:1"}
    assert Line(address, nowhere).proxies == {}
    assert Line("http://a.example/x", nowhere | {"no_proxy": "b.example,.example"}).proxies == {}
    assert Line("http://a.example/x", {"HTTP_PROXY": "proxy:3128"}).proxies == {"http": "http://proxy:3128"}


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "tiny.gguf",
        "ftp://example.org/x.gguf",
        "file:///etc/passwd",
        "http://",
        "http:///x.gguf",
        "http://[::1/x.gguf",
        "http://example.org:99999/x",
        "http://user:secret@example.org/x.gguf",
        "http://example.org/a b.gguf",
        "http://example.org/a\nHost: b",
    ],
)
def test_what_is_no_address_is_refused_before_anything_is_sent(models: Models, typed: str) -> None:
    with pytest.raises(UsageError) as caught:
        Fetcher(models, typed, {})
    assert "https://example.org" in caught.value.hint
    assert "secret" not in caught.value.message


def test_a_digest_that_can_not_be_one_is_refused(models: Models) -> None:
    with pytest.raises(UsageError, match="64 hexadecimal digits"):
        Fetcher(models, "http://example.org/x.gguf", {}, sha256="9f86d0")


def test_nobody_listens(models: Models) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}/x.gguf"
        with pytest.raises(FetchError, match="can't be reached: Connection refused"):
            Fetcher(models, address, {}).offer()


def test_a_server_that_says_nothing_is_not_waited_for_forever(script: Script) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        line = Line(f"http://127.0.0.1:{silent.getsockname()[1]}/x.gguf", {}, patience=0.2)
        with pytest.raises(BrokenError, match="said nothing for too long"), line.ask():
            pass
    script.pause = 2
    with serving(script) as root, Line(f"{root}/x.gguf", {}, patience=0.2).ask() as body:
        with pytest.raises(BrokenError, match="said nothing for too long"):
            list(body.chunks())
        script.pause = 0


def test_a_server_that_speaks_something_else(models: Models) -> None:
    script = Script(b"")
    script.answers = [999]
    with serving(script) as root, pytest.raises(FetchError, match="answers with an error"):
        Fetcher(models, f"{root}/x.gguf", {}).offer()


def interrupted(models: Models, script: Script, address: str) -> None:
    """A fetch that ended after 100,000 bytes."""
    fetcher = Fetcher(models, address, {}, pauses=())
    offer = fetcher.offer()
    script.breaks = [100_000]
    with pytest.raises(FetchError):
        list(fetcher.fetch(offer))
    assert [one.length for one in left(models.folder)] == [100_000]

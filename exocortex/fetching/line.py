"""Line: requests for one address, whole or from a byte on, and what can be wrong with the answers.

Redirects are followed a few times and never from https to http. A proxy is used if the environment names one.
"""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException, HTTPMessage, HTTPResponse
from typing import IO
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlsplit, urlunsplit
from urllib.request import (  # type: ignore[attr-defined]
    HTTPRedirectHandler,
    ProxyHandler,
    Request,
    build_opener,
    proxy_bypass_environment,
)

from exocortex.core.errors import FetchError, UsageError

PATIENCE = 30.0
_CHUNK = 1 << 18
_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+)")
_COMPLETE = re.compile(r"bytes \*/(\d+)")
_BEYOND = 416
_LATER = frozenset({408, 425, 429, 500, 502, 503, 504})
_SCHEMES = ("http", "https")
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class BrokenError(FetchError):
    """The line broke, or the server is busy: it is worth another try."""


@dataclass(frozen=True, slots=True)
class Body:
    """What a server answered with; its bytes can be read once."""

    address: str
    """After all redirects."""
    start: int
    """The byte of the file that it begins with."""
    total: int | None
    """Bytes of the whole file; None if the server doesn't say."""
    tag: str
    """What this version of the file can be asked for again by; empty if the server gives nothing."""
    is_page: bool
    """Whether it says that it is a web page."""
    _response: HTTPResponse | None

    def chunks(self) -> Iterator[bytes]:
        """The bytes as they come; raises BrokenError where they end too early."""
        done = self.start
        while self._response is not None:
            try:
                data = self._response.read1(_CHUNK)
            except (OSError, HTTPException) as error:
                raise BrokenError(f"{host_of(self.address)} broke off: {_reason(error)}.") from error
            if not data:
                break
            done += len(data)
            yield data
        if self.total is not None and done < self.total:
            raise BrokenError(f"{host_of(self.address)} broke off after {done:,} of {self.total:,} bytes.")


class Line:
    """The way to one address."""

    def __init__(self, address: str, environ: Mapping[str, str], patience: float = PATIENCE) -> None:
        """`patience`: seconds that a server may say nothing. Raises UsageError if nothing can be fetched from there."""
        self.address = checked(address)
        self.proxies = _proxies(self.address, environ)
        """Address of the proxy used for each scheme."""
        self._patience = patience
        self._opener = build_opener(ProxyHandler(self.proxies), _Redirects())
        self._opener.addheaders = [(name, "exocortex") for name, _ in self._opener.addheaders]  # not Python's version

    @contextmanager
    def ask(self, start: int = 0, tag: str = "") -> Iterator[Body]:
        """Ask for the file from byte `start` on, if it is still the version `tag`; else it begins at 0.

        Raises BrokenError where another try may help, FetchError where it won't.
        """
        request = Request(self.address, headers=_headers(start, tag))  # noqa: S310 (`checked` lets http pass alone)
        try:
            response = self._opener.open(request, timeout=self._patience)
        except HTTPError as error:
            error.close()
            if error.code != _BEYOND or not start:
                raise _refused(self.address, error.code) from error
            complete = _COMPLETE.fullmatch(error.headers.get("Content-Range", ""))
        except (OSError, HTTPException) as error:
            raise _unreachable(host_of(self.address), error) from error
        else:
            with response:
                yield _body(response, start)
            return
        if complete is not None and int(complete[1]) == start:
            yield Body(self.address, start, start, tag, False, None)
        else:
            with self.ask() as body:
                yield body


class _Redirects(HTTPRedirectHandler):
    """Follows redirects as long as they don't give up encryption."""

    max_redirections = 5

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        if req.type == "https" and urlsplit(newurl).scheme != "https":
            raise FetchError(
                f"{req.host} leads on to {host_of(newurl)} without encryption, where anybody could change the file.",
                "Look for an address that stays with https.",
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def checked(address: str) -> str:
    """The address as it is sent; raises UsageError if it isn't one of http or https."""
    example = "It looks like this: https://example.org/models/tiny.gguf"
    try:
        parts = urlsplit(address)
        fits = parts.scheme in _SCHEMES and parts.hostname and parts.port != 0 and address.isprintable()
    except ValueError:
        fits = False
    if not fits or " " in address:
        raise UsageError(f"{address!r} is not an address that a model can be fetched from.", example)
    if "@" in parts.netloc:
        raise UsageError("An address with a name and password in it isn't taken.", example)
    return quote(urlunsplit(parts._replace(fragment="")), safe="%/:=&?~+!$,;'@()*[]")


def host_of(address: str) -> str:
    """`example.org`, or `127.0.0.1:8000`."""
    return urlsplit(address).netloc.rpartition("@")[2]


def _proxies(address: str, environ: Mapping[str, str]) -> dict[str, str]:
    """What `http_proxy`, `https_proxy` and `no_proxy` say; this machine itself is never reached through one."""
    parts = urlsplit(address)
    excepted = {"no": environ.get("no_proxy") or environ.get("NO_PROXY", "")}
    if parts.hostname in LOOPBACK or proxy_bypass_environment(parts.netloc, excepted):
        return {}
    named = {scheme: environ.get(f"{scheme}_proxy") or environ.get(f"{scheme}_proxy".upper()) for scheme in _SCHEMES}
    return {scheme: one if "://" in one else f"http://{one}" for scheme, one in named.items() if one}


def _headers(start: int, tag: str) -> dict[str, str]:
    headers = {"Accept": "*/*", "Accept-Encoding": "identity"}
    return {**headers, "Range": f"bytes={start}-", "If-Range": tag} if start and tag else headers


def _body(response: HTTPResponse, start: int) -> Body:
    """What the headers say of the bytes that follow; raises FetchError if they make no sense."""
    headers, host = response.headers, host_of(response.url)
    if headers.get("Content-Encoding", "identity") != "identity":
        raise FetchError(f"{host} sends the file compressed, which wasn't asked for.", "Fetch it in another way.")
    begins, total = 0, response.length
    if response.status == 206:
        part = _RANGE.fullmatch(headers.get("Content-Range", ""))
        if part is None or int(part[1]) != start:
            raise FetchError(f"{host} sends another part of the file than was asked for.", "Fetch it in another way.")
        begins, total = start, int(part[2])
    etag = headers.get("ETag", "")
    tag = headers.get("Last-Modified", "") if not etag or etag.startswith("W/") else etag
    is_page = headers.get_content_type() in ("text/html", "application/xhtml+xml")
    return Body(response.url, begins, total, tag, is_page, response)


def _refused(address: str, code: int) -> FetchError:
    host = host_of(address)
    if code in (404, 410):
        return FetchError(f"{host} has no such file ({code}).", "Look the address up again.")
    if code in (401, 403, 407):
        return FetchError(
            f"{host} doesn't give this file to everybody ({code}).",
            "Fetch it with your browser, then: exo model add FILE.gguf",
        )
    if code in _LATER:
        return BrokenError(f"{host} can't answer at the moment ({code}).", "Try again later.")
    if 300 <= code < 400:
        return FetchError(f"{host} leads in circles, or to no address of http ({code}).", "Look the address up again.")
    return FetchError(f"{host} answers with an error ({code}).", "Look the address up again.")


def _unreachable(host: str, error: OSError | HTTPException) -> FetchError:
    reason = error.reason if isinstance(error, URLError) and isinstance(error.reason, OSError) else error
    if isinstance(reason, ssl.SSLCertVerificationError):
        return FetchError(
            f"{host} can't prove who it is: {reason.verify_message}.",
            "Somebody may stand between, or this machine's clock or certificates are wrong.",
        )
    if isinstance(reason, socket.gaierror):
        return BrokenError(f"{host} can't be found.", "Is the address right, and this machine online?")
    return BrokenError(f"{host} can't be reached: {_reason(reason)}.", "Is the address right, and this machine online?")


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "it said nothing for too long"
    strerror = getattr(error, "strerror", None)
    return str(strerror or error or type(error).__name__)

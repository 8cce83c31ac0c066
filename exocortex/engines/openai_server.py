"""A language model on a server that speaks OpenAI's protocol: llama-server, Ollama, vLLM and their like.

Turns are sent as they are, in their roles; the server makes the prompt of them by the model's own template. Whether it
takes `<|im_end|>` in a text for a control token is therefore the server's doing, never ours.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import closing
from threading import Event as StopEvent
from typing import Any

from exocortex.core.errors import ConfigError, EngineError
from exocortex.core.turns import Sampling, Turn
from exocortex.engines.address import Address
from exocortex.engines.exchange import Exchange, Head, StoppedError
from exocortex.engines.server_sent import TooLongError, event_data

FIRST_SECONDS = 300.0
"""What a server is given to read the prompt: four thousand tokens take minutes on a slow processor."""
NEXT_SECONDS = 60.0
"""What it is given between two pieces of the reply."""

_ASIDE_SECONDS = 10.0
_MOST_BODY = 4_000_000
_SHOWN = 200
_BROKE_OFF = "See what that server's own log says, and try again."


class OpenAIServer:
    """Asks the model called `model`, or the server's only one; costs nothing until the first call.

    `name` and `fingerprint` name the model once it is known. Raises ConfigError if `url` is no address or `token` can't
    be sent.
    """

    def __init__(
        self,
        url: str,
        model: str = "",
        token: str = "",
        *,
        context: int = 4096,
        first_seconds: float = FIRST_SECONDS,
        next_seconds: float = NEXT_SECONDS,
    ) -> None:
        if not token.isascii() or not token.isprintable():
            raise ConfigError("model.token can't be sent: it isn't plain ASCII", "Copy it again from the server.")
        self.address = Address(url, "model.url")
        self.context = context
        self._base = self.address.path.removesuffix("/v1")
        self._headers = {"Content-Type": "application/json"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        self._first_seconds = first_seconds
        self._next_seconds = next_seconds
        self._tokenizes = True
        self._know(model)

    def ready(self, stop: StopEvent) -> bool:
        """What the server has to load, it loads when it is asked."""
        return not stop.is_set()

    def count(self, texts: Sequence[str]) -> list[int]:
        """The tokens of each text: exact from llama-server, which tells; else an estimate meant to be too high.

        The estimate is a token for three letters or spaces, for each digit and punctuation mark, and for every two
        bytes of whatever isn't ASCII; English prose has about two thirds of that.
        """
        return self._counted(texts, StopEvent())

    def reply(self, turns: Sequence[Turn], sampling: Sampling, stop: StopEvent) -> Iterator[str]:
        """What the model says next, as it comes; setting `stop` drops the connection, which ends the work over there.

        Raises EngineError.
        """
        try:
            self._require_room(turns, sampling, stop)
            yield from self._said(json.dumps(self._question(turns, sampling, stop)).encode(), sampling, stop)
        except StoppedError:
            return

    def close(self) -> None:
        """Nothing to let go of: the model is the server's."""

    # -- the model --------------------------------------------------------------------------------------------------

    def _know(self, model: str) -> None:
        self._model = model
        self.name = model or self.address.origin
        self.fingerprint = f"{self.address.origin}{self._base} {model}".rstrip()

    def _found(self, stop: StopEvent) -> str:
        """The model's name on the server; the only one there if no setting names it."""
        if not self._model:
            head, answer = self._asked("/v1/models", None, stop)
            if head.status != 200:
                raise self._refusal(head, answer)
            names = _model_names(self._parsed(answer))
            if len(names) != 1:
                listed = ", ".join(names[:5]) or "none"
                raise EngineError(
                    f"{self.address.url} has {len(names)} models: {listed}"[:_SHOWN],
                    "Set model.server_model to the one you want.",
                )
            self._know(names[0])
        return self._model

    def _asked(self, path: str, body: object, stop: StopEvent) -> tuple[Head, bytes]:
        """One question with a short answer."""
        content = None if body is None else json.dumps(body).encode()
        with closing(Exchange(self.address, self._base + path, self._headers, content, stop)) as exchange:
            return exchange.head(_ASIDE_SECONDS), exchange.body(_ASIDE_SECONDS, _MOST_BODY)

    # -- tokens -----------------------------------------------------------------------------------------------------

    def _counted(self, texts: Sequence[str], stop: StopEvent) -> list[int]:
        return [self._tokens(text, stop) for text in texts]

    def _tokens(self, text: str, stop: StopEvent) -> int:
        if self._tokenizes:
            head, answer = self._asked("/tokenize", {"content": _sound(text), "parse_special": False}, stop)
            if head.status == 503:  # it is still loading the model
                raise self._refusal(head, answer)
            try:
                return len(json.loads(answer)["tokens"])
            except (ValueError, KeyError, TypeError, RecursionError):  # another kind of server
                self._tokenizes = False
        return estimate(text)

    def _require_room(self, turns: Sequence[Turn], sampling: Sampling, stop: StopEvent) -> None:
        """Some servers cut what doesn't fit without a word, and the question with it."""
        needed = sum(self._counted([turn.text for turn in turns], stop))
        if needed + sampling.most_tokens > self.context:
            raise EngineError(
                f"The prompt has {needed} tokens and the reply may have {sampling.most_tokens}; the model's context is"
                f" {self.context}",
                "Ask about less, or set model.context to what the server was started with.",
            )

    # -- the reply --------------------------------------------------------------------------------------------------

    def _question(self, turns: Sequence[Turn], sampling: Sampling, stop: StopEvent) -> dict[str, object]:
        return {
            "model": self._found(stop),
            "messages": [{"role": turn.role, "content": _sound(turn.text)} for turn in turns],
            "stream": True,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "seed": sampling.seed,
            "max_tokens": sampling.most_tokens,
        }

    def _said(self, body: bytes, sampling: Sampling, stop: StopEvent) -> Iterator[str]:
        path = self._base + "/v1/chat/completions"
        with closing(Exchange(self.address, path, self._headers, body, stop)) as exchange:
            head = exchange.head(self._first_seconds)
            if head.status != 200:
                raise self._refusal(head, exchange.body(_ASIDE_SECONDS, _MOST_BODY))
            if head.content_type != "text/event-stream":
                raise EngineError(
                    f"{self.address.url} answered with {head.content_type}, not with a stream of events",
                    "See to model.url: it must be a server with OpenAI's protocol.",
                )
            try:
                yield from self._texts(event_data(self._pieces(exchange)), sampling.most_tokens)
            except TooLongError:
                raise EngineError(
                    f"{self.address.url} sent an event that does not end", "See to model.url, and to that server."
                ) from None

    def _pieces(self, exchange: Exchange) -> Iterator[bytes]:
        """Those of the body, the first of which may be long in coming."""
        seconds = self._first_seconds
        while piece := exchange.piece(seconds):
            seconds = self._next_seconds
            yield piece

    def _texts(self, events: Iterator[str], most: int) -> Iterator[str]:
        """Each event holds a token at least, so that more events than `most` are more than was asked for."""
        spoken = thought = 0
        for event in events:
            if event == "[DONE]":
                break
            text, aside, ended = self._delta(self._parsed(event))
            spoken += bool(text)
            thought += aside
            if text:
                yield text
            if ended or spoken + thought >= most:
                break
        else:
            raise EngineError(f"{self.address.url} broke off in the middle of its reply", _BROKE_OFF)
        if thought and not spoken:
            raise EngineError(
                f"The model spent all of its {most} tokens on thinking and said nothing",
                "Turn its thinking off on the server, or take a model that doesn't think aloud.",
            )

    def _delta(self, event: Any) -> tuple[str, bool, bool]:
        """The text an event adds, whether it adds to the model's thoughts, and whether it is the last one."""
        if isinstance(event, dict) and event.get("error"):
            raise EngineError(f"{self.address.url} failed: {_complaint(event)}", _BROKE_OFF)
        try:
            choices = event["choices"]
            if not choices:  # figures of what was used
                return "", False, False
            choice = choices[0]
            delta = choice.get("delta") or {}
            text = delta.get("content") or ""
            thoughts = delta.get("reasoning_content") or delta.get("reasoning")
            return _sound(text), bool(thoughts), choice.get("finish_reason") is not None
        except (KeyError, TypeError, AttributeError, IndexError):
            raise self._nonsense() from None

    # -- what goes wrong --------------------------------------------------------------------------------------------

    def _parsed(self, text: str | bytes) -> Any:
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            raise self._nonsense() from None

    def _nonsense(self) -> EngineError:
        return EngineError(
            f"{self.address.url} sent what makes no sense in OpenAI's protocol", "See to model.url, and to that server."
        )

    def _refusal(self, head: Head, body: bytes) -> EngineError:
        if head.status in (401, 403):
            return EngineError(f"{self.address.url} refused us ({head.status})", "See to model.token.")
        if head.status == 404:
            hint = "See to model.url and model.server_model."
        elif 300 <= head.status < 400:
            hint = "Redirects are not followed: set model.url to the address itself."
        else:
            hint = _BROKE_OFF
        try:
            complaint = _complaint(json.loads(body))
        except (ValueError, RecursionError):
            complaint = _short(body.decode("utf-8", "replace"))
        return EngineError(f"{self.address.url} answered {head.status}{complaint and ': ' + complaint}", hint)


def estimate(text: str) -> int:
    """Tokens of a text for a model whose way of cutting isn't known; rather too many than too few."""
    ascii_text = re.sub(r"[^\x00-\x7f]+", "", text)
    marks = len(re.findall(r"[^A-Za-z\s]", ascii_text))
    others = len(text.encode("utf-8", "replace")) - len(ascii_text)
    return -(-(len(ascii_text) - marks) // 3) + marks + -(-others // 2)


def _model_names(listed: Any) -> list[str]:
    """The names in an answer of /v1/models."""
    models = listed.get("data") if isinstance(listed, dict) else None
    found = [model.get("id") for model in models if isinstance(model, dict)] if isinstance(models, list) else []
    return [name for name in found if isinstance(name, str) and name]


def _complaint(answer: Any) -> str:
    """What a server says is wrong, wherever it says it."""
    for key in ("error", "message", "detail"):
        if isinstance(answer, dict) and key in answer:
            answer = answer[key]
    return _short(answer) if isinstance(answer, str) else ""


def _short(text: str) -> str:
    """In one line; nothing of a page that was meant for a browser."""
    line = " ".join(text.split())
    return "" if "<" in line else line[:_SHOWN]


def _sound(text: str) -> str:
    """Without halves of surrogate pairs, which no UTF-8 can hold."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")

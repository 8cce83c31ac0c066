"""Child: the process that loads a GGUF file and continues conversations, one at a time, until its parent hangs up.

llama.cpp may abort, crash or be killed for its memory; it takes this process with it and nothing else. Run with the
descriptor of its end of the pipe; what C code prints goes to descriptors 1 and 2, which are a log.
"""

from __future__ import annotations

import codecs
import ctypes
import os
import resource
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from exocortex.core.turns import Sampling, Turn
from exocortex.engines.llama.pipe import Pipe, PipeClosed
from exocortex.engines.llama.template import Piece, TemplateError, lay_out

NICE = 5
OOM_SCORE = 500
"""Of all processes this one goes first when memory runs out."""

BATCH = 512
"""Tokens of a prompt worked on at once; an abort takes effect in between."""

FEWEST_TOKENS = 16
"""A reply that has no more room is no reply."""

LONGEST_TOKEN = 1024
"""Bytes."""

_ANOTHER = "Try another model: exo model use"
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000


class RefusedError(Exception):
    """What was asked can't be done; the process goes on."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class Engine:
    """A loaded model."""

    def __init__(self, path: str, context: int, threads: int) -> None:
        """Raises RefusedError if llama.cpp can't load it."""
        import llama_cpp
        from jinja2 import TemplateError as JinjaError

        self._stopping = threading.Event()
        try:
            self._llama: Any = llama_cpp.Llama(
                path,
                n_ctx=context,
                n_batch=BATCH,
                n_threads=threads,
                n_threads_batch=threads,
                use_mmap=True,
                verbose=False,
            )
        except JinjaError as error:
            raise RefusedError(f"The model's chat template failed: {error}.", _ANOTHER) from error
        except (ValueError, AssertionError, OSError, RuntimeError, MemoryError) as error:
            raise RefusedError(
                f"llama.cpp cannot load {path} ({error}).", "Its log is llama.log in the home."
            ) from error
        self._abort: Any = llama_cpp.ggml_abort_callback(lambda _data: self._stopping.is_set())
        llama_cpp.llama_set_abort_callback(self._llama.ctx, self._abort, None)
        self._vocabulary = llama_cpp.llama_model_get_vocab(self._llama.model)
        self._to_piece: Any = llama_cpp.llama_token_to_piece
        self._is_end: Callable[[int], bool] = lambda token: llama_cpp.llama_vocab_is_eog(self._vocabulary, token)
        self._template = str(self._llama.metadata.get("tokenizer.chat_template", ""))
        self._starts = self._llama.metadata.get("tokenizer.ggml.add_bos_token", "true") == "true"

    @property
    def context(self) -> int:
        """Tokens it holds."""
        return int(self._llama.n_ctx())

    def stop(self, wanted: bool = True) -> None:
        """End the reply that runs, or comes next, from another thread; or take that back."""
        self._stopping.set() if wanted else self._stopping.clear()

    def count(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text."""
        return [len(self._tokens(Piece(text, steers=False))) for text in texts]

    def prompt(self, turns: Sequence[Turn]) -> list[int]:
        """The conversation as tokens: control tokens are the template's alone. Raises RefusedError."""
        marks = (self._llama.token_bos(), self._llama.token_eos())
        first, last = (self._spelled(token, steers=True).decode("utf-8", "replace") for token in marks)
        try:
            pieces = lay_out(self._template, turns, first=first, last=last)
        except TemplateError as error:
            raise RefusedError(
                f"The model cannot be talked to: {error}.", "Try another model: exo model use"
            ) from error
        tokens = [token for piece in pieces for token in self._tokens(piece)]
        begins = self._llama.token_bos()
        return [begins, *tokens] if self._starts and begins >= 0 and tokens[:1] != [begins] else tokens

    def reply(self, turns: Sequence[Turn], sampling: Sampling) -> Iterator[str | dict[str, Any]]:
        """Pieces of the reply, then what it took. Raises RefusedError if the prompt leaves no room."""
        began = time.monotonic()
        tokens = self.prompt(turns)
        room = min(sampling.most_tokens, self.context - len(tokens) - 1)
        if room < min(FEWEST_TOKENS, sampling.most_tokens):
            raise RefusedError(
                f"The prompt has {len(tokens):,} tokens and the model's context {self.context:,}.",
                "Set model.context higher, or ask for less.",
            )
        reused = self._shared(tokens)
        took: dict[str, Any] = {"prompt_tokens": len(tokens), "reused": reused, "tokens": 0, "end": "length"}
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        for token in self._generated(tokens, sampling, took):
            took["tokens"] += 1
            took.setdefault("first_seconds", time.monotonic() - began)
            if text := decoder.decode(self._spelled(token)):
                yield text
            if took["tokens"] >= room:
                break
        if rest := decoder.decode(b"", final=True):
            yield rest
        yield took | {"seconds": time.monotonic() - began}

    def _generated(self, tokens: list[int], sampling: Sampling, took: dict[str, Any]) -> Iterator[int]:
        """Tokens until the model ends its turn or is stopped; `took["end"]` says which."""
        self._llama.set_seed(sampling.seed)
        running = self._llama.generate(tokens, temp=sampling.temperature, top_p=sampling.top_p)
        while not self._stopping.is_set():
            try:
                token = next(running)
            except RuntimeError as error:
                if not self._stopping.is_set():
                    self._llama.reset()
                    raise RefusedError(f"The model failed ({error}).", "Ask again.") from error
                break
            except StopIteration:
                return
            if self._is_end(token):
                took["end"] = "turn"
                return
            yield token
        took["end"] = "stopped"

    def _shared(self, tokens: Sequence[int]) -> int:
        """How much of the prompt is what was read last time, and isn't read again."""
        held = self._llama.input_ids[: self._llama.n_tokens]
        shared = 0
        for one, other in zip(held, tokens[:-1], strict=False):
            if one != other:
                break
            shared += 1
        return shared

    def _tokens(self, piece: Piece) -> list[int]:
        content = piece.text.encode("utf-8", "replace")
        return list(self._llama.tokenize(content, add_bos=False, special=piece.steers))

    def _spelled(self, token: int, *, steers: bool = False) -> bytes:
        """A token's bytes; control tokens have none unless asked for."""
        if token < 0:
            return b""
        buffer = ctypes.create_string_buffer(LONGEST_TOKEN)
        length = self._to_piece(self._vocabulary, token, buffer, LONGEST_TOKEN, 0, steers)
        return buffer.raw[: max(0, length)]

    def close(self) -> None:
        """Free it."""
        self._llama.close()


class Service:
    """Answers what comes through the pipe, one request after the other."""

    def __init__(self, pipe: Pipe, isolated: bool) -> None:
        self._pipe = pipe
        self._isolated = isolated
        self._engine: Engine | None = None
        self._requests: list[dict[str, Any]] = []
        self._arrived = threading.Condition()

    def run(self) -> None:
        """Until the parent hangs up, which ends the process at once."""
        threading.Thread(target=self._listen, name="listen", daemon=True).start()
        while True:
            with self._arrived:
                self._arrived.wait_for(lambda: bool(self._requests))
                request = self._requests.pop(0)
            try:
                self._answer(request)
            except RefusedError as error:
                self._pipe.send({"error": str(error), "hint": error.hint})

    def _listen(self) -> None:
        while True:
            try:
                request = self._pipe.receive()
            except (PipeClosed, ValueError):
                os._exit(0)
            if request is None:
                continue
            if self._engine is not None and ("stop" in request or "reply" in request):
                self._engine.stop("stop" in request)
            if "stop" in request:
                continue
            with self._arrived:
                self._requests.append(request)
                self._arrived.notify()

    def _answer(self, request: dict[str, Any]) -> None:
        if "load" in request:
            self._engine = Engine(**request["load"])
            self._pipe.send({"loaded": {"context": self._engine.context, "isolated": self._isolated}})
            return
        assert self._engine is not None
        if "count" in request:
            self._pipe.send({"counts": self._engine.count(request["count"])})
        elif "prompt" in request:
            self._pipe.send({"prompt": self._engine.prompt(_turns(request["prompt"]))})
        else:
            self._stream(self._engine, request["reply"])

    def _stream(self, engine: Engine, asked: dict[str, Any]) -> None:
        for piece in engine.reply(_turns(asked["turns"]), Sampling(**asked["sampling"])):
            self._pipe.send({"text": piece} if isinstance(piece, str) else {"done": piece})


def _turns(packed: Sequence[Sequence[str]]) -> list[Turn]:
    return [Turn(role, text) for role, text in packed]  # type: ignore[arg-type]


def settle_in() -> bool:
    """Become a process that may be killed without harm, and reaches no network; whether the last could be had."""
    os.nice(NICE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform != "linux":
        return False
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(str(OOM_SCORE))
    libc = ctypes.CDLL(None, use_errno=True)
    return any(libc.unshare(flags) == 0 for flags in (_CLONE_NEWNET, _CLONE_NEWUSER | _CLONE_NEWNET))


def main(descriptor: int) -> None:
    """Serve the other end of this socket."""
    isolated = settle_in()
    Service(Pipe(socket.socket(fileno=descriptor)), isolated).run()


if __name__ == "__main__":
    main(int(sys.argv[1]))

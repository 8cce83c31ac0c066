"""The least code that generates: llama.cpp's own functions in a loop, with nothing of Exocortex around them.

`python -m bench.llm_straight FILE THREADS BATCH CONTEXT TOKENS` reads prompts as JSON lists of tokens, one a line, and
prints for each the tokens a second from the first one on, and the processor's seconds for one.
"""

from __future__ import annotations

import ctypes
import json
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import llama_cpp


class Straight:
    """A model and its context, set up as the engine sets them up."""

    def __init__(self, file: Path, threads: int, batch: int, context: int) -> None:
        self._batch = batch
        model = llama_cpp.llama_model_load_from_file(str(file).encode(), llama_cpp.llama_model_default_params())
        params = llama_cpp.llama_context_default_params()
        params.n_ctx, params.n_batch, params.n_ubatch = context, batch, batch
        params.n_threads = params.n_threads_batch = threads
        params.flash_attn_type = llama_cpp.LLAMA_FLASH_ATTN_TYPE_DISABLED
        self._context: Any = llama_cpp.llama_init_from_model(model, params)
        self._sampler: Any = llama_cpp.llama_sampler_init_greedy()

    def generate(self, prompt: Sequence[int], tokens: int) -> Iterator[int]:
        """The likeliest tokens after a prompt, which is read from its beginning."""
        llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(self._context), False)
        for start in range(0, len(prompt), self._batch):
            self._decode(prompt[start : start + self._batch])
        for number in range(tokens):
            token = llama_cpp.llama_sampler_sample(self._sampler, self._context, -1)
            yield token
            if number + 1 < tokens:
                self._decode([token])

    def _decode(self, tokens: Sequence[int]) -> None:
        array = (ctypes.c_int32 * len(tokens))(*tokens)  # the batch points into it
        assert llama_cpp.llama_decode(self._context, llama_cpp.llama_batch_get_one(array, len(tokens))) == 0


def main(file: str, *numbers: str) -> None:
    """Answer prompts until there are no more."""
    threads, batch, context, tokens = map(int, numbers)
    silence = llama_cpp.llama_log_callback(lambda *_: None)
    llama_cpp.llama_log_set(silence, None)
    straight = Straight(Path(file), threads, batch, context)
    for line in sys.stdin:
        times = [(time.monotonic(), time.process_time()) for _ in straight.generate(json.loads(line), tokens)]
        (began, working), (ended, done) = times[0], times[-1]
        print(json.dumps([(tokens - 1) / (ended - began), (done - working) / (tokens - 1)]), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])

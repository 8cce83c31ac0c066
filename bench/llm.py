"""What it costs to run a model in a process of its own: `python -m bench.llm [--parameters MILLIONS] [--json]`.

A model of random weights is made at a real size. The engine and llama.cpp's own functions generate with it in turn, on
the same threads; then come a second question about the same passages, a hundred cancels, and an owner that is searched
while the model reads a prompt.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.calibration import REFERENCE, calibrate
from bench.owner import CLIENTS, cpu_seconds, many
from bench.random_model import write_model
from bench.speed import sample_queries
from exocortex.assets import bundled
from exocortex.config import Config, add_folder, load, set_text
from exocortex.core.events import Retrieved, Token
from exocortex.core.turns import Sampling, Turn
from exocortex.engines.llama import LlamaModel
from exocortex.engines.llama.child import BATCH, NICE
from exocortex.starting import end_owner, reach_owner
from exocortex.storage.models import Models

ROUNDS, TOKENS = 9, 64
QUESTIONS = 3
CANCELS = 100
CONTEXT = 4096
PASSAGES = "The heron stood in the harbour while the tide went out. " * 24
ASKED = "How much notice do we have to give before moving out?"
"""Of the sample vault, whose passages fill the context."""

TARGETS = {
    "engine ÷ llama.cpp": "≥ 0.95",
    "first token, second ÷ first": "≤ 0.35",
    "cancel: caller free, longest (s)": "≤ 0.1",
    "cancel: last token after it, longest (s)": "≤ 0.5",
    "cancel: model free, longest (s)": "≤ 2",
    "p95 while a prompt is read against idle": "≤ 2.5",
}


def main() -> None:
    """Make the model, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parameters", type=int, default=300, help="millions, at least")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="exo-bench-") as work:
        figures = measure(Path(work), options.parameters * 1_000_000)
    if options.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:48} {value:<12,.4g} {TARGETS.get(name, '')}".rstrip())


def measure(work: Path, parameters: int) -> dict[str, float]:
    """Every figure, in the order it is taken."""
    threads = max(1, len(os.sched_getaffinity(0)) - 1)
    figures = {f"calibrator: {name}": value for name, value in calibrate().items()}
    figures |= {f"reference: {name}": value for name, value in REFERENCE.items()}
    file = work / "random.gguf"
    figures |= {"parameters (M)": write_model(file, parameters, context=CONTEXT) / 1e6, "threads": threads}
    with closing(LlamaModel(file, "random", "f", context=CONTEXT, threads=threads, log=work / "llama.log")) as model:
        figures |= _generation(model, file)
        figures |= _second_question(model)
        figures |= _cancels(model)
    return figures | _searches(file, work)


@dataclass(frozen=True, slots=True)
class Pace:
    """Of generating, from the first token on."""

    rate: float
    """Tokens a second."""
    work: float
    """Seconds of the processor for a token, which other programs hardly touch."""


def _generation(model: LlamaModel, file: Path) -> dict[str, float]:
    """Both in turn, each as often first as second; what is compared is always of the same round."""
    ours, theirs = [], []
    with _straight(file, model.threads) as straight:
        for number in range(ROUNDS):
            turns = [Turn("user", f"{number} {PASSAGES[:150]}")]
            prompt = model.prompt(turns)
            if number % 2:
                theirs.append(straight(prompt))
            ours.append(_paced(model, turns))
            if not number % 2:
                theirs.append(straight(prompt))
    return {
        "engine (tokens/s)": statistics.median(one.rate for one in ours),
        "llama.cpp (tokens/s)": statistics.median(one.rate for one in theirs),
        "engine ÷ llama.cpp": statistics.median(a.rate / b.rate for a, b in zip(ours, theirs, strict=True)),
        "processor a token, engine ÷ llama.cpp": statistics.median(
            a.work / b.work for a, b in zip(ours, theirs, strict=True)
        ),
    }


def _paced(model: LlamaModel, turns: Sequence[Turn]) -> Pace:
    pieces = model.reply(turns, Sampling(most_tokens=TOKENS), threading.Event())
    next(pieces)
    assert model.process is not None
    before = cpu_seconds(model.process)
    for _ in pieces:
        pass
    took = model.took
    assert took is not None
    assert took.tokens == TOKENS
    assert took.first_seconds is not None
    work = cpu_seconds(model.process) - before
    return Pace((TOKENS - 1) / (took.seconds - took.first_seconds), work / (TOKENS - 1))


@contextmanager
def _straight(file: Path, threads: int) -> Iterator[Callable[[Sequence[int]], Pace]]:
    """Generates without the engine, in a process that gives way to others as the engine's does."""
    numbers = map(str, (threads, BATCH, CONTEXT, TOKENS))
    command = ["nice", "-n", str(NICE), sys.executable, "-m", "bench.llm_straight", str(file), *numbers]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        stdin, stdout = process.stdin, process.stdout

        def paced(prompt: Sequence[int]) -> Pace:
            stdin.write(json.dumps(prompt) + "\n")
            stdin.flush()
            return Pace(*json.loads(stdout.readline()))

        yield paced
        stdin.close()


def _second_question(model: LlamaModel) -> dict[str, float]:
    """Seconds until the first token of a question, and of another one about the same passages."""
    first: list[float] = []
    second: list[float] = []
    for number in range(QUESTIONS):
        for times, question in ((first, "Where was the heron?"), (second, "What did the tide do?")):
            for _ in model.reply(_asked(number, question), Sampling(most_tokens=2), threading.Event()):
                pass
            assert model.took is not None
            assert model.took.first_seconds is not None
            times.append(model.took.first_seconds)
    one, other = statistics.median(first), statistics.median(second)
    return {
        "first token, first question (s)": one,
        "first token, second question (s)": other,
        "first token, second ÷ first": other / one,
    }


def _asked(number: int, question: str) -> list[Turn]:
    """The question and its passages, which begin unlike those of any other number."""
    return [Turn("system", "Be brief."), Turn("user", f"{number} {PASSAGES}\n\n{question}")]


@dataclass(frozen=True, slots=True)
class Cancel:
    """Seconds from being told to stop."""

    caller: float
    """Until whoever asked goes on."""
    token: float
    """Until the last token; 0 if none came."""
    model: float
    """Until the model does something else."""


def _cancels(model: LlamaModel) -> dict[str, float]:
    """In a row, half of them while a prompt is read, half between tokens."""
    process = model.process
    done, killed = [], 0
    for number in range(CANCELS):
        turns = _asked(number, "Where?") if number % 2 else [Turn("user", f"{number}?")]
        done.append(_cancelled(model, turns, 0.05 + 0.4 * (number % 10) / 10))
        killed += process != model.process
        process = model.process
    return {
        "cancel: caller free, median (s)": statistics.median(one.caller for one in done),
        "cancel: caller free, longest (s)": max(one.caller for one in done),
        "cancel: last token after it, longest (s)": max(one.token for one in done),
        "cancel: model free, median (s)": statistics.median(one.model for one in done),
        "cancel: model free, longest (s)": max(one.model for one in done),
        "cancel: processes killed for it": killed,
    }


def _cancelled(model: LlamaModel, turns: Sequence[Turn], seconds: float) -> Cancel:
    """Told to stop after so many seconds."""
    stop, told = threading.Event(), [0.0]

    def tell() -> None:
        told[0] = time.monotonic()
        stop.set()

    threading.Timer(seconds, tell).start()
    last = 0.0
    for _ in model.reply(turns, Sampling(most_tokens=CONTEXT), stop):
        last = time.monotonic()
    caller = time.monotonic()
    model.count(["x"])
    return Cancel(caller - told[0], max(0.0, last - told[0]), time.monotonic() - told[0])


def _searches(file: Path, work: Path) -> dict[str, float]:
    """Clients of an owner, before and after the model reads a prompt, and meanwhile."""
    root = work / "vault"
    shutil.copytree(bundled("vault"), root)
    environ = {**os.environ, "EXO_HOME": str(work / "home")}
    config = _with_model(add_folder(load(environ), root).config, file, environ)
    queries, name = sample_queries(root), f"{CLIENTS} clients, hybrid (ms): p95"
    client = reach_owner(config, environ, lambda _: None)
    try:
        for _ in client.index.run():
            pass
        before = many(config, environ, queries)[name]
        with _reading(config, environ) as said:
            busy = many(config, environ, queries)[name]
            written = len(said)
        idle = statistics.mean((before, many(config, environ, queries)[name]))
    finally:
        client.close()
        end_owner(config.home)
    figures = {f"idle: {name}": idle, f"while a prompt is read: {name}": busy}
    return figures | {"p95 while a prompt is read against idle": busy / idle, "tokens written meanwhile": written}


def _with_model(config: Config, file: Path, environ: dict[str, str]) -> Config:
    """The settings with the model added and in use."""
    for _ in Models(config.home).add(file, "random"):
        pass
    set_text(config, "model.name", "random")
    return load(environ)


@contextmanager
def _reading(config: Config, environ: dict[str, str]) -> Iterator[list[str]]:
    """A question whose prompt the model has begun to read; gives what it has written, stops it in the end."""
    stop, begun = threading.Event(), threading.Event()
    said: list[str] = []

    def ask() -> None:
        with reach_owner(config, environ, lambda _: None) as client:
            for event in client.answers.stream(ASKED, stop=stop):
                if isinstance(event, Retrieved):
                    assert event.sources
                    begun.set()
                if isinstance(event, Token):
                    said.append(event.text)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        assert begun.wait(60)
        yield said
    finally:
        stop.set()
        asking.join()


if __name__ == "__main__":
    main()

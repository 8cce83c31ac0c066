"""Reads awkward notes, each in a process of its own, and prints what came of it and what it cost, a JSON line each.

Run as a program: the case names are its arguments. A forked child's peak memory counts from what it was born with.
"""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from odd_notes import CASES

from exocortex.assets import bundled
from exocortex.bootstrap import BUNDLED_EMBEDDER
from exocortex.core.ports import TokenCounter
from exocortex.engines.wordpieces import WordPieceCounter
from exocortex.parsing import Unreadable, decode
from exocortex.parsing.frontmatter import read_frontmatter
from exocortex.reading import ReadJob, ReadNote, read_note
from exocortex.storage.vault import FileStat

PATIENCE = 120.0
MAX_BYTES = 5_000_000
WARM_UP = b"---\ntags: [a]\n---\n# Title\n\nA [[link]] and a `code`.\n\n- [ ] task\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one note."""

    name: str
    seconds: float
    """Of processor time, which other work on the machine doesn't lengthen."""
    extra_mb: float
    reason: str | None
    chunks: int
    whole: bool
    """The chunks, in order, are the text to the last character, and their lines go up."""
    body: bool
    """The word that every case with a body holds is in a chunk."""
    warnings: tuple[str, ...]
    properties: int
    property_bytes: int
    front_seconds: float
    """Of these, for the frontmatter alone."""


def measure(name: str, count: TokenCounter, folder: Path) -> Outcome:
    """Read one case."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    job = written(name, folder)
    began = time.process_time()
    result = read_note(job, count)
    seconds = time.process_time() - began
    extra = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    return outcome(name, result, seconds, extra, front_seconds(job))


def written(name: str, folder: Path) -> ReadJob:
    """The case's file on disk, by a process whose memory doesn't count."""
    path = folder / f"{name}.md"
    if (child := os.fork()) == 0:
        CASES[name](path)
        os._exit(0)
    os.waitpid(child, 0)
    status = path.stat()
    file = FileStat(path.name, path.name, status.st_size, status.st_mtime_ns, status.st_ino, status.st_ctime_ns)
    return ReadJob(1, "notes", folder, file, None, None, MAX_BYTES)


def front_seconds(job: ReadJob) -> float:
    """Processor time that the frontmatter takes by itself; 0 for what is no text."""
    text = decoded(job)
    began = time.process_time()
    if text is not None:
        read_frontmatter(text)
    return time.process_time() - began


def decoded(job: ReadJob) -> str | None:
    """The file as text; None if it is too large or isn't any."""
    try:
        return decode((job.root / job.file.raw).read_bytes()) if job.file.size <= MAX_BYTES else None
    except Unreadable:
        return None


def outcome(name: str, result: ReadNote, seconds: float, extra: float, front: float) -> Outcome:
    """The result in a line."""
    text = "".join(chunk.text for chunk in result.chunks)
    lines = [line for chunk in result.chunks for line in (chunk.first_line, chunk.last_line)]
    properties = result.note.properties if result.note else ()
    return Outcome(
        name,
        seconds,
        extra,
        result.reason,
        len(result.chunks),
        whole=text == decoded(result.job) and lines == sorted(lines),
        body="heron" in text,
        warnings=result.note.warnings if result.note else (),
        properties=len(properties),
        property_bytes=sum(len(value) for _, value in properties),
        front_seconds=front,
    )


def in_a_child(name: str, count: TokenCounter, folder: Path) -> str:
    """The outcome as JSON, or an error after a crash or when patience ends."""
    out, into = os.pipe()
    if (child := os.fork()) == 0:
        os.write(into, json.dumps(asdict(measure(name, count, folder))).encode())
        os._exit(0)
    os.close(into)
    ready, _, _ = select.select([out], [], [], PATIENCE)
    if not ready:
        os.kill(child, signal.SIGKILL)
    line = os.read(out, 1 << 16).decode()
    os.close(out)
    os.waitpid(child, 0)
    return line or json.dumps({"name": name, "error": f"killed after {PATIENCE:g} s" if not ready else "it crashed"})


def main(names: list[str]) -> None:
    """Warm up, then one case after the other."""
    count = WordPieceCounter(bundled(f"models/{BUNDLED_EMBEDDER}") / "tokenizer.json")
    with tempfile.TemporaryDirectory() as place:
        CASES["warm up"] = lambda path: path.write_bytes(WARM_UP)
        read_note(written("warm up", Path(place)), count)
        for name in names:
            sys.stdout.write(in_a_child(name, count, Path(place)) + "\n")
            sys.stdout.flush()
            (Path(place) / f"{name}.md").unlink()


if __name__ == "__main__":
    main(sys.argv[1:])

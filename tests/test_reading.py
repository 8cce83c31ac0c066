"""Reading turns bytes into notes, or says why not, here and in worker processes; one bad file costs no other."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from pathlib import Path

import pytest
from vaults import Vault

from exocortex.core.lines import line_starts
from exocortex.engines.hash_embedder import WordCounter
from exocortex.reading import WORTH_WORKERS, ReadJob, read_note, read_notes
from exocortex.storage.vault import FileStat

MEGABYTE = 1_000_000


def job(vault: Vault, path: str, *, row: int = 1, known: str | None = None, max_bytes: int = 5 * MEGABYTE) -> ReadJob:
    stat = (vault.root / path).lstat()
    file = FileStat(path, path, stat.st_size, stat.st_mtime_ns, stat.st_ino, stat.st_ctime_ns)
    return ReadJob(row, "notes", vault.root, file, None, known, max_bytes)


class Murderer:
    """A counter that takes its whole process down when it meets a certain word."""

    def __init__(self, pid: int) -> None:
        self.spared = pid

    def __call__(self, texts: Sequence[str]) -> list[int]:
        if os.getpid() != self.spared and any("poison" in text for text in texts):
            os.kill(os.getpid(), signal.SIGKILL)
        return [len(text.split()) for text in texts]


def stumbling(texts: Sequence[str]) -> list[int]:
    """A counter with a mistake in it."""
    raise IndexError(texts)


def test_a_note_comes_with_chunks_that_are_the_whole_of_it(vault: Vault) -> None:
    text = "---\ntags: [x]\n---\n# Title\n\nOne.\n\n## Two\n\nTwo.\r\n"
    vault.write("a.md", text)
    result = read_note(job(vault, "a.md"), WordCounter())
    assert result.note is not None
    assert result.reason is None
    assert (result.note.title, result.note.tags) == ("Title", ("x",))
    assert "".join(chunk.text for chunk in result.chunks) == text
    assert result.chunks[-1].last_line == len(line_starts(text.rstrip()))
    assert (result.note.text, result.note.blocks) == ("", ())


def test_a_known_file_is_not_taken_apart_again(vault: Vault) -> None:
    vault.write("a.md", "# Title\n")
    digest = read_note(job(vault, "a.md"), WordCounter()).digest
    again = read_note(job(vault, "a.md", known=digest), stumbling)
    assert (again.note, again.reason, again.changing, again.digest) == (None, None, False, digest)


@pytest.mark.parametrize(
    ("content", "reason"),
    [(bytes(range(256)) * 20, "binary data"), (b"x" * 1001, "larger than 0.001 MB (0.0 MB)")],
)
def test_what_is_no_note_is_given_a_reason(vault: Vault, content: bytes, reason: str) -> None:
    vault.write("a.md", content)
    limit = 1000 if len(content) == 1001 else MEGABYTE
    result = read_note(job(vault, "a.md", max_bytes=limit), WordCounter())
    assert result.reason == reason
    assert result.note is None


def test_a_file_gone_since_the_scan_is_left_to_the_next(vault: Vault) -> None:
    vault.write("a.md", "x")
    gone = job(vault, "a.md")
    vault.remove("a.md")
    result = read_note(gone, WordCounter())
    assert result.changing
    assert result.reason is None


def test_a_mistake_in_our_own_code_costs_one_note(vault: Vault) -> None:
    vault.write("a.md", "x")
    assert read_note(job(vault, "a.md"), stumbling).reason == "its text could not be taken apart (IndexError)"


def test_a_file_just_written_will_look_changed_to_the_next_scan(vault: Vault) -> None:
    vault.write("a.md", "x")
    assert read_note(job(vault, "a.md"), WordCounter()).file.ctime_ns == 0


def test_a_file_dated_in_the_future_is_not_read_for_ever(vault: Vault) -> None:
    from vaults import settle

    file = vault.write("a.md", "x")
    os.utime(file, (4e9, 4e9))
    settle()
    assert read_note(job(vault, "a.md"), WordCounter()).file.ctime_ns == file.stat().st_ctime_ns


def test_workers_give_the_same_as_reading_here_in_the_same_order(vault: Vault) -> None:
    for number in range(90):
        vault.write(f"{number}.md", f"# Note {number}\n\n" + f"word{number} and others. " * 60)
    jobs = [job(vault, f"{number}.md", row=number) for number in range(90)]
    padded = [*jobs, big(vault)]
    here = list(read_notes(padded, WordCounter(), workers=1))
    there = list(read_notes(padded, WordCounter(), workers=2))
    assert [one.job.row for one in there] == [one.row for one in padded]
    assert [(one.note, one.chunks, one.digest) for one in there] == [(one.note, one.chunks, one.digest) for one in here]


def test_the_note_that_kills_its_reader_is_skipped_and_the_others_are_read(vault: Vault) -> None:
    for number in range(6):
        vault.write(f"{number}.md", "poison" if number == 2 else f"fine {number}")
    jobs = [big(vault), *(job(vault, f"{number}.md", row=number) for number in range(6))]
    results = list(read_notes(jobs, Murderer(os.getpid()), workers=2))
    assert [one.job.row for one in results] == [99, 0, 1, 2, 3, 4, 5]
    reasons = {one.job.file.path: one.reason for one in results if one.reason}
    assert reasons == {"2.md": "reading it crashed the parser"}


def big(vault: Vault) -> ReadJob:
    """A file large enough that workers are started."""
    vault.write("big.txt", f"{'lorem ipsum ' * 5000}\n\n" * (WORTH_WORKERS // 60_000 + 1))
    return job(vault, "big.txt", row=99)


def test_an_undecodable_name_is_read_by_the_bytes_it_has(vault: Vault, tmp_path: Path) -> None:
    raw = os.fsdecode(b"cafe\xcc\x81.md")
    vault.write(raw, "x")
    stat = (vault.root / raw).lstat()
    file = FileStat("café.md", raw, stat.st_size, stat.st_mtime_ns, stat.st_ino, stat.st_ctime_ns)
    result = read_note(ReadJob(1, "notes", vault.root, file, None, None, MEGABYTE), WordCounter())
    assert result.note is not None
    assert result.note.title == "café"
    assert result.file.path == "café.md"

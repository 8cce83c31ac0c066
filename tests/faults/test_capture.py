"""T9, T11, T30, T31: a captured text that was acknowledged is there, once, whatever fails, dies or happens at once."""

from __future__ import annotations

import itertools
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

import pytest
from processes import EXO, Place, need

from exocortex.capturing import Captured, deliver
from exocortex.config import Config, Folder
from exocortex.core.ulid import ULID

IN_A_LOOP = """
import sys
from datetime import datetime
from pathlib import Path
from exocortex.capturing import capture
from exocortex.config import Config, Folder
config = Config(Path(sys.argv[1]), (Folder("vault", Path(sys.argv[2])),))
for number in range(int(sys.argv[3])):
    captured = capture(config, sys.argv[4], datetime.now().astimezone())
    assert captured.delivered, captured.reason
    print(captured.ulid, captured.path, flush=True)
"""
CALLS = ("fsync", "rename", "linkat", "unlinkat", "unlink", "mkdir", "mkdirat", "flock")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A home that knows one empty folder of notes."""
    return _place(tmp_path)


def _place(root: Path) -> Place:
    place = Place(root)
    place.vault.mkdir(parents=True)
    place.home.mkdir(mode=0o700)
    (place.home / "config.toml").write_text(f'[[folders]]\nname = "vault"\npath = "{place.vault}"\n')
    return place


def _deliver(place: Place) -> list[Captured]:
    return deliver(Config(place.home, (Folder("vault", place.vault),)))


def _loop(place: Place, times: int, text: str = "the same title") -> list[str]:
    return [sys.executable, "-c", IN_A_LOOP, str(place.home), str(place.vault), str(times), text]


def _notes(place: Place) -> Counter[str]:
    """How many whole notes bear each ULID."""
    found: Counter[str] = Counter()
    for path in place.vault.rglob("*"):
        if path.is_file():
            text = path.read_text()
            assert text.endswith("\n")
            match = re.search(rf"^id: ({ULID.pattern})$", text, re.MULTILINE)
            assert match, path
            found[match[1]] += 1
    return found


def _run(command: Iterable[str], place: Place, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    ended = subprocess.run(
        list(command), env=place.environ, input=stdin, capture_output=True, timeout=120, check=False, cwd="/"
    )
    assert b"Traceback" not in ended.stderr, ended.stderr.decode()
    return ended


def test_a_thousand_of_the_same_name_from_eight_processes_are_a_thousand_notes(place: Place) -> None:
    began = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        ended = list(pool.map(lambda _: _run(_loop(place, 125), place), range(8)))
    assert [one.returncode for one in ended] == [0] * 8
    assert time.monotonic() - began < 60
    notes = _notes(place)
    assert (len(notes), set(notes.values())) == (1000, {1})
    assert {path.parent for path in place.vault.rglob("*.md")} == {place.vault / "Inbox"}
    said = {line.split(maxsplit=1)[1] for one in ended for line in one.stdout.decode().splitlines()}
    assert said == {str(path) for path in place.vault.rglob("*.md")}
    assert os.listdir(place.vault / "Inbox") == [path for path in os.listdir(place.vault / "Inbox") if path[0] != "."]
    assert (_deliver(place), os.listdir(place.home / "journal")) == ([], [])


@pytest.mark.parametrize("seed", range(4))
def test_every_acknowledged_capture_of_a_killed_burst_is_there_once(place: Place, seed: int) -> None:
    random = Random(seed)
    jobs = [subprocess.Popen(_loop(place, 1000), stdout=subprocess.PIPE, env=place.environ) for _ in range(2)]
    for job in jobs:
        assert job.stdout is not None
        acknowledged = [job.stdout.readline() for _ in range(random.randrange(1, 40))]
        assert all(acknowledged)
    time.sleep(random.random() / 50)
    said = set()
    for job in jobs:
        job.send_signal(signal.SIGKILL)
        assert job.stdout is not None
        said |= {line.split()[0].decode() for line in job.stdout.read().splitlines() if line.endswith(b".md")}
        job.stdout.close()
        job.wait()
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: _deliver(place), range(3)))
    notes = _notes(place)
    assert said <= set(notes)
    assert set(notes.values()) == {1}
    assert _deliver(place) == []
    assert not list(place.vault.rglob(".exo-*"))


@pytest.mark.parametrize("call", CALLS)
def test_a_kill_at_any_call_loses_nothing_that_was_acknowledged(tmp_path: Path, call: str) -> None:
    for number in itertools.count(1):
        place = _place(tmp_path / str(number))
        strace = [need("strace"), "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}"]
        ended = _run([*strace, "-e", f"inject={call}:signal=KILL:when={number}", *_loop(place, 2)], place)
        waiting = len(list((place.home / "journal").glob("*.json"))) if (place.home / "journal").exists() else 0
        said = {line.split()[0].decode() for line in ended.stdout.splitlines()}
        done = [one for one in _deliver(place) if one.delivered]
        assert len(done) == waiting
        notes = _notes(place)
        assert said <= set(notes)
        assert set(notes.values()) <= {1}
        assert not list(place.vault.rglob(".exo-*"))
        if ended.returncode == 0:
            assert len(said) == 2
            return
        assert ended.returncode in (-9, 137)


@pytest.mark.parametrize("call", [call for call in CALLS if call != "flock"])
@pytest.mark.parametrize("error", ["EIO", "ENOSPC", "EROFS"])
def test_a_failing_call_keeps_the_text_or_gives_it_back(tmp_path: Path, call: str, error: str) -> None:
    for number in itertools.count(1):
        place = _place(tmp_path / str(number))
        log = place.root / "log"
        strace = [need("strace"), "-f", "-qq", "-o", str(log), "-e", f"trace={call}"]
        inject = ["-e", f"inject={call}:error={error}:when={number}"]
        ended = _run([*strace, *inject, *EXO, "capture", "a", "thought"], place)
        notes = _notes(place)
        waits = list((place.home / "journal").glob("*.json")) if (place.home / "journal").exists() else []
        if ended.returncode == 0:
            assert len(notes) == 1 or waits
            assert bool(ended.stdout) == (len(notes) == 1 and b"not a note yet" not in ended.stderr)
        else:
            assert (ended.returncode, ended.stdout) == (2, b"")
            assert ended.stderr.startswith(b"a thought\n")
        _deliver(place)
        assert set(_notes(place).values()) == ({1} if notes or waits else set())
        assert not list(place.vault.rglob(".exo-*"))
        if "(INJECTED)" not in log.read_text():
            return


def test_where_there_are_no_hard_links_a_torn_note_is_completed(place: Place) -> None:
    """Killed while the note itself is being written, which only happens there."""
    strace = [need("strace"), "-f", "-qq", "-o", "/dev/null", "-e", "trace=linkat,fsync"]
    inject = ["-e", "inject=linkat:error=EPERM:when=1+"]
    whole = _run([*strace, *inject, *_loop(place, 1)], place)
    assert whole.returncode == 0
    assert len(_notes(place)) == 1
    for number in range(1, 12):
        _run([*strace, *inject, "-e", f"inject=fsync:signal=KILL:when={number}", *_loop(place, 1)], place)
        _deliver(place)
        assert set(_notes(place).values()) == {1}


def test_a_folder_that_is_full_keeps_the_text_until_it_is_not(place: Place) -> None:
    script = f"""
mount -t tmpfs -o size=1m tmpfs {place.vault}
head -c 2000000 /dev/zero > {place.vault}/ballast 2>/dev/null
"$@" "what was kept"; echo "code $?"
find {place.vault} -type f | wc -l
rm {place.vault}/ballast
"$@" "what came next" >/dev/null; cat {place.vault}/Inbox/*
"""
    ended = _run([need("unshare"), "-rm", "sh", "-c", script, "sh", *EXO, "capture"], place)
    shown = ended.stdout.decode()
    assert shown.startswith("code 0\n1\n---\n")
    assert sorted(line for line in shown.splitlines() if line.startswith("what")) == ["what came next", "what was kept"]
    assert "No space left" in ended.stderr.decode()
    assert "kept earlier is a note now" in ended.stderr.decode()
    assert os.listdir(place.home / "journal") == []


def test_a_home_that_is_full_gives_the_text_back(place: Place) -> None:
    script = f"""
cp {place.home}/config.toml {place.root}/
mount -t tmpfs -o size=1m tmpfs {place.home}; chmod 700 {place.home}; cp {place.root}/config.toml {place.home}/
head -c 2000000 /dev/zero > {place.home}/ballast 2>/dev/null
"$@" capture --json "worth keeping"; echo "code $?"; "$@" capture "worth keeping"; echo "code $?"
find {place.home}/journal -type f
"""
    ended = _run([need("unshare"), "-rm", "sh", "-c", script, "sh", *EXO], place)
    assert ended.stdout.decode() == "code 2\ncode 2\n"
    text, error, *others = ended.stderr.decode().splitlines()
    assert json.loads(text)["text"] == "worth keeping"
    assert json.loads(error)["error"]["kind"] == "journal"
    assert others[0] == "worth keeping"
    assert "No space left" in others[1]
    assert _notes(place) == Counter()


@pytest.mark.parametrize("what", ["vault", "home"])
def test_a_read_only_disk(place: Place, what: str) -> None:
    disk = place.root / what
    script = f'mount --bind {disk} {disk}; mount -o remount,bind,ro {disk}; exec "$@"'
    ended = _run([need("unshare"), "-rm", "sh", "-c", script, "sh", *EXO, "capture", "worth keeping"], place)
    assert (ended.returncode, ended.stdout) == ((0, b"") if what == "vault" else (2, b""))
    if what == "vault":
        assert b"can't be written to" in ended.stderr
        assert [one.delivered for one in _deliver(place)] == [True]
    else:
        assert ended.stderr.startswith(b"worth keeping\n")
        assert b"ead-only" in ended.stderr


def test_it_is_on_disk_before_it_is_said(place: Place) -> None:
    """Each prefix of what the process did, without what was not synced by then: once said, the text is there."""
    log = place.root / "log"
    calls = "trace=fsync,rename,linkat,unlink,unlinkat,write"
    strace = [need("strace"), "-f", "-y", "-qq", "-s", "300", "-o", str(log), "-e", calls]
    (place.vault / "Inbox").mkdir()
    ended = _run([*strace, *EXO, "capture", "worth keeping"], place)
    (note,) = (place.vault / "Inbox").iterdir()
    assert ended.stdout.decode() == f"{note}\n"
    disk = _Disk(place, note)
    safe_when_said: list[bool] = []
    for line in log.read_text().splitlines():
        if re.search(r"write\(\d+<[^>]*>, \"" + re.escape(str(note)), line) or safe_when_said:
            safe_when_said.append(disk.is_safe())
        disk.see(line)
    assert disk.seen >= {"journal file", "journal folder", "note file", "note folder"}
    assert safe_when_said
    assert all(safe_when_said)
    order = [disk.when[what] for what in ("journal file", "journal folder", "note file", "note folder", "dropped")]
    assert order == sorted(order)


class _Disk:
    """What a power cut leaves: files that were synced, under names whose folder was synced after they got them."""

    def __init__(self, place: Place, note: Path) -> None:
        self._journal, self._inbox, self._note = str(place.home / "journal"), str(note.parent), note.name
        self.when: dict[str, int] = {}
        self._lines = 0
        self._named: set[str] = set()

    @property
    def seen(self) -> set[str]:
        """The steps that were taken."""
        return set(self.when)

    def is_safe(self) -> bool:
        """Whether the journal's file or the note is sure to be there; what was unlinked may be gone at once."""
        kept = {"journal file", "journal folder"} <= self.seen and "dropped" not in self.seen
        return kept or {"note file", "note folder"} <= self.seen

    def see(self, line: str) -> None:
        """The next call."""
        self._lines += 1
        for what, pattern in {
            "journal file": rf"fsync\(\d+<{re.escape(self._journal)}/\.exo-",
            "note file": rf"fsync\(\d+<{re.escape(self._inbox)}/\.exo-",
            "dropped": rf'unlink\("{re.escape(self._journal)}/[^"]*\.json"',
        }.items():
            if re.search(pattern, line):
                self.when.setdefault(what, self._lines)
        if re.search(rf'rename\(.*"{re.escape(self._journal)}/[^"]*\.json"\)', line):
            self._named.add("journal folder")
        if "linkat(" in line and self._note in line:
            self._named.add("note folder")
        for what, folder in (("journal folder", self._journal), ("note folder", self._inbox)):
            if what in self._named and re.search(rf"fsync\(\d+<{re.escape(folder)}>\)", line):
                self.when.setdefault(what, self._lines)

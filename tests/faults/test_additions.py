"""T9, T11, T12, T31 for texts added to a note: once each, nothing else of it changed, whoever dies or saves."""

from __future__ import annotations

import itertools
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

import pytest
from processes import EXO, WITHOUT_PRIVILEGES, Place, need

from exocortex.capturing import Captured, deliver
from exocortex.config import Config, Folder

IN_A_LOOP = """
import sys
from datetime import datetime
from pathlib import Path
from exocortex.capturing import Destination, capture
from exocortex.config import Config, Folder
folder = Folder("vault", Path(sys.argv[2]))
config = Config(Path(sys.argv[1]), (folder,))
to = Destination(folder, "log.md", "Log", True, None)
for number in range(int(sys.argv[3])):
    captured = capture(config, sys.argv[4].replace("N", str(number)), datetime.now().astimezone(), to=to)
    assert captured.delivered and captured.appended, captured
    print(number, flush=True)
"""
START = b"# Log\n\nbefore\n\n# Other\n\nmine\n"
CALLS = ("fsync", "rename", "renameat2", "unlinkat", "unlink", "fchmod", "flock")
SAME = "same"
"""A text that is captured again and again, so that only how often it is there tells."""


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A vault of one note, which the home knows."""
    return _place(tmp_path)


def _place(root: Path) -> Place:
    place = Place(root)
    place.vault.mkdir(parents=True)
    place.home.mkdir(mode=0o700)
    (place.vault / "log.md").write_bytes(START)
    (place.home / "config.toml").write_text(f'[[folders]]\nname = "vault"\npath = "{place.vault}"\n')
    return place


def _deliver(place: Place) -> list[Captured]:
    return deliver(Config(place.home, (Folder("vault", place.vault),)))


def _loop(place: Place, times: int, text: str) -> list[str]:
    return [sys.executable, "-c", IN_A_LOOP, str(place.home), str(place.vault), str(times), text]


def _run(command: Sequence[str], place: Place, *, code: int | None = None) -> subprocess.CompletedProcess[bytes]:
    ended = subprocess.run(command, env=place.environ, capture_output=True, timeout=120, check=False, cwd="/")
    assert b"Traceback" not in ended.stderr, ended.stderr.decode()
    assert code is None or ended.returncode == code, ended.stderr.decode()
    return ended


def _items(place: Place) -> Counter[str]:
    """The items in the note, and that nothing else of it has changed."""
    lines = (place.vault / "log.md").read_text().splitlines(keepends=True)
    items = [line for line in lines if re.match(r"- \d\d:\d\d ", line)]
    rest = [line for line in lines if line not in items]
    assert "".join(rest).replace("\n\n\n", "\n\n").encode() == START
    return Counter(re.sub(r"^- \d\d:\d\d ", "", item).rstrip("\n") for item in items)


def _waiting(place: Place) -> int:
    return len(list((place.home / "journal").glob("*.json")))


def test_eight_processes_into_one_note_lose_nothing_and_repeat_nothing(place: Place) -> None:
    texts = [f"worker {worker} text N" for worker in range(8)]
    with ThreadPoolExecutor(8) as pool:
        ended = list(pool.map(lambda text: _run(_loop(place, 20, text), place), texts))
    assert [one.returncode for one in ended] == [0] * 8, ended[0].stderr.decode()
    wanted = {text.replace("N", str(number)) for text in texts for number in range(20)}
    assert _items(place) == Counter(wanted)
    assert (_waiting(place), list(place.vault.rglob(".exo-*"))) == (0, [])


@pytest.mark.parametrize("way", ["replace", "in place"])
def test_eight_processes_beside_an_editor_that_saves(place: Place, way: str) -> None:
    note = place.vault / "log.md"
    stop = threading.Event()
    saved: list[str] = []
    editor = threading.Thread(target=_save_again_and_again, args=(note, way, stop, saved))
    editor.start()
    texts = [f"worker {worker} text N" for worker in range(8)]
    try:
        with ThreadPoolExecutor(8) as pool:
            ended = list(pool.map(lambda text: _run(_loop(place, 10, text), place), texts))
    finally:
        stop.set()
        editor.join()
    assert [one.returncode for one in ended] == [0] * 8, [one.stderr.decode() for one in ended]
    assert len(saved) > 10
    text = note.read_text()
    for line in (*saved, *(text.replace("N", str(number)) for text in texts for number in range(10))):
        assert text.count(f"{line}\n") == 1, line
    assert not list(place.vault.rglob(".exo-*"))


def _save_again_and_again(note: Path, way: str, stop: threading.Event, saved: list[str]) -> None:
    """An editor that reads the note before each save, and looks, as good ones do, whether it changed meanwhile."""
    for number in itertools.count():
        if stop.wait(0.03):
            return
        line = f"by the editor {number}."
        if way == "replace":
            _replace_if_unchanged(note, line)
        else:
            with note.open("a") as file:
                file.write(f"{line}\n")
        if line in note.read_text():
            saved.append(line)


def _replace_if_unchanged(note: Path, line: str) -> None:
    """By the same exchange that keeps others' saves: a plain rename would itself lose what we append."""
    from exocortex.storage.writing import edit

    edit(note.parent, note.name, lambda data: data + f"{line}\n".encode(), note.parent.parent / "editor")


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("text", ["text N", SAME])
def test_every_acknowledged_text_of_a_killed_burst_is_there_once(place: Place, seed: int, text: str) -> None:
    """The same text from all processes, too: which of them it came from is nowhere in the note."""
    random = Random(seed)
    texts = [f"{worker} {text}" if text != SAME else text for worker in range(3)]
    jobs = [subprocess.Popen(_loop(place, 1000, one), stdout=subprocess.PIPE, env=place.environ) for one in texts]
    said = 0
    for job in jobs:
        assert job.stdout is not None
        for _ in range(random.randrange(1, 20)):
            said += bool(job.stdout.readline())
    time.sleep(random.random() / 50)
    for job in jobs:
        job.send_signal(signal.SIGKILL)
    for job in jobs:
        assert job.stdout is not None
        said += job.stdout.read().count(b"\n")
        job.stdout.close()
        job.wait()
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: _deliver(place), range(3)))
    items = _items(place)
    assert said <= items.total() <= said + len(jobs)
    if text != SAME:
        assert set(items.values()) == {1}
    assert (_deliver(place), _waiting(place), list(place.vault.rglob(".exo-*"))) == ([], 0, [])


@pytest.mark.parametrize("call", CALLS)
def test_a_kill_at_any_call_loses_nothing_and_repeats_nothing(tmp_path: Path, call: str) -> None:
    for number, place, ended in _each_kill(tmp_path, call):
        said = len(ended.stdout.splitlines())
        waiting = _waiting(place)
        assert len([one for one in _deliver(place) if one.delivered]) == waiting
        items = _items(place)
        assert items.total() in (said, said + 1), (call, number)
        assert not list(place.vault.rglob(".exo-*"))


@pytest.mark.parametrize("call", ["fsync", "rename", "renameat2", "unlinkat", "unlink"])
def test_a_save_between_a_kill_and_the_replay_leaves_both(tmp_path: Path, call: str) -> None:
    for number, place, _ in _each_kill(tmp_path, call, same=False):
        note = place.vault / "log.md"
        waiting = _waiting(place)
        before = note.read_bytes()
        note.write_bytes(before.replace(b"mine", b"mine, changed"))
        _deliver(place)
        text = note.read_text()
        assert text.count("mine, changed\n") == 1
        note.write_text(text.replace("mine, changed", "mine"))
        items = _items(place)
        assert set(items.values()) <= {1}, (call, number)
        assert items.total() >= before.count(b" text ")
        assert items.total() >= waiting


def _each_kill(
    root: Path, call: str, *, same: bool = True
) -> Iterator[tuple[int, Place, subprocess.CompletedProcess[bytes]]]:
    """Two texts appended, killed at each time that a call is made."""
    for number in itertools.count(1):
        place = _place(root / str(number))
        strace = [need("strace"), "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}"]
        text = SAME if same else "text N"
        ended = _run([*strace, "-e", f"inject={call}:signal=KILL:when={number}", *_loop(place, 2, text)], place)
        yield number, place, ended
        if ended.returncode == 0:
            assert len(ended.stdout.splitlines()) == 2
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
        ended = _run([*strace, *inject, *EXO, "capture", "--to", "log#Log", "a", "thought"], place)
        if ended.returncode:
            assert ended.stderr.startswith(b"a thought\n")
        assert (place.vault / "log.md").read_text().count("a thought") + _waiting(place) >= (ended.returncode == 0)
        kept = (place.vault / "log.md").read_text().count("a thought") or _waiting(place)
        _deliver(place)
        text = (place.vault / "log.md").read_text()
        assert text.count("a thought\n") == (1 if kept else 0)
        assert text.replace("a thought\n\n", "").encode() == START
        assert not list(place.vault.rglob(".exo-*"))
        if "(INJECTED)" not in log.read_text():
            return


def test_a_disk_that_is_full_keeps_the_text_until_it_is_not(place: Place) -> None:
    script = f"""
cp {place.vault}/log.md {place.root}/
mount -t tmpfs -o size=1m tmpfs {place.vault}
cp {place.root}/log.md {place.vault}/
head -c 2000000 /dev/zero > {place.vault}/ballast 2>/dev/null
"$@" capture --to log "what was kept"; echo "code $?"; cmp {place.vault}/log.md {place.root}/log.md && echo untouched
rm {place.vault}/ballast
"$@" capture --to log "what came next" >/dev/null; tail -n 4 {place.vault}/log.md
"""
    ended = _run([need("unshare"), "-rm", "sh", "-c", script, "sh", *EXO], place)
    shown = ended.stdout.decode().splitlines()
    assert shown[:2] == ["code 0", "untouched"]
    assert sorted(line for line in shown if line.startswith("what")) == ["what came next", "what was kept"]
    assert "safe but not in its note yet" in ended.stderr.decode()
    assert "kept earlier is in its note now" in ended.stderr.decode()


def test_a_note_that_is_read_only_is_left_alone_until_it_is_not(place: Place) -> None:
    note = place.vault / "log.md"
    note.chmod(0o444)
    ended = _run([*WITHOUT_PRIVILEGES, *EXO, "capture", "--to", "log", "worth keeping"], place, code=0)
    assert (ended.stdout, note.read_bytes(), _waiting(place)) == (b"", START, 1)
    assert b"can't be written to" in ended.stderr
    note.chmod(0o644)
    assert [one.appended for one in _deliver(place)] == [True]
    assert note.read_bytes() == START + b"\nworth keeping\n"


def test_it_is_on_disk_before_it_is_said(place: Place) -> None:
    """The new version, its name and the journal's entry before it: each synced before anything is printed."""
    log = place.root / "log"
    strace = [
        need("strace"),
        "-f",
        "-y",
        "-qq",
        "-s",
        "300",
        "-o",
        str(log),
        "-e",
        "trace=fsync,renameat2,unlink,write",
    ]
    _run([*strace, *EXO, "capture", "--to", "log", "worth keeping"], place, code=0)
    vault, home = re.escape(str(place.vault)), re.escape(str(place.home))
    steps = (
        rf"fsync\(\d+<{home}/journal/\.exo-",
        rf"fsync\(\d+<{home}/journal>",
        rf"fsync\(\d+<{home}/backups/notes/\.exo-",
        rf"fsync\(\d+<{vault}/\.exo-",
        r"renameat2\(",
        rf"fsync\(\d+<{vault}>",
        rf'unlink\("{home}/journal/[^"]*\.json"',
        rf'write\(\d+<[^>]*>, "{vault}/log\.md',
    )
    lines = log.read_text().splitlines()
    places = [next(number for number, line in enumerate(lines) if re.search(step, line)) for step in steps]
    assert places == sorted(places)
    assert os.listdir(place.home / "journal") == []

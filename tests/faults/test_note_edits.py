"""T9, T10, T11, T12: an edit of a note succeeds whole or leaves the note as it was, whatever fails, dies or saves."""

from __future__ import annotations

import itertools
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from processes import Place, need

from exocortex.storage.undoing import changes, undo
from exocortex.storage.writing import edit_text, mend

OLD, NEW = b"one\n", b"one\nours\n"
EDIT = """
import sys
from pathlib import Path
from exocortex.core.errors import VaultError
from exocortex.storage.undoing import undo
from exocortex.storage.writing import create, edit_text
what, root, home = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
try:
    if what == "edit":
        edit_text(root, "note.md", lambda text: text + "ours\\n", home)
    elif what == "create":
        create(root, "a/new.md", b"one\\nours\\n", home)
    elif what.startswith("undo"):
        undo(home)
    else:
        for number in range(25):
            edit_text(root, "note.md", lambda text: f"{text}{what} {number}\\n", home)
    print("saved", flush=True)
except VaultError as error:
    sys.exit(f"{error.message} {error.hint}")
"""
CALLS = ("fsync", "renameat2", "rename", "renameat", "linkat", "unlinkat", "unlink", "fchmod", "flock", "mkdirat")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A vault with one note, and no home yet."""
    return _place(tmp_path)


def _place(root: Path) -> Place:
    place = Place(root)
    place.vault.mkdir(parents=True)
    (place.vault / "note.md").write_bytes(OLD)
    return place


def _command(place: Place, what: str = "edit") -> list[str]:
    return [sys.executable, "-c", EDIT, what, str(place.vault), str(place.home)]


def _run(command: list[str], place: Place) -> subprocess.CompletedProcess[bytes]:
    ended = subprocess.run(command, env=place.environ, capture_output=True, timeout=60, check=False)
    assert b"Traceback" not in ended.stderr, ended.stderr.decode()
    return ended


def _strace(place: Place, *injections: str) -> list[str]:
    calls = ",".join(one.partition(":")[0] for one in injections)
    options = [word for one in injections for word in ("-e", f"inject={one}")]
    return [need("strace"), "-f", "-qq", "-o", str(place.root / "log"), "-e", f"trace={calls}", *options]


def _hidden(place: Place) -> list[Path]:
    return list(place.vault.rglob(".exo-*"))


def _injected(place: Place) -> int:
    return (place.root / "log").read_text().count("(INJECTED)")


def _each_failure(
    root: Path, what: str, call: str, effect: str, *more: str
) -> Iterator[tuple[Place, subprocess.CompletedProcess[bytes]]]:
    """The command once for each time it makes a call, which fails that time; done when there are no more of them."""
    for number in itertools.count(1):
        place = _place(root / f"{call} {number}")
        if what == "undo an edit":
            edit_text(place.vault, "note.md", lambda text: text + "ours\n", place.home)
        elif what == "undo a creation":
            assert _run(_command(place, "create"), place).returncode == 0
        injection = f"{call}:{effect}:when={number}"
        ended = _run([*_strace(place, injection, *more), *_command(place, what)], place)
        # A killed call is in the log, though unfinished: what tells is how the process ended.
        if not (ended.returncode in (-9, 137) if "signal" in effect else f"{call}(" in _failures(place)):
            return
        yield place, ended


def _failures(place: Place) -> str:
    return "\n".join(line for line in (place.root / "log").read_text().splitlines() if "(INJECTED)" in line)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("error", ["EIO", "EROFS"])
def test_a_failing_call_leaves_the_note_or_edits_it(tmp_path: Path, call: str, error: str) -> None:
    for place, ended in _each_failure(tmp_path, "edit", call, f"error={error}"):
        note = (place.vault / "note.md").read_bytes()
        assert (ended.returncode, note) in {(0, NEW), (1, OLD)}, ended.stderr
        if call == "renameat2":
            assert (ended.returncode, b"can't be edited" in ended.stderr) == (1, True)
            assert [copy.read_bytes() for copy in place.home.rglob("*.note")] == [OLD]
        if call == "unlinkat":
            mend(place.home)
        assert _hidden(place) == []
        edit_text(place.vault, "note.md", lambda text: text + "again\n", place.home)
        assert (place.vault / "note.md").read_bytes() == note + b"again\n"


def test_the_test_above_reaches_every_step(tmp_path: Path) -> None:
    reached = {call: len(list(_each_failure(tmp_path, "edit", call, "error=EIO"))) for call in ("fsync", "renameat2")}
    assert reached["renameat2"] == 1
    assert reached["fsync"] >= 7


@pytest.mark.parametrize("call", ["fsync", "renameat2"])
def test_a_disk_that_fails_for_good_leaves_the_note(place: Place, call: str) -> None:
    assert _run([*_strace(place, f"{call}:error=EIO:when=1+"), *_command(place)], place).returncode == 1
    assert (place.vault / "note.md").read_bytes() == OLD
    assert _hidden(place) == []


@pytest.mark.parametrize("answer", ["EINVAL", "ENOSYS"])
@pytest.mark.parametrize("call", ["none", "fsync", "renameat"])
def test_where_names_cannot_be_exchanged(tmp_path: Path, call: str, answer: str) -> None:
    lacking = f"renameat2:error={answer}:when=1+"
    place = _place(tmp_path / "plain")
    assert _run([*_strace(place, lacking), *_command(place)], place).returncode == 0
    assert ((place.vault / "note.md").read_bytes(), _hidden(place)) == (NEW, [])
    if call == "none":
        return
    for broken, ended in _each_failure(tmp_path, "edit", call, "error=EIO", lacking):
        assert (ended.returncode, (broken.vault / "note.md").read_bytes()) in {(0, NEW), (1, OLD)}
        assert _hidden(broken) == []


def test_an_exchange_that_cannot_be_reversed_loses_nothing(place: Place) -> None:
    """The sync after the exchange fails, and then every exchange: the note's text is beside it until it is mended."""
    syncs = len([1 for _ in _each_failure(place.root / "count", "edit", "fsync", "error=EIO")])
    stuck = ("renameat2:error=EIO:when=2+", f"fsync:error=EIO:when={syncs - 1}+")
    ended = _run([*_strace(place, *stuck), *_command(place)], place)
    assert ended.returncode == 1
    assert b"lies beside it" in ended.stderr
    (beside,) = _hidden(place)
    assert {beside.read_bytes(), (place.vault / "note.md").read_bytes()} == {OLD, NEW}
    mend(place.home)
    assert _hidden(place) == []
    assert OLD in [copy.read_bytes() for copy in place.home.rglob("*.note")]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("what", ["edit", "create", "undo an edit", "undo a creation"])
def test_a_kill_at_any_call_leaves_nothing_half_done(tmp_path: Path, call: str, what: str) -> None:
    for place, ended in _each_failure(tmp_path, what, call, "signal=KILL"):
        assert b"saved" not in ended.stdout or call in ("flock",)
        assert (place.vault / "note.md").read_bytes() in (OLD, NEW)
        mend(place.home)
        assert _hidden(place) == []
        made = place.vault / "a" / "new.md"
        assert not made.exists() or made.read_bytes() == NEW
        edit_text(place.vault, "note.md", lambda text: text + "again\n", place.home)
        assert (place.vault / "note.md").read_bytes() in (OLD + b"again\n", NEW + b"again\n")


@pytest.mark.parametrize("call", ["fsync", "renameat", "renameat2", "unlinkat", "linkat"])
@pytest.mark.parametrize("what", ["create", "undo an edit", "undo a creation"])
def test_creations_and_undos_fail_whole(tmp_path: Path, call: str, what: str) -> None:
    for place, ended in _each_failure(tmp_path, what, call, "error=EIO"):
        assert ended.returncode in (0, 1)
        made = place.vault / "a" / "new.md"
        assert not made.exists() or made.read_bytes() == NEW
        assert (place.vault / "note.md").read_bytes() in (OLD, NEW)
        mend(place.home)
        assert _hidden(place) == []


def test_where_there_are_no_hard_links_a_note_is_made_all_the_same(tmp_path: Path) -> None:
    place = _place(tmp_path)
    ended = _run([*_strace(place, "linkat:error=EPERM:when=1+"), *_command(place, "create")], place)
    assert (ended.returncode, (place.vault / "a" / "new.md").read_bytes(), _hidden(place)) == (0, NEW, [])
    ended = _run([*_strace(place, "linkat:error=EPERM:when=1+"), *_command(place, "create")], place)
    assert (ended.returncode, b"exists already" in ended.stderr) == (1, True)


def test_a_creation_taken_back_is_not_taken_from_an_editor(place: Place) -> None:
    assert _run(_command(place, "create"), place).returncode == 0
    made = place.vault / "a" / "new.md"
    with subprocess.Popen([*_strace(place, "renameat:delay_enter=500000"), *_command(place, "undo")]) as job:
        _until(lambda: any(place.home.rglob("*.pending")))
        made.write_bytes(b"the editor's")
        assert job.wait(20) == 1
    assert (made.read_bytes(), _hidden(place)) == (b"the editor's", [])


@pytest.mark.parametrize("moment", ["delay_enter", "delay_exit"])
def test_what_an_editor_saves_around_the_exchange_is_kept(place: Place, moment: str) -> None:
    """A save just before the exchange is edited in its turn; one just after it stands, as the last one made."""
    note = place.vault / "note.md"
    command = [*_strace(place, f"renameat2:{moment}=400000:when=1"), *_command(place)]
    with subprocess.Popen(command, env=place.environ) as job:
        _until(lambda: bool(_hidden(place)))
        if moment == "delay_exit":
            _until(lambda: note.read_bytes() == NEW)
        else:
            time.sleep(0.1)
        _save(note, b"the editor's\n")
        assert job.wait(20) == 0
    assert note.read_bytes() == (b"the editor's\nours\n" if moment == "delay_enter" else b"the editor's\n")
    assert _hidden(place) == []


def test_a_note_that_is_away_at_the_exchange_is_edited_once_it_is_back(place: Place) -> None:
    note = place.vault / "note.md"
    command = [*_strace(place, "renameat2:delay_enter=300000:when=1"), *_command(place)]
    with subprocess.Popen(command, env=place.environ) as job:
        _until(lambda: bool(_hidden(place)))
        note.rename(note.with_suffix(".bak"))
        _until(lambda: not _hidden(place))
        note.with_suffix(".bak").rename(note)
        assert job.wait(20) == 0
    assert (note.read_bytes(), _hidden(place)) == (NEW, [])


def test_what_was_displaced_comes_back_though_the_name_is_free_by_then(place: Place) -> None:
    note = place.vault / "note.md"
    command = [*_strace(place, "renameat2:delay_enter=300000:delay_exit=300000:when=1"), *_command(place)]
    with subprocess.Popen(command, env=place.environ) as job:
        _until(lambda: bool(_hidden(place)))
        time.sleep(0.1)
        _save(note, b"the editor's\n")
        _until(lambda: note.read_bytes() == NEW)
        note.rename(note.with_suffix(".bak"))
        assert job.wait(20) == 0
    assert (note.read_bytes(), _hidden(place)) == (b"the editor's\nours\n", [])


def test_what_is_written_into_the_old_file_just_after_the_exchange_is_edited_in_its_turn(place: Place) -> None:
    note = place.vault / "note.md"
    command = [*_strace(place, "fsync:delay_enter=150000"), *_command(place)]
    with subprocess.Popen(command, env=place.environ) as job, note.open("ab", buffering=0) as opened:
        _until(lambda: note.read_bytes() == NEW)
        time.sleep(0.05)
        opened.write(b"more\n")
        assert job.wait(20) == 0
    assert (note.read_bytes(), _hidden(place)) == (b"one\nmore\nours\n", [])


def test_where_names_cannot_be_exchanged_a_save_in_between_is_edited_in_its_turn(place: Place) -> None:
    note = place.vault / "note.md"
    command = [*_strace(place, "renameat2:error=EINVAL:delay_enter=300000"), *_command(place)]
    with subprocess.Popen(command, env=place.environ) as job:
        _until(lambda: bool(_hidden(place)))
        _save(note, b"the editor's\n")
        assert job.wait(20) == 0
    assert (note.read_bytes(), _hidden(place)) == (b"the editor's\nours\n", [])


@pytest.mark.parametrize("answer", ["", "error=EPERM:"])
def test_a_note_made_by_another_program_meanwhile_is_left_alone(place: Place, answer: str) -> None:
    made = place.vault / "a" / "new.md"
    command = [*_strace(place, f"linkat:{answer}delay_enter=300000"), *_command(place, "create")]
    with subprocess.Popen(command, env=place.environ, stderr=subprocess.PIPE) as job:
        _until(lambda: bool(_hidden(place)))
        made.write_bytes(b"the editor's\n")
        _, said = job.communicate(timeout=20)
    assert (job.returncode, b"exists already" in said) == (1, True)
    assert (made.read_bytes(), _hidden(place)) == (b"the editor's\n", [])


@pytest.mark.parametrize("way", ["replace", "truncate", "move away"])
def test_the_last_save_of_a_busy_editor_is_never_lost(place: Place, way: str) -> None:
    note = place.vault / "note.md"
    saved: list[bytes] = []
    stop = threading.Event()

    def editor() -> None:
        while not stop.is_set():
            saved.append(b"version %d\n" % len(saved))
            if way == "replace":
                _save(note, saved[-1])
            elif way == "truncate":
                note.write_bytes(saved[-1])
            else:
                note.rename(note.with_suffix(".bak"))
                note.write_bytes(saved[-1])
            time.sleep(0.13)

    thread = threading.Thread(target=editor)
    thread.start()
    command = [*_strace(place, "renameat2:delay_enter=50000:delay_exit=50000"), *_command(place)]
    codes = [_run(command, place).returncode for _ in range(4)]
    stop.set()
    thread.join()
    assert set(codes) <= {0, 1}
    assert note.read_bytes().startswith(saved[-1])
    assert _hidden(place) == []


def test_eight_processes_that_append_lose_nothing(place: Place) -> None:
    with ThreadPoolExecutor(8) as pool:
        ended = list(pool.map(lambda name: _run(_command(place, f"writer{name}"), place), range(8)))
    assert [one.returncode for one in ended] == [0] * 8
    lines = (place.vault / "note.md").read_text().splitlines()
    assert sorted(lines[1:]) == sorted(f"writer{name} {number}" for name in range(8) for number in range(25))
    assert _hidden(place) == []
    for _ in range(200):
        undo(place.home)
    assert (place.vault / "note.md").read_bytes() == OLD
    assert changes(place.home) == []


def test_an_editor_beside_eight_processes_loses_nothing_either(place: Place) -> None:
    note = place.vault / "note.md"
    lines: list[str] = []
    stop = threading.Event()

    def editor() -> None:
        while not stop.is_set():
            lines.append(f"editor {len(lines)}")
            _save(note, note.read_bytes() + lines[-1].encode() + b"\n")
            time.sleep(0.03)

    thread = threading.Thread(target=editor)
    thread.start()
    with ThreadPoolExecutor(8) as pool:
        ended = list(pool.map(lambda name: _run(_command(place, f"writer{name}"), place), range(8)))
    stop.set()
    thread.join()
    assert [one.returncode for one in ended] == [0] * 8
    assert len(lines) > 20
    assert set(lines) <= set(note.read_text().splitlines())
    assert _hidden(place) == []


@pytest.mark.parametrize("full", ["vault", "home"])
def test_a_full_disk_leaves_the_note(place: Place, full: str) -> None:
    disk = place.vault if full == "vault" else place.home
    place.home.mkdir()
    script = f"""
mount -t tmpfs -o size=1m tmpfs {disk}
head -c 600000 /dev/zero | tr '\\0' x > {place.vault}/note.md; echo >> {place.vault}/note.md
before=$(md5sum < {place.vault}/note.md)
[ {full} = home ] && head -c 900000 /dev/zero > {place.home}/ballast
"$@"; echo "code $?"
[ "$before" = "$(md5sum < {place.vault}/note.md)" ] && echo same
ls -A {place.vault}
rm -f {place.home}/ballast; [ {full} = vault ] && mount -o remount,size=4m {place.vault}
[ {full} = home ] && mount -o remount,size=4m {place.home}
"$@"; tail -n 1 {place.vault}/note.md
"""
    ended = _run([need("unshare"), "-rm", "sh", "-c", script, "sh", *_command(place)], place)
    assert ended.stdout.decode().split("\n") == ["code 1", "same", "note.md", "saved", "ours", ""]
    assert b"No space left" in ended.stderr


def test_a_read_only_folder_leaves_the_note(place: Place) -> None:
    script = f'mount --bind {place.vault} {place.vault}; mount -o remount,bind,ro {place.vault}; exec "$@"'
    ended = _run([need("unshare"), "-rm", "sh", "-c", script, "sh", *_command(place)], place)
    assert (ended.returncode, b"ead-only" in ended.stderr) == (1, True)
    assert ((place.vault / "note.md").read_bytes(), _hidden(place)) == (OLD, [])


def test_a_power_cut_after_saved_finds_it_saved(place: Place) -> None:
    log = place.root / "log"
    calls = "trace=fsync,rename,renameat2,unlinkat,write"
    command = [need("strace"), "-f", "-y", "-qq", "-s", "200", "-o", str(log), "-e", calls, *_command(place)]
    assert _run(command, place).returncode == 0
    lines = log.read_text().splitlines()

    def at(pattern: str, start: int = 0) -> int:
        return next(number for number, line in enumerate(lines) if number >= start and re.search(pattern, line))

    backups = re.escape(str(place.home / "backups" / "notes"))
    vault = re.escape(str(place.vault))
    exchanged = at(r"renameat2\(.*RENAME_EXCHANGE|renameat2\(.*0x2")
    order = [
        at(rf"fsync\(\d+<{backups}/\.exo-"),
        at(rf'rename\(".*", "{backups}/[0-9A-Z]+\.note"'),
        at(rf"fsync\(\d+<{backups}>\)"),
        at(rf"fsync\(\d+<{vault}/\.exo-"),
        exchanged,
        at(rf"fsync\(\d+<{vault}>\)", exchanged),
        at(rf"unlinkat\(\d+<{vault}>, \"\.exo-"),
        at(r'write\(1<.*"saved'),
    ]
    assert order == sorted(order)


def _save(path: Path, data: bytes) -> None:
    new = path.with_name("editor's own.tmp")
    new.write_bytes(data)
    os.replace(new, path)


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.002)

"""T22: what may lie in a folder besides notes is indexed, or skipped with its reason; nothing blocks or is touched."""

from __future__ import annotations

import json
import os
import socket
import stat
import subprocess
from pathlib import Path

import pytest
from processes import WITHOUT_PRIVILEGES, Ended, Place, need, state_of

LONGEST = "n" * 252 + ".md"
NFD = "Cafe\u0301.md"
WEIRD = {
    "new\nline.md",
    "\x1b[2J\x1b]0;title\x07.md",
    "bell\x07 tab\t.md",
    "\u202egnp.md",
    "\u009b31m.md",
    " .md",
    "-rf.md",
}
INDEXED = {"plain.md", "folder/inner.md", "empty.md", LONGEST, "Caf\u00e9.md", "UPPER.MD", *WEIRD}
SKIPPED: dict[str, str] = {
    "pipe.md": "a named pipe, not a file",
    "socket.md": "a socket, not a file",
    "loop.md": "a link that leads back to itself",
    "one.md": "a link that leads back to itself",
    "other.md": "a link that leads back to itself",
    "passwd.md": "a link to /etc/passwd, outside the folder",
    "dangling.md": "a link to a file that does not exist",
    "inside.md": "a link to plain.md, which is indexed itself",
    "again/": "a link to the folder {vault}, which isn't followed",
    "root/": "a link to the folder /, which isn't followed",
    "caf\\xe9.md": "its name is not valid UTF-8",
    "closed/": "the folder can't be read: Permission denied",
    "locked.md": "can't be read: Permission denied",
    "huge.md": "larger than 5 MB (200.0 MB)",
    "null.md": "a device, not a file",
}


def _make(vault: Path) -> dict[str, str]:
    """All of it; returns what is to be skipped and why."""
    vault.mkdir(parents=True)
    for path in {*INDEXED, "closed/hidden.md", "locked.md"} - {"Caf\u00e9.md"} | {NFD}:
        (vault / path).parent.mkdir(exist_ok=True)
        (vault / path).write_text("" if path == "empty.md" else f"# The heron\n\nIt stands in {path!a}.\n")
    os.mkfifo(vault / "pipe.md")
    _make_socket(vault, "socket.md")
    for link, target in _LINKS.items():
        (vault / link).symlink_to(target)
    (Path(os.fsdecode(os.fsencode(vault) + b"/caf\xe9.md"))).write_text("# Latin-1\n")
    os.truncate(os.open(vault / "huge.md", os.O_CREAT | os.O_WRONLY), 200_000_000)
    (vault / "folder.md").mkdir()  # an empty folder is nothing at all
    skipped = SKIPPED | {"again/": f"a link to the folder {vault}, which isn't followed"}
    if not _make_device(vault / "null.md"):
        del skipped["null.md"]
    (vault / "locked.md").chmod(0)
    (vault / "closed").chmod(0)
    return skipped


_LINKS = {
    "loop.md": "loop.md",
    "one.md": "other.md",
    "other.md": "one.md",
    "passwd.md": "/etc/passwd",
    "dangling.md": "nowhere.md",
    "inside.md": "plain.md",
    "again": ".",
    "root": "/",
}


def _make_socket(vault: Path, name: str) -> None:
    """By a short name: the address of a socket ends at 108 bytes."""
    here = os.open(vault, os.O_RDONLY)
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(f"/proc/self/fd/{here}/{name}")
    os.close(here)


def _make_device(path: Path) -> bool:
    """Where the system lets us."""
    try:
        os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 3))
    except PermissionError:
        return False
    return True


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """The folder, untouched so far, and pointed at."""
    place = Place(tmp_path_factory.mktemp("odd"))
    skipped = _make(place.vault)
    (place.root / "skipped.json").write_text(json.dumps(skipped))
    assert _exo(place, "init", str(place.vault)).code == 0
    return place


def _before() -> tuple[str, ...]:
    if os.geteuid():
        return ()
    need("setpriv")
    return WITHOUT_PRIVILEGES


def _exo(place: Place, *arguments: str) -> Ended:
    return place.exo(*arguments, before=_before())


def test_each_is_indexed_or_skipped_with_its_reason_and_all_are_left_as_they_were(odd: Place) -> None:
    before = state_of(odd.vault)
    indexed = _exo(odd, "index")
    assert indexed.code == 0
    assert f"{len(INDEXED)} notes in the index" in indexed.out
    status = odd.json("status", before=_before())
    assert {one["path"]: one["reason"] for one in status["skipped"]} == json.loads(
        (odd.root / "skipped.json").read_text()
    )
    (folder,) = status["folders"]
    assert folder["on_disk"] == folder["indexed"] + folder["pending"] + folder["skipped"]
    assert (folder["indexed"], folder["pending"]) == (len(INDEXED), 0)
    recent = odd.json("recent", "--limit", "100", before=_before())
    assert {one["note"]["path"] for one in recent["items"]} == INDEXED
    again = _exo(odd, "index")
    assert "nothing new" in again.out
    assert "nothing new" in _exo(odd, "index", "--retry").out
    assert odd.json("status", before=_before())["folders"] == status["folders"]
    assert state_of(odd.vault) == before


def test_their_names_are_found_and_shown_with_escapes(odd: Place) -> None:
    _exo(odd, "index")
    found = odd.json("search", "heron", "--mode", "words", "--limit", "100", before=_before())
    assert {hit["path"] for hit in found["hits"]} == INDEXED - {"empty.md"}
    shown = _exo(odd, "search", "heron", "--mode", "words", "--limit", "100").out + _exo(odd, "status").out
    assert shown.isprintable() or all(line.isprintable() for line in shown.replace("\t", " ").split("\n"))
    assert r"new\nline.md" in shown
    assert r"\x1b[2J" in shown
    assert r"caf\xe9.md" in shown


@pytest.mark.parametrize("path", sorted(INDEXED))
def test_each_note_can_be_shown_by_its_path(odd: Place, path: str) -> None:
    _exo(odd, "index")
    shown = _exo(odd, "show", "--json", "--", path)
    assert shown.code == 0, shown.err
    assert json.loads(shown.out)["note"]["path"] == path


def test_a_folder_swapped_for_a_pipe_or_a_link_after_the_scan_is_not_followed(tmp_path: Path) -> None:
    place = Place(tmp_path)
    for number in range(3):
        (place.vault / f"{number}").mkdir(parents=True)
        (place.vault / f"{number}" / "note.md").write_text("# The heron\n")
    assert place.exo("init", str(place.vault)).code == 0
    assert place.exo("index").code == 0
    (place.vault / "0" / "note.md").unlink()
    os.mkfifo(place.vault / "0" / "note.md")
    (place.vault / "1" / "note.md").unlink()
    (place.vault / "1" / "note.md").symlink_to("/etc/passwd")
    (place.vault / "2").rename(tmp_path / "elsewhere")
    (place.vault / "2").symlink_to(tmp_path / "elsewhere")
    assert place.exo("search", "heron", "--mode", "words").code == 1
    reasons = {one["path"]: one["reason"] for one in place.json("status")["skipped"]}
    assert reasons["0/note.md"] == "a named pipe, not a file"
    assert reasons["1/note.md"] == "a link to /etc/passwd, outside the folder"
    assert reasons["2/"].startswith("a link to the folder")


def test_a_tree_deeper_than_a_path_may_be_long_is_said_to_be_unreadable(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.vault.mkdir()
    (place.vault / "plain.md").write_text("# The heron\n")
    script = (
        'cd "$1"; i=0; while [ $i -lt 25 ]; do mkdir "$2" && cd -P "$2" || exit 1; i=$((i+1)); done; echo x > deep.md'
    )
    subprocess.run(["bash", "-c", script, "deep", place.vault, "d" * 200], check=True)
    assert place.exo("init", str(place.vault)).code == 0
    assert place.exo("index").code == 0
    status = place.json("status")
    assert [one["reason"] for one in status["skipped"]] == ["the folder can't be read: File name too long"]
    assert status["folders"][0]["indexed"] == 1
    subprocess.run(["rm", "-rf", place.vault], check=True)

"""Every entry is a note, skipped with a reason, ignored, or another file; reading never blocks, strays or tears."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exocortex.config import Folder
from exocortex.core.errors import VaultError
from exocortex.storage.vault import FileStat, NoteChangedError, NoteSkippedError, Scan, printable, read, scan

MB = 1_000_000


def scanned(root: Path, *patterns: str) -> Scan:
    return scan(Folder("notes", root), patterns)


def paths(found: Scan) -> list[str]:
    return [file.path for file in found.files]


def reasons(found: Scan) -> dict[str, str]:
    return {one.path: one.reason for one in found.skipped}


def write(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"text of " + os.fsencode(name))


def in_jail(code: str, *arguments: str) -> str:
    """Run Python as a user whom file modes bind, even where the tests run as root."""
    jail = ["setpriv", "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs"] if os.geteuid() == 0 else []
    return subprocess.run(
        [*jail, sys.executable, "-c", code, *arguments], check=True, capture_output=True, text=True, timeout=60
    ).stdout


def test_notes_other_files_and_ignored_ones_are_told_apart(tmp_path: Path) -> None:
    write(
        tmp_path,
        "a.md",
        "B.MD",
        "c.markdown",
        "sub/d.txt",
        "pic.png",
        "sub/x.pdf",
        "noext",
        ".git/e.md",
        "f.md~",
        ".md",
    )
    write(tmp_path, "node_modules/x/readme.md", ".syncthing.a.md.tmp", "._a.md")
    found = scanned(tmp_path)
    assert paths(found) == [".md", "B.MD", "a.md", "c.markdown", "sub/d.txt"]
    assert found.others == ("noext", "pic.png", "sub/x.pdf")
    assert found.skipped == ()
    assert found.ignored == 3
    assert found.root_inode == tmp_path.stat().st_ino


def test_a_file_is_described_as_lstat_does(tmp_path: Path) -> None:
    write(tmp_path, "sub/é.md")
    status = (tmp_path / "sub/é.md").lstat()
    (file,) = scanned(tmp_path).files
    assert file == FileStat(
        "sub/é.md", "sub/é.md", status.st_size, status.st_mtime_ns, status.st_ino, status.st_ctime_ns
    )


def test_names_of_any_kind_are_found_and_can_be_read(tmp_path: Path) -> None:
    names = [
        "nl\nin name.md",
        "esc\x1b[2J.md",
        "x" * 252 + ".md",
        "  spaces  .md",
        "-rf.md",
        "'\"`$(x).md",
        "部署.md",
        "*.md",
    ]
    for name in names:
        (tmp_path / name).write_bytes(name.encode())
    found = scanned(tmp_path)
    assert paths(found) == sorted(names)
    assert [read(tmp_path, file.raw, MB)[0].decode() for file in found.files] == sorted(names)


def test_a_decomposed_name_gets_a_composed_path_and_keeps_its_own_spelling(tmp_path: Path) -> None:
    write(tmp_path, "e\u0301te\u0301/cafe\u0301.md", "e\u0301te\u0301/i\u0302.png")
    found = scanned(tmp_path)
    assert paths(found) == ["été/café.md"]
    assert found.others == ("été/î.png",)
    assert found.files[0].raw == "e\u0301te\u0301/cafe\u0301.md"
    data, status = read(tmp_path, found.files[0].raw, MB)
    assert data.endswith("cafe\u0301.md".encode())
    assert status == found.files[0]


@pytest.mark.parametrize("composed", [True, False])
def test_of_two_names_that_look_the_same_one_is_kept_and_one_has_a_reason(tmp_path: Path, composed: bool) -> None:
    # Two marks in either order: three spellings of one name.
    spellings = ["a\u0323\u0302.md", "a\u0302\u0323.md"] + ["\u1ead.md"] * composed
    write(tmp_path, *spellings)
    found = scanned(tmp_path)
    assert paths(found) == ["\u1ead.md"]
    assert found.files[0].raw == ("\u1ead.md" if composed else min(spellings))
    assert len(found.skipped) == len(spellings) - 1
    assert all("normalisation" in one.reason and one.path in spellings for one in found.skipped)


def test_names_that_are_not_utf8_are_skipped_notes_and_printable_others(tmp_path: Path) -> None:
    os.mkdir(os.fsencode(tmp_path) + b"/d\xff")
    for name in (b"caf\xe9.md", b"d\xff/in.md", b"caf\xe9.png"):
        with open(os.fsencode(tmp_path) + b"/" + name, "wb"):
            pass
    write(tmp_path, "caf\\xe9.md", "ok.md")
    found = scanned(tmp_path)
    assert paths(found) == ["caf\\xe9.md", "ok.md"]
    assert reasons(found) == {
        "caf\\xe9.md (another)": "its name is not valid UTF-8",
        "d\\xff/in.md": "its name is not valid UTF-8",
    }
    assert found.others == ("caf\\xe9.png",)


@pytest.mark.timeout(20)
def test_pipes_sockets_devices_and_folders_with_a_notes_name_never_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.md")
    os.mkfifo(tmp_path / "pipe.png")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket.txt"))
        (tmp_path / "zero.md").symlink_to("/dev/zero")
        write(tmp_path, "folder.md/inner.md", "ok.md")
        found = scanned(tmp_path)
        assert paths(found) == ["folder.md/inner.md", "ok.md"]
        assert found.others == ()
        assert reasons(found) == {
            "pipe.md": "a named pipe, not a file",
            "socket.txt": "a socket, not a file",
            "zero.md": "a link to /dev/zero, outside the folder",
        }
        for name, reason in (
            ("pipe.md", "a named pipe, not a file"),
            ("socket.txt", "a socket, not a file"),
            ("zero.md", "a link, not a file"),
            ("folder.md", "a folder, not a file"),
        ):
            with pytest.raises(NoteSkippedError) as caught:
                read(tmp_path, name, MB)
            assert (caught.value.path, caught.value.reason) == (name, reason)


def test_a_device_is_skipped(tmp_path: Path) -> None:
    found = scan(Folder("dev", Path("/dev")), suffixes=("null",))
    assert "a device, not a file" in reasons(found).values()
    with pytest.raises(NoteSkippedError, match="a device"):
        read(Path("/dev"), "null", MB)


def test_links_are_skipped_each_with_its_own_reason(tmp_path: Path) -> None:
    vault, outside = tmp_path / "vault", tmp_path / "outside"
    write(vault, "real.md", "sub/e\u0301.md", ".git/x.md", "pic.png")
    write(outside, "secret.md", "pic.png")
    links: dict[str, str | Path] = {
        "abs.md": vault / "real.md",
        "rel.md": "sub/e\u0301.md",
        "hidden.md": ".git/x.md",
        "out.md": outside / "secret.md",
        "passwd.txt": "/etc/passwd",
        "dangling.md": "nowhere.md",
        "loop.md": "loop.md",
        "self": ".",
        "root": "/",
        "up.md": outside,
        ".hid": outside,
        "pic2.png": "pic.png",
        "gone.png": "nowhere.png",
        ".#real.md": "user@host.1234",
        "through.md": "real.md/x",
    }
    for name, target in links.items():
        (vault / name).symlink_to(target)
    found = scanned(vault)
    assert paths(found) == ["real.md", "sub/é.md"]
    assert reasons(found) == {
        "abs.md": "a link to real.md, which is indexed itself",
        "rel.md": "a link to sub/é.md, which is indexed itself",
        "hidden.md": "a link to .git/x.md, which is not indexed",
        "out.md": f"a link to {outside}/secret.md, outside the folder",
        "passwd.txt": "a link to /etc/passwd, outside the folder",
        "dangling.md": "a link to a file that does not exist",
        "loop.md": "a link that leads back to itself",
        "self/": f"a link to the folder {vault}, which isn't followed",
        "root/": "a link to the folder /, which isn't followed",
        "up.md/": f"a link to the folder {outside}, which isn't followed",
        "through.md": "a link that can't be followed: Not a directory",
    }
    assert found.others == ("pic.png", "pic2.png")
    assert found.ignored == 3


def test_a_folder_reached_through_a_link_is_a_fine_root(tmp_path: Path) -> None:
    write(tmp_path, "real/a.md")
    (tmp_path / "real/b.md").symlink_to("a.md")
    (tmp_path / "link").symlink_to("real")
    found = scanned(tmp_path / "link")
    assert paths(found) == ["a.md"]
    assert reasons(found) == {"b.md": "a link to a.md, which is indexed itself"}
    assert read(tmp_path / "link", "a.md", MB)[0] == b"text of real/a.md"


def test_nothing_unreadable_is_silent_and_the_rest_is_found(tmp_path: Path) -> None:
    write(tmp_path, "ok.md", "closed/a.md", "listed/b.md", "mode0.md")
    (tmp_path / "closed").chmod(0)
    (tmp_path / "listed").chmod(0o400)
    (tmp_path / "mode0.md").chmod(0)
    code = """
import json, sys
from pathlib import Path
from exocortex.config import Folder
from exocortex.storage.vault import NoteSkippedError, read, scan
root = Path(sys.argv[1])
found = scan(Folder("x", root))
try:
    read(root, "mode0.md", 99)
except NoteSkippedError as error:
    reason = error.reason
print(json.dumps([[f.path for f in found.files], {s.path: s.reason for s in found.skipped}, reason]))
"""
    files, skipped, reason = json.loads(in_jail(code, str(tmp_path)))
    assert files == ["mode0.md", "ok.md"]
    assert skipped == {
        "closed/": "the folder can't be read: Permission denied",
        "listed/b.md": "can't be looked at: Permission denied",
    }
    assert reason == "can't be read: Permission denied"
    for name in ("closed", "listed"):
        (tmp_path / name).chmod(0o700)


def test_an_unusable_root_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    write(tmp_path, "file.md")
    with pytest.raises(VaultError, match=r"missing \(folder notes\) does not exist") as caught:
        scanned(tmp_path / "missing")
    assert "exo folders remove notes" in caught.value.hint
    with pytest.raises(VaultError, match="is a file, not a folder"):
        scanned(tmp_path / "file.md")
    code = (
        "import sys; from pathlib import Path; from exocortex.config import Folder\n"
        "from exocortex.core.errors import VaultError; from exocortex.storage.vault import scan\n"
        "try: scan(Folder('x', Path(sys.argv[1])))\nexcept VaultError as error: print(error.message)"
    )
    (tmp_path / "closed").mkdir(mode=0)
    assert "can't be read: Permission denied" in in_jail(code, str(tmp_path / "closed"))


def test_an_empty_folder_is_empty(tmp_path: Path) -> None:
    assert scanned(tmp_path) == Scan((), (), (), 0, (), tmp_path.stat().st_ino, empty=True)


def test_settings_come_after_ignore_files_and_wrong_lines_are_named(tmp_path: Path) -> None:
    write(tmp_path, "a.md", "b.md", "sub/a.md", "sub/c.md")
    (tmp_path / "sub/.exoignore").write_text("!a.md\nc.md\n!\n")
    found = scanned(tmp_path, "a.md", "a\\")
    assert paths(found) == ["b.md", "sub/a.md"]
    assert found.ignored == 2
    assert found.warnings == (
        "setting index.ignore, pattern 2 is not a gitignore pattern and is left out",
        "sub/.exoignore line 3 is not a gitignore pattern and is left out",
    )


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda path: os.mkfifo(path), "not a file"),
        (lambda path: path.symlink_to("nowhere"), "No such file"),
        (lambda path: path.write_bytes(b"#" * (MB + 1)), "larger than 1 MB"),
    ],
)
def test_a_folder_whose_ignore_file_cannot_be_read_is_not_guessed_at(
    tmp_path: Path, make: Callable[[Path], object], why: str
) -> None:
    write(tmp_path, "sub/a.md", "b.md")
    make(tmp_path / "sub/.exoignore")
    found = scanned(tmp_path)
    assert paths(found) == ["b.md"]
    assert reasons(found).keys() == {"sub/"}
    assert why in reasons(found)["sub/"]
    assert ".exoignore" in reasons(found)["sub/"]
    with pytest.raises(VaultError, match=r"\.exoignore"):
        scanned(tmp_path / "sub")


def test_a_linked_ignore_file_counts(tmp_path: Path) -> None:
    write(tmp_path, "vault/a.md", "vault/b.md")
    (tmp_path / "mine").write_text("a.md")
    (tmp_path / "vault/.exoignore").symlink_to("../mine")
    assert paths(scanned(tmp_path / "vault")) == ["b.md"]


def test_a_path_too_long_for_the_system_is_skipped(tmp_path: Path) -> None:
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(20):
        os.mkdir("d" * 250, dir_fd=here)
        deeper = os.open("d" * 250, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = deeper
    os.close(here)
    write(tmp_path, "ok.md")
    found = scanned(tmp_path)
    assert paths(found) == ["ok.md"]
    (reason,) = reasons(found).values()
    assert "File name too long" in reason
    subprocess.run(["rm", "-rf", str(tmp_path / ("d" * 250))], check=True)


def test_hundreds_of_levels_are_no_trouble(tmp_path: Path) -> None:
    deep = "/".join("d" * 300)
    subprocess.run(["mkdir", "-p", f"{tmp_path}/{deep}"], check=True)
    subprocess.run(["touch", f"{tmp_path}/{deep}/deep.md"], check=True)
    (file,) = scanned(tmp_path).files
    assert file.path == f"{deep}/deep.md"
    assert read(tmp_path, file.raw, MB) == (b"", file)
    subprocess.run(["rm", "-rf", str(tmp_path / "d")], check=True)


PARTS = st.text("ab.\u0301é \n", min_size=1, max_size=3).filter(lambda part: part not in (".", ".."))
TREE = st.lists(
    st.tuples(
        st.lists(PARTS, min_size=1, max_size=3),
        st.sampled_from(["", ".md", ".txt", ".png"]),
        st.sampled_from([Path.touch, os.mkfifo, Path.mkdir, lambda path: path.symlink_to("nowhere")]),
    ),
    max_size=12,
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tree=TREE)
def test_every_entry_with_a_notes_name_is_found_skipped_or_ignored(
    tmp_path_factory: pytest.TempPathFactory, tree: list[tuple[list[str], str, Callable[[Path], object]]]
) -> None:
    root = tmp_path_factory.mktemp("tree")
    for parts, suffix, make in tree:
        path = root.joinpath(*parts[:-1], parts[-1] + suffix)
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            make(path)
    expected = 0
    for _, folders, names in os.walk(root):
        expected += sum(name.endswith((".md", ".txt")) for name in names)
        expected += sum(folder.startswith(".") for folder in folders)
        folders[:] = [folder for folder in folders if not folder.startswith(".")]
    found = scanned(root)
    everything = [*paths(found), *(one.path for one in found.skipped)]
    assert len(everything) == len(set(everything))
    assert len(everything) + found.ignored == expected


@pytest.mark.parametrize("raw", ["../x.md", "a/../../x.md", "/etc/passwd", "sub/../x.md"])
def test_reading_never_leaves_the_folder(tmp_path: Path, raw: str) -> None:
    write(tmp_path, "x.md", "vault/sub/y.md")
    with pytest.raises(NoteSkippedError, match="outside the folder"):
        read(tmp_path / "vault", raw, MB)


def test_a_folder_swapped_for_a_link_leads_nowhere(tmp_path: Path) -> None:
    write(tmp_path, "vault/sub/a.md", "outside/a.md")
    (file,) = scanned(tmp_path / "vault").files
    (tmp_path / "vault/sub").rename(tmp_path / "kept")
    (tmp_path / "vault/sub").symlink_to(tmp_path / "outside")
    with pytest.raises(NoteChangedError, match="is gone"):
        read(tmp_path / "vault", file.raw, MB)


def test_a_file_that_is_gone_has_changed(tmp_path: Path) -> None:
    with pytest.raises(NoteChangedError, match=r"a\.md is gone") as caught:
        read(tmp_path, "a.md", MB)
    assert caught.value.hint


def test_a_large_file_is_refused_without_reading_it(tmp_path: Path) -> None:
    (tmp_path / "big.md").touch()
    os.truncate(tmp_path / "big.md", 200 * MB)
    start = time.monotonic()
    with pytest.raises(NoteSkippedError) as caught:
        read(tmp_path, "big.md", 5 * MB)
    assert caught.value.reason == "larger than 5 MB (200.0 MB)"
    assert time.monotonic() - start < 0.2
    os.truncate(tmp_path / "big.md", 5 * MB)
    data, status = read(tmp_path, "big.md", 5 * MB)
    assert len(data) == status.size == 5 * MB


def test_a_file_that_hides_its_size_is_cut_off_too() -> None:
    with pytest.raises(NoteSkippedError, match="larger than"):
        read(Path("/proc/self"), "environ" if os.environ else "status", 10)


def test_an_empty_file_is_a_note(tmp_path: Path) -> None:
    write(tmp_path, "a.md")
    os.truncate(tmp_path / "a.md", 0)
    assert read(tmp_path, "a.md", MB) == (b"", scanned(tmp_path).files[0])


def test_a_write_while_reading_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_bytes(b"0" * 3 * MB)
    stop = threading.Event()

    def rewrite() -> None:
        digit = 0
        with path.open("r+b", buffering=0) as file:
            while not stop.is_set():
                digit = (digit + 1) % 10
                file.seek(0)
                file.write(b"%d" % digit * 3 * MB)

    writer = threading.Thread(target=rewrite)
    writer.start()
    noticed = False
    deadline = time.monotonic() + 30
    try:
        while not noticed and time.monotonic() < deadline:
            try:
                data, status = read(tmp_path, "a.md", 5 * MB)
            except NoteChangedError:
                noticed = True
            else:
                assert len(data) == status.size
                assert status.is_racy(time.time_ns())
    finally:
        stop.set()
        writer.join()
    assert noticed


def test_a_file_is_racy_until_two_seconds_after_it_was_touched(tmp_path: Path) -> None:
    write(tmp_path, "a.md")
    (file,) = scanned(tmp_path).files
    assert file.is_racy(file.ctime_ns + 1_999_999_999)
    assert not file.is_racy(file.ctime_ns + 2_000_000_000)
    assert file.is_racy(file.ctime_ns - 1)


def test_folders_that_come_and_go_during_a_scan_disturb_nothing(tmp_path: Path) -> None:
    write(tmp_path, *(f"stays/{number}.md" for number in range(20)))
    stop = threading.Event()

    def churn() -> None:
        while not stop.is_set():
            write(tmp_path, *(f"comes {number}/sub/a.md" for number in range(5)))
            for number in range(5):
                shutil.rmtree(tmp_path / f"comes {number}")

    churner = threading.Thread(target=churn)
    churner.start()
    try:
        for _ in range(300):
            found = scanned(tmp_path)
            assert sum(path.startswith("stays/") for path in paths(found)) == 20
            assert found.skipped == ()
    finally:
        stop.set()
        churner.join()


def test_scanning_and_reading_change_nothing(tmp_path: Path) -> None:
    write(tmp_path, "a.md", "sub/b.md")
    (tmp_path / "sub/.exoignore").write_text("x")

    def state() -> list[tuple[str, int, int, int]]:
        return [
            (str(one), one.lstat().st_mtime_ns, one.lstat().st_ctime_ns, stat.S_IMODE(one.lstat().st_mode))
            for one in sorted(tmp_path.rglob("*"))
        ]

    before = state()
    for file in scanned(tmp_path).files:
        read(tmp_path, file.raw, MB)
    assert state() == before


def test_any_change_shows_in_the_stat(tmp_path: Path) -> None:
    write(tmp_path, "a.md")
    (before,) = scanned(tmp_path).files
    os.utime(tmp_path / "a.md", ns=(0, before.mtime_ns))
    (after,) = scanned(tmp_path).files
    assert after != before
    assert replace(after, ctime_ns=before.ctime_ns) == before


def test_printable_names_can_be_encoded() -> None:
    assert printable("plain") == "plain"
    assert printable("é\x1b\n") == "é\x1b\n"
    assert printable("caf\udce9") == "caf\\xe9"


def test_seven_thousand_notes_are_scanned_well_within_the_budget(tmp_path: Path) -> None:
    for number in range(70):
        (tmp_path / f"folder {number}").mkdir()
        for note in range(100):
            (tmp_path / f"folder {number}/note {note}.md").touch()
    scanned(tmp_path)
    start = time.perf_counter()
    found = scanned(tmp_path)
    assert time.perf_counter() - start < 1
    assert len(found.files) == 7000

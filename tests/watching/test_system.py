"""What the system tells of folders: identity, file system, how many can be watched, whether git is at work."""

from __future__ import annotations

import os
from pathlib import Path

from exocortex.watching.system import GitLocks, count_folders, count_watches, identity, remote_kind, watch_limit


def mountinfo(place: Path, *mounts: tuple[str, str, str]) -> Path:
    """A table of mounts: (device, mount point, file system's name)."""
    lines = [
        f"{36 + number} 35 {dev} / {point} rw shared:1 - {kind} src rw"
        for number, (dev, point, kind) in enumerate(mounts)
    ]
    table = place / "mountinfo"
    table.write_text("\n".join(lines) + "\n")
    return table


def test_a_folder_made_anew_or_gone_is_another_one(tmp_path: Path) -> None:
    root = tmp_path / "notes"
    assert identity(root) is None
    root.mkdir()
    before = identity(root)
    assert before is not None
    root.rename(tmp_path / "old")
    root.mkdir()
    assert identity(root) not in (before, None)
    assert identity(tmp_path / "old") == before


def test_a_file_is_no_root(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("")
    assert identity(tmp_path / "notes") is None


def test_this_machines_own_disk_is_not_remote(tmp_path: Path) -> None:
    assert remote_kind(tmp_path) is None


def test_network_file_systems_are_told_by_device_or_by_lying_below(tmp_path: Path) -> None:
    device = os.stat(tmp_path).st_dev
    mine = f"{os.major(device)}:{os.minor(device)}"
    root = tmp_path / "my notes"
    root.mkdir()
    inner = str(root / "cloud").replace(" ", "\\040")
    for mounts, kind in (
        ([(mine, "/x", "nfs4")], "nfs4"),
        ([(mine, "/x", "fuse.sshfs")], "fuse.sshfs"),
        ([(mine, "/x", "fuseblk")], None),
        ([(mine, "/x", "ext4"), ("0:99", "/elsewhere", "cifs")], None),
        ([(mine, "/x", "ext4"), ("0:99", inner, "9p")], "9p"),
    ):
        assert remote_kind(root, mountinfo(tmp_path, *mounts)) == kind
    assert remote_kind(root, tmp_path / "no table") is None


def test_folders_are_counted_once_and_links_not_followed(tmp_path: Path) -> None:
    (tmp_path / "a/b/.git/objects").mkdir(parents=True)
    (tmp_path / "a/file").write_text("")
    (tmp_path / "a/link").symlink_to(tmp_path)
    assert count_folders([tmp_path / "a", tmp_path / "a/b"]) == 4
    assert count_folders([tmp_path / "gone"]) == 0


def test_watches_of_something_else_are_not_counted(tmp_path: Path) -> None:
    with open(tmp_path / "file", "w") as file:
        assert count_watches(file.fileno()) == 0
    assert count_watches(999_999) is None
    limit = watch_limit()
    assert limit is not None
    assert limit > 0


def test_a_lock_that_git_left_behind_counts_for_a_while_only(tmp_path: Path) -> None:
    now = 5.0
    locks = GitLocks([tmp_path, tmp_path / "gone"], 10, lambda: now)
    assert not locks.held()
    lock = tmp_path / ".git/index.lock"
    lock.parent.mkdir()
    lock.write_text("")
    assert locks.held()
    now += 9.9
    assert locks.held()
    now += 0.2
    assert not locks.held()
    lock.unlink()
    assert not locks.held()
    lock.write_text("another")
    os.utime(lock, ns=(1, 1))
    assert locks.held()

"""Which file system a path lies on, by the table of mounts, and which of them are other machines'."""

from __future__ import annotations

from pathlib import Path

import pytest

from exocortex.storage.mounts import Mount, mount_of, mounts

TABLE = """\
22 28 0:21 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
23 22 0:22 / /mnt/share rw shared:2 - cifs //server/share rw
24 22 0:23 / /mnt/with\\040space rw - nfs4 server:/x rw
25 22 0:24 / /mnt/cloud rw - fuse.rclone remote: rw
26 22 0:25 / /mnt/stick rw - fuseblk /dev/sdb1 rw
27 22 0:26 / /mnt/share/local rw - tmpfs tmpfs rw
"""


def test_the_table_of_mounts_is_read(tmp_path: Path) -> None:
    (tmp_path / "mountinfo").write_text(TABLE)
    table = mounts(tmp_path / "mountinfo")
    kinds = {
        path: (mount.kind, mount.is_remote)
        for path in (
            "/x",
            "/mnt/share/x",
            "/mnt/shared",
            "/mnt/with space/x",
            "/mnt/cloud",
            "/mnt/stick/x",
            "/mnt/share/local/x",
        )
        if (mount := mount_of(Path(path), table))
    }
    assert kinds == {
        "/x": ("ext4", False),
        "/mnt/share/x": ("cifs", True),
        "/mnt/shared": ("ext4", False),
        "/mnt/with space/x": ("nfs4", True),
        "/mnt/cloud": ("fuse.rclone", True),
        "/mnt/stick/x": ("fuseblk", False),
        "/mnt/share/local/x": ("tmpfs", False),
    }
    assert mounts(tmp_path / "nowhere") == []
    assert mount_of(Path("/x"), []) is None


def test_what_is_mounted_over_another_is_what_counts() -> None:
    assert mount_of(Path("/a/b"), [Mount("/", "ext4"), Mount("/a", "ext4"), Mount("/a", "9p")]) == Mount("/a", "9p")


def test_any_name_of_a_mount_point_is_read(tmp_path: Path) -> None:
    table = tmp_path / "mountinfo"
    table.write_bytes("22 28 0:21 / /mnt/a\\040b\\011c\\012d\\134e\u2028\x0bf rw - tmpfs x rw\n".encode())
    assert mounts(table) == [Mount("/mnt/a b\tc\nd\\e\u2028\x0bf", "tmpfs", "0:21")]


@pytest.mark.parametrize(
    ("kind", "remote"),
    [
        *((kind, True) for kind in "9p afs ceph cifs davfs fuse fuse.sshfs fuse.rclone glusterfs lustre".split()),
        *((kind, True) for kind in "ncpfs nfs nfs4 prl_fs smb3 smbfs vboxsf virtiofs".split()),
        *((kind, False) for kind in "btrfs exfat ext4 fuseblk fusectl overlay tmpfs xfs zfs".split()),
    ],
)
def test_watching_and_checking_call_the_same_file_systems_remote(kind: str, remote: bool) -> None:
    assert Mount("/", kind).is_remote == remote

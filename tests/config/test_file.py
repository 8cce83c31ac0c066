"""Lines of config.toml are named rightly, and edits leave the rest of the file as it was, byte for byte."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exocortex.config.file import read_config_file, with_folder, without_folder, write_config_file
from exocortex.core.errors import ConfigError

SAMPLE = """\
# mine
top.dotted = 1

[index]  # which
max_file_mb = 2   # small
ignore = [
  "a]",  # [[folders]]
  '''b''',
]
text = \"\"\"
[not a header]
x = 1
\"\"\"
"quoted key" = {inner = 1}

# the first
[[folders]]
name = "one"
path = "/one"  # here

# the second
[[folders]]
path = '/two'
name = 'two'
# last words
"""


def write(home: Path, text: str | bytes) -> None:
    (home / "config.toml").write_bytes(text.encode() if isinstance(text, str) else text)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_each_key_has_its_line(tmp_path: Path, end: str, mark: str) -> None:
    write(tmp_path, mark + SAMPLE.replace("\n", end))
    file = read_config_file(tmp_path)
    for name, line in {
        "top": 2,
        "top.dotted": 2,
        "index": 4,
        "index.max_file_mb": 5,
        "index.ignore": 6,
        "index.text": 10,
        "index.quoted key.inner": 14,
        "folders.0": 17,
        "folders.0.name": 18,
        "folders.1": 22,
        "folders.1.path": 23,
        "folders.1.name": 24,
        "folders.1.unknown": 22,
        "nowhere": 1,
    }.items():
        assert file.where(name) == f"config.toml line {line}", name


def test_an_absent_file_is_empty(tmp_path: Path) -> None:
    file = read_config_file(tmp_path)
    assert (file.text, file.data) == ("", {})
    assert not file.path.exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[index]\n\nmax = = 3\n", "line 3: Invalid value"),
        ("a = 1\na = 2\n", "line 2: Cannot overwrite"),
        ("[index]\nx = [1,\n", "line 3: "),
        ("x = '''", "line 1: "),
        (b"ok = 1\nbad = '\xff'\n", "line 2: this is not UTF-8"),
        pytest.param(b"#" * 1_000_001, "larger than 1 MB", id="large"),
    ],
)
def test_what_is_not_toml_is_named_with_its_line(tmp_path: Path, content: str | bytes, message: str) -> None:
    write(tmp_path, content)
    with pytest.raises(ConfigError) as caught:
        read_config_file(tmp_path)
    assert message in caught.value.message
    assert "config.toml" in caught.value.message
    assert caught.value.hint


def test_a_folder_in_its_place_is_reported(tmp_path: Path) -> None:
    (tmp_path / "config.toml").mkdir()
    with pytest.raises(ConfigError, match="Is a directory"):
        read_config_file(tmp_path)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_adding_appends_and_removing_takes_that_block_alone(tmp_path: Path, end: str) -> None:
    sample = SAMPLE.replace("\n", end)
    write(tmp_path, sample)
    added = with_folder(read_config_file(tmp_path), "three", "/three")
    assert added == sample + end.join(["", "[[folders]]", 'name = "three"', 'path = "/three"', ""])
    write(tmp_path, added)
    assert without_folder(read_config_file(tmp_path), 2) == sample
    removed = without_folder(read_config_file(tmp_path), 0)
    assert removed == added.replace(end.join(["[[folders]]", 'name = "one"', 'path = "/one"  # here', "", ""]), end, 1)
    write(tmp_path, removed)
    last = without_folder(read_config_file(tmp_path), 0)
    assert "# last words" in last
    assert "# the second" in last
    assert [folder["name"] for folder in tomllib.loads(last)["folders"]] == ["three"]


NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


@given(
    folders=st.lists(st.tuples(NAMES, NAMES), min_size=1, max_size=4),
    data=st.data(),
    before=st.sampled_from(["", SAMPLE]),
)
def test_any_name_and_path_survive_adding_and_removing(
    tmp_path_factory: pytest.TempPathFactory, folders: list[tuple[str, str]], data: st.DataObject, before: str
) -> None:
    home = tmp_path_factory.getbasetemp()
    write(home, before)
    expected = list(read_config_file(home).data.get("folders", []))
    for name, path in folders:
        write(home, with_folder(read_config_file(home), name, path))
        expected.append({"name": name, "path": path})
    assert read_config_file(home).data["folders"] == expected
    while expected:
        at = data.draw(st.integers(0, len(expected) - 1))
        write(home, without_folder(read_config_file(home), at))
        del expected[at]
        assert read_config_file(home).data.get("folders", []) == expected
    if before:
        assert read_config_file(home).data["index"] == tomllib.loads(before)["index"]
        assert "# last words" in (home / "config.toml").read_text()


def test_writing_replaces_the_file_whole_private_and_leaves_nothing_behind(tmp_path: Path) -> None:
    write(tmp_path, "a = 1\n")
    (tmp_path / "config.toml").chmod(0o666)
    before = os.umask(0)
    try:
        write_config_file(read_config_file(tmp_path), "a = 2\n", {"a": 2})
    finally:
        os.umask(before)
    assert (tmp_path / "config.toml").read_bytes() == b"a = 2\n"
    assert stat.S_IMODE((tmp_path / "config.toml").stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["config.toml"]


@pytest.mark.parametrize("text", ["a = 3\n", "a = \n"])
def test_an_edit_that_would_mean_something_else_is_refused(tmp_path: Path, text: str) -> None:
    write(tmp_path, "a = 1\n")
    with pytest.raises(ConfigError, match="can't be edited safely"):
        write_config_file(read_config_file(tmp_path), text, {"a": 2})
    assert (tmp_path / "config.toml").read_bytes() == b"a = 1\n"


def test_a_linked_file_stays_a_link(tmp_path: Path) -> None:
    home, dotfiles = tmp_path / "home", tmp_path / "dotfiles"
    home.mkdir()
    dotfiles.mkdir()
    write(dotfiles, "a = 1\n")
    (home / "config.toml").symlink_to(dotfiles / "config.toml")
    write_config_file(read_config_file(home), "a = 2\n", {"a": 2})
    assert (home / "config.toml").is_symlink()
    assert (dotfiles / "config.toml").read_bytes() == b"a = 2\n"


def test_a_full_disk_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    code = """
import os, sys
from pathlib import Path
from exocortex.config.file import read_config_file, write_config_file
from exocortex.core.errors import ConfigError
home = Path(sys.argv[1])
(home / "config.toml").write_text("a = 1\\n")
with open(home / "filler", "wb", buffering=0) as filler:
    try:
        while filler.write(b"0" * 4096): pass
    except OSError: pass
try:
    write_config_file(read_config_file(home), "a = 2\\n" + "#" * 9000, {"a": 2})
except ConfigError as error:
    print(error.message, sorted(os.listdir(home)), (home / "config.toml").read_text())
"""
    script = 'mount -t tmpfs -o size=32k none "$1" && exec "$2" -c "$3" "$1"'
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script, "sh", str(tmp_path), sys.executable, code],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "No space left on device" in done.stdout
    assert "['config.toml', 'filler'] a = 1" in done.stdout


def test_a_long_list_is_read_in_no_time(tmp_path: Path) -> None:
    write(tmp_path, "[index]\nignore = [\n" + '  "pattern",\n' * 5000 + "]\nlast = 1\n")
    assert read_config_file(tmp_path).where("index.last") == "config.toml line 5004"

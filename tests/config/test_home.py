"""The home is ours alone, or it is refused."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from exocortex.config import ensure_home, load, private_umask
from exocortex.config.home import check_home, find_home
from exocortex.core.errors import ConfigError


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_flag_then_environment_then_the_platforms_place() -> None:
    assert find_home({"EXO_HOME": "/env"}, "/flag") == (Path("/flag"), "flag")
    assert find_home({"EXO_HOME": "/env"}) == (Path("/env"), "environment EXO_HOME")
    assert find_home({"EXO_HOME": "~/x"})[0] == Path.home() / "x"
    home, origin = find_home({"EXO_HOME": ""})
    assert (home.name, home.is_absolute(), origin) == ("exocortex", True, "default")


def test_the_platforms_place_is_not_looked_up_when_it_is_not_needed() -> None:
    code = (
        "import sys; import exocortex.config as c; c.load({'EXO_HOME': '/no/x'}); print('platformdirs' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "False\n"


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777])
def test_it_and_what_leads_to_it_are_made_private_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    home = tmp_path / "share" / "exocortex"
    before = os.umask(umask)
    try:
        ensure_home(home)
        ensure_home(home)
    finally:
        os.umask(before)
    assert (mode(home), mode(home.parent)) == (0o700, 0o700)


def test_one_that_is_too_open_is_closed(tmp_path: Path) -> None:
    for number, content in enumerate([[], ["index.db"], ["config.toml", "more"], ["lost+found"]]):
        home = tmp_path / str(number)
        home.mkdir()
        home.chmod(0o777)
        for name in content:
            (home / name).touch()
        ensure_home(home)
        assert mode(home) == 0o700


def test_an_open_folder_full_of_something_else_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "letters.txt").touch()
    tmp_path.chmod(0o755)
    with pytest.raises(ConfigError, match="holds other things") as caught:
        ensure_home(tmp_path)
    assert "EXO_HOME" in caught.value.hint
    assert mode(tmp_path) == 0o755


def test_someone_elses_is_refused(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    if os.geteuid() == 0:
        os.chown(home, 1234, 1234)
        link = home
    else:
        link = tmp_path / "link"
        link.symlink_to("/usr")
    for act in (check_home, ensure_home, lambda home: load({"EXO_HOME": str(home)})):
        with pytest.raises(ConfigError, match="belongs to another user"):
            act(link)


def test_a_link_to_a_shared_place_is_not_followed(tmp_path: Path) -> None:
    shared, link = tmp_path / "shared", tmp_path / "link"
    shared.mkdir()
    link.symlink_to(shared)
    for shared_mode in (0o1777, 0o777):
        shared.chmod(shared_mode)
        with pytest.raises(ConfigError, match="other users can write"):
            ensure_home(link)
        with pytest.raises(ConfigError, match="other users can write"):
            load({"EXO_HOME": str(link)})
        assert stat.S_IMODE(shared.stat().st_mode) == shared_mode
        assert not list(shared.iterdir())


def test_tmp_itself_is_refused(tmp_path: Path) -> None:
    shared = tmp_path / "tmp"
    shared.mkdir()
    shared.chmod(0o1777)
    with pytest.raises(ConfigError, match="other users can write"):
        ensure_home(shared)
    assert mode(shared) == 0o1777


def test_a_link_to_a_place_of_ours_is_the_same_home(tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    real.mkdir()
    link.symlink_to(real)
    ensure_home(link)
    assert mode(real) == 0o700
    assert load({"EXO_HOME": str(link)}).home == real == load({"EXO_HOME": str(real)}).home


def test_a_file_a_loop_and_a_closed_door_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")
    for name, message in {"file": "not a folder", "file/home": "Not a directory", "loop": "symbolic links"}.items():
        with pytest.raises(ConfigError, match=message):
            ensure_home(tmp_path / name)
    (tmp_path / "closed").mkdir(mode=0o500)
    code = (
        "import sys; from pathlib import Path; from exocortex.config import ensure_home; ensure_home(Path(sys.argv[1]))"
    )
    jail = ["setpriv", "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs"] if os.geteuid() == 0 else []
    done = subprocess.run(
        [*jail, sys.executable, "-c", code, str(tmp_path / "closed/home")], capture_output=True, text=True, check=False
    )
    assert "ConfigError" in done.stderr
    assert "Permission denied" in done.stderr


def test_looking_at_a_home_creates_nothing(tmp_path: Path) -> None:
    check_home(tmp_path / "home")
    assert load({"EXO_HOME": str(tmp_path / "home")}).home == tmp_path / "home"
    assert not list(tmp_path.iterdir())


def test_the_umask_is_private(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        private_umask()
        (tmp_path / "file").touch()
        (tmp_path / "folder").mkdir()
    finally:
        os.umask(before)
    assert (mode(tmp_path / "file"), mode(tmp_path / "folder")) == (0o600, 0o700)
